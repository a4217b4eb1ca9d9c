/** Invented and hostile findings, as the API would send them. */
import {HOSTILE, uuid} from './pages-hostile.ts'

const scored = (present: number, expected: number) => ({
  present,
  usual: expected,
  expected,
  kind_growth: 1,
  deviations: 2 * (Math.sqrt(present) - Math.sqrt(expected)),
})

const changeOf = (i: number) => ({
  stream: i === 0 ? 'engagement' : 'orders',
  metric: i === 0 ? 'plays' : 'lines',
  dimension: i === 2 ? null : 'device',
  value: i === 1 ? null : i === 2 ? null : HOSTILE.script,
  ...scored(i === 0 ? 80 : 900, 600),
  impact: i === 0 ? -0.5 : 0.3,
  text: `plays of engagement, device ${HOSTILE.script}: 80`,
})

const day = (i: number) => new Date(Date.now() - (27 - i) * 86_400_000).toISOString().slice(0, 10)

export const INSIGHT_ROUTES: readonly (readonly [RegExp, () => unknown])[] = [
  [
    /^\/v1\/insight\/changes$/,
    () => ({
      span: 'day',
      from: '2026-01-30T12:00:00.000000Z',
      to: '2026-01-31T12:00:00.000000Z',
      items: Array.from({length: 3}, (_, i) => changeOf(i)),
    }),
  ],
  [
    /^\/v1\/insight\/rising$/,
    () => ({
      stream: 'engagement',
      metric: 'plays',
      by: 'content_id',
      compared: 200,
      items: Array.from({length: 3}, (_, i) => ({
        key: uuid(i + 1),
        title: i === 0 ? HOSTILE.rtl : `Content ${i}`,
        kind: 'video',
        ...scored(900, 300),
      })),
    }),
  ],
  [
    /^\/v1\/insight\/cohorts$/,
    () => ({
      stream: 'activity',
      metric: 'activities',
      by: 'user_id',
      cohorts: Array.from({length: 12}, (_, i) => ({
        week: day(i * 2),
        users: 100,
        active: Array.from({length: 12 - i}, (__, n) => 100 - 8 * n),
      })),
      standing: {new: 12, active: 340, reactivated: 3, at_risk: 20, churned: 88},
      leaving: [
        {user: HOSTILE.script, last_week: day(3), weeks: 7, count: 120},
        {user: HOSTILE.rtl, last_week: day(3), weeks: 2, count: 9},
      ],
    }),
  ],
  [
    /^\/v1\/insight\/active-users$/,
    () => ({
      stream: 'engagement',
      metric: 'unique_viewers',
      items: Array.from({length: 28}, (_, i) => ({
        day: day(i),
        daily: 100 + i,
        weekly: 400 + i,
        monthly: 900 + i,
        stickiness: (100 + i) / (900 + i),
      })),
    }),
  ],
]
