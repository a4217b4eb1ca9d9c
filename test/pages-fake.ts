/**
 * A server with invented figures, to look at the pages without the pipeline:
 * `node test/pages-fake.ts [port]` after `node scripts/build-dashboard.ts`. Its texts are hostile.
 */
import {readFile} from 'node:fs/promises'
import {createServer, type Server, type ServerResponse} from 'node:http'
import {extname, join} from 'node:path'
import {PAGES_CSP} from '../api/plugins/pages.ts'

const DIST = new URL('../dashboard/dist/', import.meta.url).pathname
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

const uuid = (n: number): string => `${String(n).repeat(8).slice(0, 8)}-1111-4111-8111-111111111111`
export const HOSTILE = {
  script: '<script>window.hacked = 1</script><img src=x onerror="window.hacked=1">',
  long: `A title without an end ${'verylongword'.repeat(30)}`,
  rtl: 'العنوان من اليمين إلى اليسار \u202Eabc',
  emoji: '👩‍👩‍👧‍👦 Family 🎧 podcast',
}
const TITLES = [
  'Daily News – Episode 1',
  'Deep Dive: Databases',
  HOSTILE.script,
  HOSTILE.long,
  HOSTILE.rtl,
  HOSTILE.emoji,
  'The Morning Brief',
]
const contents = TITLES.map((title, i) => ({
  id: uuid(i + 1),
  slug: `content-${i + 1}`,
  title,
  content_type: ['podcast', 'video', 'newsletter'][i % 3]!,
  length_seconds: i === 2 ? null : 1800 + i * 60,
  publish_ts: '2026-11-01T08:00:00.000000Z',
}))
const wave = (t: number, base: number, swing: number): number =>
  Math.max(0, base + swing * Math.sin(t / 90) + swing * 0.3 * Math.sin(t / 13))
const meta = () => ({
  source: 'redis',
  newest_event_at: new Date().toISOString(),
  age_ms: 40,
  notes: [],
})

const point = (ms: number) => ({
  at: new Date(ms).toISOString(),
  events_per_second: wave(ms / 1000, 900, 250),
  active_users: Math.round(wave(ms / 1000 + 50, 4200, 800)),
  page_views_per_second: wave(ms / 1000, 120, 40),
  engagement_seconds_per_second: wave(ms / 1000, 14_000, 5000),
  latency_ms_p50: wave(ms / 1000, 38, 6),
  latency_ms_p99: wave(ms / 1000 + 20, 90, 30),
})
let views = 1_234_567
const platform = () => ({
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
const metrics = (scale: number) => ({
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

function series(query: URLSearchParams): unknown {
  const step = STEP[(query.get('granularity') ?? 'hour') as keyof typeof STEP]
  const to = Math.ceil(Date.now() / step) * step
  const count = Math.round((SPAN[query.get('period') ?? '24h'] ?? 8.64e7) / step)
  const buckets = Array.from({length: count}, (_, i) => {
    const start = to - (count - i) * step
    return {
      start: new Date(start).toISOString(),
      end: new Date(start + step).toISOString(),
      metrics: metrics(wave(i * 30, 0.02, 0.015)),
    }
  })
  return {granularity: query.get('granularity'), buckets, meta: meta()}
}
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
const activity = Array.from({length: 12}, (_, i) => ({
  event_id: 500 - i,
  user_id: 'u1',
  activity_type: ['page_view', 'login', HOSTILE.script][i % 3],
  occurred_at: new Date(Date.now() - i * 60_000).toISOString(),
  metadata:
    i % 3 === 0 ? {page: '/home'} : {note: [HOSTILE.rtl, HOSTILE.emoji, HOSTILE.long][i % 3]},
}))
const messages = Array.from({length: 25}, (_, i) => ({
  partition: i % 6,
  offset: 4000 - i,
  timestamp: new Date(Date.now() - i * 300).toISOString(),
  key: i === 3 ? null : uuid((i % 7) + 1),
  value:
    i === 2
      ? null
      : {
          event_id: 9000 - i,
          content_id: uuid(1),
          event_type: 'play',
          device: i === 4 ? HOSTILE.script : 'ios',
          op: 'c',
          outbox_id: 77_000 - i,
          before: null,
        },
  schema_id: i === 2 ? null : 3,
  error: i === 2 ? 'does not begin with the frame of the registry' : null,
  headers: {traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'},
  value_bytes: 118,
  raw: Buffer.from(`\0\0\0\0\u0003${'engagement event bytes '.repeat(5)}`).toString('base64'),
}))
const TOPICS = ['engagement_events', 'content', 'user_activity']
const partitions = TOPICS.flatMap(topic =>
  Array.from({length: 6}, (_, partition) => ({
    topic,
    partition,
    committed: 4000,
    end: 4000 + (partition === 4 ? 2300 : partition),
    lag: partition === 4 ? 2300 : partition,
  })),
)
const service = (name: string, port: number, ready: boolean | null) => ({
  name,
  url: `http://127.0.0.1:${port}`,
  ready,
  reasons: ready === true ? [] : ['lane 2 waits for the sends of its last owner'],
  details: {flush_ms: 12, checkpoint_ms: 85, partitions: 6},
})
const pipeline = {
  outbox: {unpublished: 12, oldest_seconds: 0.03},
  lanes: [0, 1].map(lane => ({
    lane,
    lanes: 2,
    epoch: '1763712000000001',
    owner: 'relay-1',
    updated_at: new Date().toISOString(),
  })),
  partitions,
  lag_records: 2345,
  stores: ['postgresql', 'kafka', 'registry', 'cassandra', 'redis'].map(name => ({
    name,
    ok: true,
    milliseconds: 2.4,
  })),
  services: [service('ingestor', 3001, false), service('processor', 3002, true)],
  dead_letters: {
    outbox: 1,
    topics: 2,
    share: {hour: {outbox: 0.0001, topics: 0.002}, day: {outbox: 0, topics: null}},
  },
  reconciliations: ['engagement', 'activity'].map((stream, i) => ({
    stream,
    scope: i === 0 ? 'all' : `key ${HOSTILE.script}`,
    finished_at: new Date(Date.now() - 7.2e6).toISOString(),
    keys: 12_000,
    differences: i * 3,
    undecided: 0,
    repaired: 0,
  })),
}
const verdict = {
  healthy: false,
  state: 'unhealthy',
  findings: [
    {
      code: 'partition-standing',
      severity: 'error',
      what: 'Partition engagement_events/4 stands still.',
      detail: `the record where it was left is that of ${HOSTILE.script}`,
      todo: 'Look up the cause in the table of the runbook.',
      runbook: 'docs/RUNBOOK.md#partition-standing',
    },
    {
      code: 'dead-letters',
      severity: 'error',
      what: 'Nobody has decided about 3 dead letters.',
      detail: null,
      todo: 'Look at them, then re-drive or discard each.',
      runbook: 'docs/RUNBOOK.md#dead-letters',
    },
    {
      code: 'service-warns',
      severity: 'warning',
      what: 'The processor has a warning about redis.',
      detail: HOSTILE.long,
      todo: 'Everything flows; mend what it says when there is time.',
      runbook: 'docs/RUNBOOK.md#service-warns',
    },
  ],
}
const schemaText = (extra: readonly string[]) => ({
  type: 'record',
  name: 'engagement_event',
  fields: ['event_id', 'content_id', 'user_id', ...extra].map(name => ({name, type: 'string'})),
})
const trace = {
  stream: 'engagement',
  event_id: 7,
  commit_to_visible_ms: 41,
  stages: [
    {
      stage: 'postgresql',
      found: true,
      at: '2026-11-21T08:00:00.000100Z',
      note: null,
      data: events[2],
    },
    {stage: 'outbox', found: false, at: null, note: 'its slot was rotated', data: null},
    {
      stage: 'kafka',
      found: true,
      at: '2026-11-21T08:00:00.012000Z',
      note: 'engagement_events, partition 4, offset 3991',
      data: messages[4],
    },
    {
      stage: 'cassandra',
      found: true,
      at: '2026-11-21T08:00:00.041000Z',
      note: null,
      data: {offset: 3991},
    },
    {stage: 'redis', found: null, at: null, note: 'does not answer: timeout', data: null},
  ],
}
const letters = ['RULE_BROKEN', 'RECORD_TOO_LARGE'].map((reason, i) => ({
  id: i === 0 ? 'engagement_events:4:17' : 'outbox:812',
  origin: i === 0 ? 'topic' : 'outbox',
  topic: 'engagement_events',
  key: uuid(2),
  reason,
  message: `cannot be applied: ${HOSTILE.script}`,
  failed_at: new Date().toISOString(),
  resolution: i === 0 ? null : 'redriven',
  resolved_at: i === 0 ? null : new Date().toISOString(),
  attempts: i,
  next_try_at: null,
}))
const groups = letters.map(({origin, topic, reason}, i) => {
  return {origin, topic, reason, open: i === 0 ? 250 : 0, resolved: i}
})
const page = {limit: 50, next_cursor: null}

/** First match answers. */
const ROUTES: readonly (readonly [
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
    (_, match) => ({
      content: contents.find(c => c.id === match[1]),
      metrics: metrics(match[1] === uuid(1) ? 1 : 0.4),
      meta: meta(),
    }),
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
    /^\/v1\/content\/[^/]+\/retention$/,
    () => ({
      basis: 'watched_from_0',
      length_seconds: 1800,
      plays: 900,
      points: Array.from({length: 100}, (_, i) => ({
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
    () => ({
      items: messages,
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

function sendLive(path: string, response: ServerResponse): void {
  response.writeHead(200, {'content-type': 'text/event-stream', 'cache-control': 'no-store'})
  const send = (event: string, data: unknown): unknown =>
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  const id = path.split('/').at(-1)
  const tick = (): void => {
    if (path.includes('/content/')) {
      send('content', {content: contents.find(c => c.id === id), metrics: metrics(1), meta: meta()})
    } else if (path.endsWith('/activity')) {
      send('activity', {
        value: {
          ...activity[0],
          event_id: Math.floor(Date.now() / 1000),
          user_id: HOSTILE.emoji,
          occurred_at: Date.now() * 1000,
          op: 'c',
        },
      })
    } else send('platform', platform())
  }
  if (path.endsWith('/platform')) {
    const points = Array.from({length: 180}, (_, i) => point(Date.now() - (180 - i) * 10_000))
    send('history', {step_seconds: 10, points})
  }
  tick()
  const timer = setInterval(tick, 1000)
  response.on('close', () => clearInterval(timer))
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const name = path === '/' ? 'index.html' : path.slice(1)
  const type = TYPES[extname(name)]
  const body =
    type === undefined || name.includes('..')
      ? undefined
      : await readFile(join(DIST, name)).catch(() => undefined)
  if (body === undefined || type === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, {'content-type': type, 'content-security-policy': PAGES_CSP}).end(body)
}

/** Starts the server; port 0 takes a free one. */
export async function startFakeApi(
  port = 0,
): Promise<{readonly url: string; readonly server: Server}> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname.startsWith('/v1/live/')) return sendLive(url.pathname, response)
    for (const [pattern, answer] of ROUTES) {
      const match = pattern.exec(url.pathname)
      if (match === null) continue
      response.writeHead(200, {'content-type': 'application/json'})
      response.end(JSON.stringify(answer(url.searchParams, match)))
      return
    }
    void sendFile(url.pathname, response)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {url: `http://127.0.0.1:${bound}`, server}
}

if (import.meta.main) {
  const {url} = await startFakeApi(Number(process.argv[2] ?? 21_700))
  console.log(`pages with invented figures: ${url}`)
}
