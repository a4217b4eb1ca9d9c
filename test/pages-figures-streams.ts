/** Invented streams for the pages, as the API would send them: ordinary ones, and hostile ones. */
import {buckets, meta, wave} from './pages-figures.ts'
import {HOSTILE} from './pages-hostile.ts'

type Figures = Readonly<Record<string, number | string | boolean | null>>

const LEVELS = ['minute', 'hour', 'day', 'total']
const HARD_NAME = '"; DROP TABLE orders; --'
/** Keys that an address, a form or a table could break at. */
export const HARD_KEYS = [
  ['a/b?c=d&e#f%20'],
  [null],
  ['(none)'],
  [''],
  ['"; DROP'],
  [HOSTILE.script],
  [HOSTILE.rtl],
  [HOSTILE.emoji],
  ['k'.repeat(1024)],
] as const

const rollup = (
  by: string,
  columns: readonly string[],
  more: Partial<{
    splits: readonly string[]
    levels: readonly string[]
    metrics: readonly string[]
  }> = {},
) => ({by, columns, splits: [], levels: LEVELS, metrics: METRICS, ...more})
const METRICS = [
  'orders',
  'revenue',
  'average',
  'customers',
  'first_at',
  'state',
  'is_open',
  'none',
]

const stream = (name: string, more: object) => ({
  stream: name,
  table: `public.${name}`,
  topic: name,
  key: 'customer_id',
  id: 'id',
  time: 'ordered_at',
  rollups: [rollup('all', [])],
  top: [],
  active: [],
  ...more,
})

export const STREAMS = [
  stream('engagement', {
    table: 'public.engagement_events',
    topic: 'engagement_events',
    key: 'content_id',
    id: 'event_id',
    time: 'event_ts',
    rollups: [rollup('content_id', ['content_id'], {splits: ['device']}), rollup('all', [])],
  }),
  stream('activity', {table: 'public.activity_events', topic: 'user_activity', key: 'user_id'}),
  stream('orders', {
    rollups: [
      rollup('customer_id', ['customer_id'], {splits: ['state']}),
      rollup('region_shop', ['region', 'shop'], {levels: ['day', 'total']}),
      rollup('all', [], {splits: ['state', 'channel']}),
    ],
    top: [{by: 'customer_id', seconds: 600, metrics: ['orders', 'revenue']}],
    active: [{of: 'customer_id', seconds: 300}],
  }),
  stream('hostile', {
    table: `public.${HOSTILE.long}`,
    key: HARD_NAME,
    id: '__proto__x',
    time: null,
    rollups: [
      rollup(HARD_NAME, [HARD_NAME], {splits: [HARD_NAME, HOSTILE.rtl]}),
      ...Array.from({length: 99}, (_, i) => rollup(`by_${i}_${'x'.repeat(i)}`, [`column_${i}`])),
      rollup('all', [], {metrics: [HARD_NAME, HOSTILE.emoji, ...METRICS]}),
    ],
  }),
  stream('totals', {
    rollups: [
      rollup('all', [], {levels: ['total']}),
      rollup('page', ['page'], {levels: ['total']}),
    ],
  }),
  stream('hourly', {
    rollups: [rollup('all', [], {levels: ['hour', 'day', 'total'], splits: ['state']})],
  }),
  stream('keyed', {rollups: [rollup('customer_id', ['customer_id'], {levels: ['day', 'total']})]}),
  stream('bare', {rollups: []}),
]

const problem = (status: number, title: string, detail: string): Response =>
  Response.json({title, detail}, {status})

/** Of a share of all: decimals as text, one below nothing, times, texts, and nothing known. */
const figures = (share: number): Figures => ({
  orders: Math.round(48_210 * share),
  revenue: share === 0 ? '0.00' : `-12345678901234567.${String(Math.round(share * 89) + 10)}`,
  average: share === 0 ? null : 2 / 3,
  customers: Math.round(9800 * share),
  first_at: share === 0 ? null : '2026-01-31T12:00:00.000000Z',
  state: share === 0 ? null : HOSTILE.script,
  is_open: share === 0 ? null : true,
  none: null,
  [HARD_NAME]: Math.round(7 * share),
  [HOSTILE.emoji]: share,
})

interface Asked {
  readonly rollup: (typeof STREAMS)[number]['rollups'][number]
  readonly key: readonly (string | null)[]
}

/** Which row is asked for; a refusal in the words of the API. */
function askedOf(
  [path, name]: RegExpExecArray,
  query: URLSearchParams,
): Asked | Response | undefined {
  const isSeries = path.endsWith('/timeseries')
  const found = STREAMS.find(one => one.stream === name)
  if (found === undefined) return undefined
  const by = query.get('by')
  const chosen = found.rollups.find(one => (by === null ? one.columns.length === 0 : one.by === by))
  const refused = (detail: string): Response => problem(422, 'That cannot be answered', detail)
  if (chosen === undefined) return refused(`${name} is not counted by ${by}`)
  const key = query
    .getAll('key')
    .map(text => (text === '(none)' ? null : text.replace(/^\(\(/, '(')))
  if (key.length !== chosen.columns.length && query.get('metric') === null)
    return refused(`the rollup ${chosen.by} has a key of ${chosen.columns.length}`)
  const period = query.get('period')
  if (chosen.levels.length === 1 && period !== null && period !== 'all')
    return refused(`by ${chosen.by} only totals are kept: leave the period out`)
  // Minutes ago is no start of a stored bucket; series begin with one by themselves.
  if (/\d[hm]$/.test(period ?? '') && !isSeries && !chosen.levels.includes('minute'))
    return refused(`now less ${period} is not the start of a ${chosen.levels[0]} in UTC`)
  return {rollup: chosen, key}
}

/** Nobody has this key. */
export const UNKNOWN_KEY = 'nobody'
const shareOf = ({key}: Asked, query: URLSearchParams): number => {
  if (key[0] === UNKNOWN_KEY) return 0
  return query.has('period') || query.has('from') ? 0.2 : 1
}

const answerOf =
  (answer: (asked: Asked, query: URLSearchParams, match: RegExpExecArray) => object) =>
  (query: URLSearchParams, match: RegExpExecArray): unknown => {
    const asked = askedOf(match, query)
    if (asked === undefined || asked instanceof Response) return asked
    return {...answer(asked, query, match), meta: meta()}
  }

const events = (name: string, query: URLSearchParams) => {
  const {id, time, key} = STREAMS.find(one => one.stream === name)!
  const page = Number(query.get('cursor') ?? 0)
  const limit = Number(query.get('limit') ?? 50)
  return Array.from({length: query.get('key') === UNKNOWN_KEY ? 0 : limit}, (_, i) => ({
    ...(time === null
      ? {}
      : {[time]: new Date(Date.now() - (page * limit + i) * 4000).toISOString()}),
    [key]: query.get('key'),
    [id]: i === 1 ? 'sku/9:1 x' : 90_210 - page * limit - i,
    amount: i === 3 ? null : `${1000 - i}.10`,
    state: ['paid', 'refunded', HOSTILE.script, HOSTILE.rtl, ''][i % 5],
    lines: {items: [{sku: HOSTILE.emoji, count: 2}], note: null},
    [HARD_NAME]: HOSTILE.long,
    late: i % 2 === 0,
    enriched_region: null,
  }))
}

/** What `GET /v1/streams/...` answers; `undefined`: there is no such thing. */
export const STREAM_ROUTES: readonly (readonly [
  RegExp,
  (query: URLSearchParams, match: RegExpExecArray) => unknown,
])[] = [
  [/^\/v1\/streams$/, () => ({items: STREAMS})],
  [
    /^\/v1\/streams\/([^/]+)\/metrics$/,
    answerOf((asked, query) => ({key: asked.key, metrics: figures(shareOf(asked, query))})),
  ],
  [
    /^\/v1\/streams\/([^/]+)\/timeseries$/,
    answerOf((asked, query) => ({
      granularity: query.get('granularity'),
      buckets: buckets(query, i => figures(shareOf(asked, query) * wave(i * 30, 0.02, 0.015))),
    })),
  ],
  [
    /^\/v1\/streams\/([^/]+)\/breakdown\/([^/]+)$/,
    answerOf(({rollup: {splits}}, _, match) => {
      const dimension = decodeURIComponent(match[2]!)
      const values = splits.includes(dimension)
        ? ['paid', null, '(other)', HOSTILE.script, HOSTILE.rtl]
        : []
      return {
        dimension,
        items: values.map((value, i) => ({value, metrics: figures(1 / (i + 1))})),
      }
    }),
  ],
  [
    /^\/v1\/streams\/([^/]+)\/top$/,
    answerOf(({rollup: {by, columns}}, query) => {
      const metric = query.get('metric') ?? 'orders'
      const items = HARD_KEYS.map(([part], i) => ({
        rank: i + 1,
        key: columns.map((_, at) => (at === 0 ? part : `shop ${at}`)),
        value: figures(1 / (i + 1))[metric] ?? null,
      }))
      return {by, metric, items}
    }),
  ],
  [
    /^\/v1\/streams\/([^/]+)\/active$/,
    () => ({of: 'customer_id', window_seconds: 300, active: 4321, meta: meta()}),
  ],
  [
    /^\/v1\/streams\/([^/]+)\/events$/,
    (query, match) => {
      const page = Number(query.get('cursor') ?? 0)
      return {
        items: events(match[1]!, query),
        page: {limit: 50, next_cursor: page < 2 ? String(page + 1) : null},
        meta: meta(),
      }
    },
  ],
  [
    /^\/v1\/streams\/([^/]+)\/events\/(.+)$/,
    (query, match) => {
      const {id} = STREAMS.find(one => one.stream === match[1])!
      const wanted = decodeURIComponent(match[2]!)
      if (wanted === 'gone') return undefined
      return {event: {...events(match[1]!, query)[0], [id]: wanted}, meta: meta()}
    },
  ],
]
