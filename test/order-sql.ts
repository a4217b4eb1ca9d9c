/** What plain SQL says of orders: figures, rows of rollups, and stretches of time. */
export type Value = string | number | null
export type Figures = Readonly<Record<string, Value>>

export const RANGES = {
  minute: 'from=2026-04-04T14:20:00Z&to=2026-04-04T15:40:00Z',
  hour: 'from=2026-04-04&to=2026-04-06',
  day: 'from=2026-03-25&to=2026-04-10',
  week: 'from=2026-03-25&to=2026-04-10',
  month: 'from=2026-02-01',
} as const
export type Granularity = keyof typeof RANGES

/** Every measure of the stream. */
export const FIGURES = `count(*)::int AS orders, count(amount)::int AS priced,
  (count(*) FILTER (WHERE status = 'returned'))::int AS returned,
  coalesce(sum(amount), 0)::float8 AS revenue,
  coalesce(sum(amount) FILTER (WHERE status IN ('paid', 'sent')), 0)::float8 AS earned,
  avg(amount)::float8 AS price, stddev_samp(amount)::float8 AS spread,
  min(amount)::float8 AS cheapest, max(amount)::float8 AS dearest,
  to_char(max(placed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_at,
  (array_agg(status::text ORDER BY placed_at DESC, id DESC)
    FILTER (WHERE status IS NOT NULL AND placed_at IS NOT NULL))[1] AS last_status,
  count(DISTINCT buyer)::int AS buyers,
  count(*) FILTER (WHERE status = 'returned') / nullif(count(*), 0)::float8 AS returning,
  (percentile_disc(0.5) WITHIN GROUP (ORDER BY amount))::float8 AS amounts_p50,
  (percentile_disc(0.75) WITHIN GROUP (ORDER BY amount))::float8 AS amounts_p75,
  (percentile_disc(0.9) WITHIN GROUP (ORDER BY amount))::float8 AS amounts_p90,
  (percentile_disc(0.95) WITHIN GROUP (ORDER BY amount))::float8 AS amounts_p95,
  (percentile_disc(0.99) WITHIN GROUP (ORDER BY amount))::float8 AS amounts_p99`
/** Right at once, while others are computed again after a correction. */
export const AT_ONCE = ['orders', 'priced', 'returned', 'revenue', 'earned'] as const

export interface Rollup {
  /** As `by` of a question. */
  readonly by: string
  /** What a row is by, in SQL. */
  readonly columns: readonly string[]
  readonly splits?: Readonly<Record<string, string>>
  readonly where?: string
  /** Of what it has not all. */
  readonly measures?: readonly string[]
  /** Which series cannot be made of what is stored. */
  readonly refuses?: (granularity: Granularity, zone: string) => boolean
}

const SPLIT_PRODUCT = `CASE WHEN length(product) > 64 THEN '(other)' ELSE product END`
export const ROLLUPS: readonly Rollup[] = [
  {
    by: 'shop_id',
    columns: ['shop_id'],
    splits: {status: 'status', product: SPLIT_PRODUCT},
  },
  {
    by: 'product',
    columns: ['product'],
    splits: {'shop.region': 'region_then'},
    refuses: granularity => granularity === 'minute',
  },
  {
    by: 'shop.region_status',
    columns: ['region_then', 'status'],
    refuses: (granularity, zone) =>
      granularity === 'minute' || zone === 'Asia/Kolkata' || zone === 'Australia/Lord_Howe',
  },
  {
    by: 'buyer',
    columns: ['buyer'],
    where: 'status IS NOT NULL',
    measures: ['orders', 'revenue'],
    refuses: () => true,
  },
  {by: 'all', columns: [], splits: {status: 'status'}},
]

/** Orders of a row of a rollup, as a condition with parameters from $1 on. */
export function conditionOf({columns, where = 'true'}: Rollup): string {
  const parts = columns.map((column, i) => `${column}::text IS NOT DISTINCT FROM $${i + 1}`)
  return [where, ...parts].join(' AND ')
}

/** Stretches that begin and end with stored buckets, and the same in SQL. */
export const APRIL = `placed_at >= '2026-03-29T01:00Z' AND placed_at < '2026-04-04T15:00Z'`
export const HOURS = ['&from=2026-03-29T01:00:00Z&to=2026-04-04T15:00:00Z', APRIL] as const
export const MINUTES = [
  '&from=2026-04-04T14:59:00Z&to=2026-04-05T13:31:00Z',
  `placed_at >= '2026-04-04T14:59Z' AND placed_at < '2026-04-05T13:31Z'`,
] as const
export const WEEK = [
  '&period=7d&timezone=Europe/Berlin',
  `placed_at >= (date_trunc('day', now(), 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin'
     - interval '6 days') AT TIME ZONE 'Europe/Berlin'`,
] as const
export const PERIODS: ReadonlyMap<string, readonly (readonly [string, string])[]> = new Map([
  ['shop_id', [HOURS, MINUTES, WEEK]],
  ['product', [HOURS, WEEK]],
  ['shop.region_status', [HOURS, WEEK]],
  ['all', [HOURS, MINUTES, WEEK]],
])

/** Orders as they are served. */
export const EVENTS = `SELECT id, shop_id, product, status, buyer, amount::text AS amount,
  to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS placed_at,
  region_then AS shop_region FROM orders o`
