/** Invented and hostile alerts, as the API would send them. */
import {HOSTILE, uuid} from './pages-hostile.ts'

const SEVERITIES = ['critical', 'warning', 'info'] as const

const alertOf = (i: number, status: 'open' | 'resolved') => ({
  id: String(100 - i),
  source: i === 1 ? 'anomalies' : uuid(i + 1),
  subject: i === 1 ? 'd1 heat' : HOSTILE.rtl,
  rule: i === 0 ? HOSTILE.script : `rule ${i}`,
  kind: i === 1 ? 'anomaly' : 'above',
  stream: i === 1 ? 'readings' : 'engagement',
  metric: 'plays',
  severity: SEVERITIES[i % 3],
  status,
  value: 90.5,
  expected: 20,
  summary: `plays of engagement of device ${HOSTILE.script} is 90.5 in 5 min: above 20`,
  details:
    i === 1
      ? {
          device: 'd1',
          sensor: 'heat',
          count: 120,
          last_id: '9',
          readings: Array.from({length: 3}, (_, n) => ({
            id: String(n),
            value: n === 2 ? null : 90.5,
            at: new Date(Date.now() - n * 1000).toISOString(),
            why: n === 2 ? 'broken' : 'spike',
            expected: 20.125,
          })),
        }
      : {},
  channels: ['pager'],
  opened_at: new Date(Date.now() - 90_000 - i * 60_000).toISOString(),
  resolved_at: status === 'open' ? null : new Date(Date.now() - 30_000).toISOString(),
  resolution: status === 'open' ? null : 'recovered',
  seconds: status === 'open' ? null : 60 + i,
  acknowledged_at: i === 2 ? new Date().toISOString() : null,
  acknowledged_by: i === 2 ? 'abcdefgh' : null,
  muted_until: i === 3 ? new Date(Date.now() + 3_600_000).toISOString() : null,
})

const open = Array.from({length: 5}, (_, i) => alertOf(i, 'open'))
const resolved = Array.from({length: 5}, (_, i) => alertOf(i, 'resolved'))

/** The message of the stream. */
export const liveAlerts = {open, resolved}

const ruleOf = (i: number) => ({
  id: uuid(i + 1),
  name: i === 0 ? HOSTILE.script : `rule ${i}`,
  stream: 'engagement',
  metric: 'plays',
  dimension: i === 0 ? 'device' : null,
  filters: [],
  kind: i === 1 ? 'absence' : 'above',
  threshold: i === 1 ? null : 20,
  direction: 'both',
  window_minutes: 5,
  days: 7,
  open_after_seconds: 30,
  resolve_after_seconds: 30,
  severity: SEVERITIES[i % 3],
  channels: ['pager'],
  muted_until: i === 3 ? new Date(Date.now() + 3_600_000).toISOString() : null,
  created_at: '2026-01-31T12:00:00.000000Z',
  changed_at: '2026-01-31T12:00:00.000000Z',
  judged_at: i === 2 ? null : '2026-01-31T12:00:00.000000Z',
  not_judged: i === 0 ? `there are no numbers of ${HOSTILE.emoji} now` : null,
  open: i,
})

const channelOf = (i: number) => ({
  name: `channel-${i}`,
  kind: i === 1 ? 'mail' : 'webhook',
  address: i === 0 ? `https://example.com/${HOSTILE.script}` : 'operators@example.com',
  created_at: '2026-01-31T12:00:00.000000Z',
  failures: i === 0 ? 3 : 0,
  retry_at: i === 0 ? '2026-01-31T12:00:00.000000Z' : null,
  waiting: i === 0 ? 12 : 0,
  dead: i === 1 ? 2 : 0,
})

const letterOf = (i: number) => ({
  id: String(9 - i),
  channel: 'channel-1',
  message_id: `alert_${i}_opened`,
  state: 'dead',
  attempts: 5,
  queued_at: '2026-01-31T12:00:00.000000Z',
  finished_at: '2026-01-31T12:05:00.000000Z',
  error: `it answers 400: ${HOSTILE.script}`,
})

export const ALERT_ROUTES: readonly (readonly [RegExp, () => unknown])[] = [
  [/^\/v1\/alerts$/, () => ({items: resolved, page: {limit: 50, next_cursor: null}})],
  [/^\/v1\/alerts\/channels$/, () => ({items: Array.from({length: 3}, (_, i) => channelOf(i))})],
  [
    /^\/v1\/alerts\/deliveries$/,
    () => ({
      items: Array.from({length: 2}, (_, i) => letterOf(i)),
      page: {limit: 50, next_cursor: null},
    }),
  ],
  [/^\/v1\/alerts\/rules$/, () => ({items: Array.from({length: 4}, (_, i) => ruleOf(i))})],
]
