/** Invented figures for the pages, as the API would send them. Their texts are hostile. */
import {
  find,
  groups,
  letters,
  partitions,
  pipeline,
  schemaText,
  TOPICS,
  trace,
  verdict,
} from './pages-figures-pipeline.ts'
import {HOSTILE, uuid} from './pages-hostile.ts'

const TITLES = [
  'Daily News – Episode 1',
  'Deep Dive: Databases',
  HOSTILE.script,
  HOSTILE.long,
  HOSTILE.rtl,
  HOSTILE.emoji,
  'The Morning Brief',
  // Nothing to click on, unless the pages call it otherwise.
  '',
]
export const contents = TITLES.map((title, i) => ({
  id: uuid(i + 1),
  slug: `content-${i + 1}`,
  title,
  content_type: ['podcast', 'video', 'newsletter'][i % 3]!,
  length_seconds: i === 2 ? null : 1800 + i * 60,
  publish_ts: '2026-11-01T08:00:00.000000Z',
}))
export const wave = (t: number, base: number, swing: number): number =>
  Math.max(0, base + swing * Math.sin(t / 90) + swing * 0.3 * Math.sin(t / 13))
export const meta = () => ({
  source: 'redis',
  newest_event_at: new Date().toISOString(),
  age_ms: 40,
  notes: [],
})

export const point = (ms: number) => ({
  at: new Date(ms).toISOString(),
  events_per_second: wave(ms / 1000, 900, 250),
  active_users: Math.round(wave(ms / 1000 + 50, 4200, 800)),
  page_views_per_second: wave(ms / 1000, 120, 40),
  engagement_seconds_per_second: wave(ms / 1000, 14_000, 5000),
  latency_ms_p50: wave(ms / 1000, 38, 6),
  latency_ms_p99: wave(ms / 1000 + 20, 90, 30),
})
let views = 1_234_567
export const platform = () => ({
  ...point(Date.now()),
  page_views: (views += 117),
  top: contents.map((content, i) => ({
    rank: i + 1,
    content,
    value: Math.round(90_000 / (i + 1)),
  })),
  pages: [
    '/home',
    '/podcasts/daily-news',
    HOSTILE.script,
    HOSTILE.rtl,
    `/${HOSTILE.long}`,
    '/about',
  ].map((page, i) => ({
    page,
    views: Math.round(views / (i + 2)),
  })),
  meta: meta(),
})
export const metrics = (scale: number) => ({
  events: Math.round(48_210 * scale),
  plays: Math.round(21_004 * scale),
  pauses: Math.round(9100 * scale),
  finishes: Math.round(13_800 * scale),
  clicks: Math.round(4306 * scale),
  events_with_duration: Math.round(40_000 * scale),
  engagement_seconds: 8_400_000 * scale,
  engagement_seconds_avg: 210,
  engagement_pct_sum: 4666 * scale,
  engagement_pct_avg: 0.617,
  completion_rate: scale === 0 ? null : 0.657,
  unique_viewers: Math.round(9800 * scale),
  engagement_seconds_p50: 122,
  engagement_seconds_p75: 410,
  engagement_seconds_p90: 1203,
  engagement_seconds_p95: 1604,
  engagement_seconds_p99: 1795,
  first_event_at: null,
  last_event_at: null,
})
const STEP = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_629_800_000,
}
const SPAN: Readonly<Record<string, number>> = {
  '60m': 3.6e6,
  '24h': 8.64e7,
  '7d': 6.048e8,
  '30d': 2.592e9,
  '90d': 7.776e9,
  '12mo': 3.156e10,
}

/** Those of the period, each with its figures. */
export function buckets(
  query: URLSearchParams,
  figuresAt: (index: number) => unknown,
): readonly object[] {
  const step = STEP[(query.get('granularity') ?? 'hour') as keyof typeof STEP]
  const to = Math.ceil(Date.now() / step) * step
  const count = Math.round((SPAN[query.get('period') ?? '24h'] ?? 8.64e7) / step)
  return Array.from({length: count}, (_, i) => {
    const start = to - (count - i) * step
    return {
      start: new Date(start).toISOString(),
      end: new Date(start + step).toISOString(),
      metrics: figuresAt(i),
    }
  })
}

const series = (query: URLSearchParams): unknown => ({
  granularity: query.get('granularity'),
  buckets: buckets(query, i => metrics(wave(i * 30, 0.02, 0.015))),
  meta: meta(),
})
const events = Array.from({length: 20}, (_, i) => ({
  event_id: 90_210 - i,
  content_id: uuid(1),
  user_id: i % 4 === 0 ? null : uuid(7),
  event_type: ['play', 'pause', 'finish', 'click'][i % 4],
  event_ts: new Date(Date.now() - i * 4000).toISOString(),
  duration_ms: i % 4 === 3 ? null : 30_000 * i,
  device: ['ios', 'android', HOSTILE.script, HOSTILE.rtl, null][i % 5],
  raw_payload: null,
  engagement_seconds: i % 4 === 3 ? null : 30 * i,
  engagement_pct: i % 4 === 3 ? null : i / 60,
}))
export const activity = Array.from({length: 12}, (_, i) => ({
  event_id: 500 - i,
  user_id: 'u1',
  activity_type: ['page_view', 'login', HOSTILE.script][i % 3],
  occurred_at: new Date(Date.now() - i * 60_000).toISOString(),
  metadata:
    i % 3 === 0 ? {page: '/home'} : {note: [HOSTILE.rtl, HOSTILE.emoji, HOSTILE.long][i % 3]},
}))
const page = {limit: 50, next_cursor: null}

/** First match answers; undefined: there is no such thing. */
export const ROUTES: readonly (readonly [
  RegExp,
  (query: URLSearchParams, match: RegExpExecArray) => unknown,
])[] = [
  [/^\/v1\/session$/, () => ({id: 'open', scopes: ['read', 'write', 'admin'], by: 'open'})],
  [
    /^\/v1\/content$/,
    query => ({
      items: contents.filter(c =>
        c.title.toLowerCase().includes((query.get('search') ?? '').toLowerCase()),
      ),
      page,
      meta: meta(),
    }),
  ],
  [
    /^\/v1\/content\/([^/]+)\/metrics$/,
    (_, match) => {
      const content = contents.find(c => c.id === match[1])
      if (content === undefined) return undefined
      return {content, metrics: metrics(match[1] === uuid(1) ? 1 : 0.4), meta: meta()}
    },
  ],
  [/^\/v1\/content\/[^/]+\/timeseries$/, series],
  [
    /^\/v1\/content\/[^/]+\/breakdowns\/device$/,
    () => ({
      dimension: 'device',
      items: ['ios', 'android', 'web', HOSTILE.script, null].map((value, i) => ({
        value,
        metrics: metrics(1 / (i + 1)),
      })),
    }),
  ],
  [
    /^\/v1\/content\/[^/]+\/breakdowns\/event_type$/,
    () => ({
      dimension: 'event_type',
      items: ['play', 'finish', 'pause', 'click'].map((value, i) => ({
        value,
        metrics: metrics(1 / (i + 1)),
      })),
    }),
  ],
  [
    /^\/v1\/content\/[^/]+\/retention\/typical$/,
    () => ({
      contents: 12,
      relative: 1.18,
      points: Array.from({length: 100}, (_, i) => ({
        seconds: i * 18,
        elapsed_ratio: i / 100,
        audience_watch_ratio: Math.exp(-i / 80),
        typical_watch_ratio: Math.exp(-i / 60),
      })),
    }),
  ],
  [
    /^\/v1\/content\/[^/]+\/retention$/,
    () => ({
      basis: 'watched_from_0',
      length_seconds: 1800,
      plays: 900,
      drop_offs: [
        {
          from_ratio: 0.62,
          to_ratio: 0.63,
          from_seconds: 1116,
          to_seconds: 1134,
          left: 240,
          share: 0.27,
        },
      ],
      key_moments: [
        {
          from_ratio: 0.4,
          to_ratio: 0.46,
          from_seconds: 720,
          to_seconds: 828,
          extra: 120,
          share: 0.13,
        },
      ],
      points: Array.from({length: 100}, (_, i) => ({
        seconds: i * 18,
        elapsed_ratio: i / 99,
        audience: 900,
        audience_watch_ratio: Math.exp(-i / 80) * (1 + 0.05 * Math.sin(i / 7)),
      })),
    }),
  ],
  [/^\/v1\/content\/[^/]+\/events$/, () => ({items: events, page, meta: meta()})],
  [
    /^\/v1\/users\/[^/]+\/stats$/,
    () => ({
      user_id: 'u1',
      activities: 1204,
      by_type: {page_view: 1000, login: 200, [HOSTILE.script]: 4},
      last_seen_at: new Date().toISOString(),
    }),
  ],
  [
    /^\/v1\/users\/[^/]+\/sessions$/,
    () => ({
      items: Array.from({length: 3}, (_, i) => ({
        started_at: new Date(Date.now() - (i + 1) * 7_200_000).toISOString(),
        ended_at: new Date(Date.now() - (i + 1) * 7_100_000).toISOString(),
        seconds: 100 * (i + 1),
        activities: i + 1,
        page_views: i,
        pages: i,
        entry_page: i === 0 ? null : HOSTILE.script,
        exit_page: i === 0 ? null : '/end',
        is_bounce: i === 1,
        is_cut: false,
      })),
      page,
    }),
  ],
  [/^\/v1\/users\/[^/]+\/activity$/, () => ({items: activity, page})],
  [
    /^\/v1\/users\/[^/]+\/days$/,
    () => ({
      items: Array.from({length: 40}, (_, i) => ({
        day: new Date(Date.now() - Math.floor(i / 2) * 8.64e7).toISOString().slice(0, 10),
        activity_type: i % 2 ? 'login' : 'page_view',
        count: 20 + (i % 9),
      })),
    }),
  ],
  [/^\/v1\/admin\/pipeline$/, () => pipeline],
  [/^\/v1\/platform\/health$/, () => verdict],
  [
    /^\/v1\/admin\/topics$/,
    () => ({items: TOPICS.map(topic => ({topic, partitions: 6, records: 24_000}))}),
  ],
  [
    /^\/v1\/admin\/topics\/[^/]+\/messages$/,
    query => ({
      items: find(query),
      partitions: partitions.slice(0, 6).map(p => ({partition: p.partition, begin: 0, end: p.end})),
      incomplete: false,
    }),
  ],
  [
    /^\/v1\/admin\/topics\/[^/]+$/,
    () => ({
      topic: TOPICS[0],
      partitions: partitions.slice(0, 6).map(p => ({partition: p.partition, begin: 0, end: p.end})),
      config: {'cleanup.policy': 'delete', 'retention.ms': '-1'},
      subject: null,
    }),
  ],
  [/^\/v1\/admin\/backfills$/, () => ({items: []})],
  [/^\/v1\/admin\/groups$/, () => ({items: [{group: 'processor', lag: 2345, partitions}]})],
  [
    /^\/v1\/admin\/schemas$/,
    () => ({items: TOPICS.map(topic => ({subject: `${topic}-value`, versions: [1, 2]}))}),
  ],
  [
    /^\/v1\/admin\/schemas\/[^/]+$/,
    () => ({
      subject: 'engagement_events-value',
      versions: [
        {version: 1, id: 1, schema: schemaText(['os'])},
        {version: 2, id: 3, schema: schemaText(['device'])},
      ],
    }),
  ],
  [/^\/v1\/admin\/dead-letters$/, () => ({items: letters, matching: 250, groups})],
  [/^\/v1\/admin\/dead-letters\/[^/]+$/, () => ({...letters[0], payload: {device: HOSTILE.rtl}})],
  [/^\/v1\/admin\/trace\//, () => trace],
]
