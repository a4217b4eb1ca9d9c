/** What is compared, and how differences are told. */
import {PERCENTS} from '../../contracts/measures.ts'
import type {Level, Stream} from '../../contracts/stream.ts'
import type {Queryable, SqlCondition, TruthValue} from '../../db/truth/truth.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {Redis} from '../../platform/redis.ts'
import {createLiveReads, type LiveReads} from '../../readmodel/live-reads.ts'
import {createPartReader} from '../../readmodel/parts.ts'
import {planStream, type StatesPlan, type StreamPlan} from '../../readmodel/plan.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {createStreamReads, type StreamReads} from '../../readmodel/stream-reads.ts'

/** Where something is compared: enough to compare that alone again. */
export type Place =
  | {
      readonly kind: 'rollup'
      /** Its place in the declaration. */
      readonly rollup: number
      readonly key: string
      readonly level: Level
      /** Seconds since 1970; 0 in total. */
      readonly start: number
    }
  | {readonly kind: 'hash'; readonly rollup: number; readonly key: string}
  | {readonly kind: 'event'; readonly id: string}
  | {readonly kind: 'stray'; readonly id: string; readonly partition: number}
  /**
   * Events of a key in a slice of time that begins then; null: those without a time. With a range only what lies
   * in it, seconds since 1970.
   */
  | {
      readonly kind: 'list'
      readonly key: string
      readonly from: number | null
      readonly range?: TimeRange | undefined
    }
  | {readonly kind: 'special'; readonly special: number; readonly key: string}
  | {readonly kind: 'window'; readonly window: string}
  | {readonly kind: 'run'; readonly partition: number}

export interface Difference {
  /** Begins with where it is: `cassandra`, `redis`, `raw`. */
  readonly what: string
  readonly expected: unknown
  readonly actual: unknown
  readonly place: Place
  /** What is stored says itself that it is being computed again. */
  readonly isStale?: boolean
}

export interface OracleDeps {
  readonly pg: Queryable
  readonly cassandra: Cassandra
  readonly redis: Redis
  /** What the keyspace calls itself in Redis. */
  readonly space: string
}

export interface Side {
  readonly where: 'cassandra' | 'redis'
  readonly reads: StreamReads
}

/** A stream on its servers. */
export interface Compared {
  readonly pg: Queryable
  readonly cassandra: Cassandra
  readonly stream: Stream
  readonly plan: StreamPlan
  readonly partitions: number
  readonly live: LiveReads
  /** As it is stored, and as readers get it. */
  readonly sides: readonly [stored: Side, live: Side]
  readonly report: (difference: Difference) => void
}

/** Source rows, and what is stored under the texts of their Kafka keys. */
export interface Scope {
  /** Absent: every row. */
  readonly only?: SqlCondition
  readonly keys: readonly string[]
}

/** Redis as if it were away. */
const NOTHING_LIVE: LiveReads = {
  markers: async () => [],
  rows: async (_projection, _fields, rows) => rows.map(() => undefined),
  entities: async (_plan, rows) => rows.map(() => undefined),
  event: async () => undefined,
  window: async () => [],
  namedHash: async () => [],
}

/** @param partitions of the stream's topic */
export function openStream(
  {pg, cassandra, redis, space}: OracleDeps,
  stream: Stream,
  {partitions, report}: Pick<Compared, 'partitions' | 'report'>,
): Compared {
  const plan = planStream(stream)
  const parts = createPartReader(cassandra)
  const live = createLiveReads(redis, {space, stream: stream.name, partitions})
  const away = {...NOTHING_LIVE, window: async () => Array.from({length: partitions}, () => null)}
  const readsOf = (of: LiveReads): StreamReads =>
    createStreamReads(plan, {cassandra, live: of, parts, partitions})
  const sides = [
    {where: 'cassandra', reads: readsOf(away)},
    {where: 'redis', reads: readsOf(live)},
  ] as const
  return {pg, cassandra, stream, plan, partitions, live, sides, report}
}

export type Equal = (what: string, expected: unknown, actual: unknown) => void

export const equalOf =
  ({report}: Pick<Compared, 'report'>, place: Place): Equal =>
  (what, expected, actual) => {
    if (!Object.is(expected, actual)) report({what, expected, actual, place})
  }

/** Measures that a part does not know for sure while it is being computed again. */
const KNOWN_LATER: ReadonlySet<string> = new Set(['min', 'max', 'latest', 'uniques'])

/** Four standard errors of a sketch of uniques, and the error of a percentile. */
const UNIQUES_ERROR = 4 * 0.0081
const PERCENTILE_ERROR = 0.05
/** Sketches of a window's entries are smaller. */
export const WINDOW_ERROR = 4 * 0.0163

/** How far a figure may be off, as a share of what it should be; the others are equal. */
function errorsOf({measures, ratios}: StatesPlan, uniques: number): ReadonlyMap<string, number> {
  const errors = new Map<string, number>()
  for (const {name, measure} of measures) {
    if (measure.kind === 'uniques') errors.set(name, uniques)
    if (measure.kind !== 'quantiles') continue
    for (const percent of PERCENTS) {
      errors.set(`${measure.as ?? name}_p${percent}`, PERCENTILE_ERROR)
    }
  }
  for (const {name, of, to} of ratios) {
    const error = (errors.get(of) ?? 0) + (errors.get(to) ?? 0)
    if (error > 0) errors.set(name, 2 * error)
  }
  return errors
}

export type Figures = Readonly<Record<string, TruthValue>>

/** Where figures of one row are, and how sure it is of them. */
export interface FiguresAt {
  readonly place: Place
  /** `some`: of what cannot be taken out; `all`: of nothing. */
  readonly stale?: 'some' | 'all' | undefined
}

/** Compares served figures of one row. */
export function figuresEqual(
  {report}: Pick<Compared, 'report'>,
  plan: StatesPlan,
  uniques = UNIQUES_ERROR,
): (what: string, expected: Figures, actual: Figures, at: FiguresAt) => void {
  const errors = errorsOf(plan, uniques)
  const kinds = new Map<string, string>(
    plan.measures.map(({name, measure}) => [name, measure.kind]),
  )
  const ratios = new Map(plan.ratios.map(({name, of, to}) => [name, [of, to]]))
  const isKnownLater = (name: string): boolean =>
    (ratios.get(name) ?? [name]).some(one => KNOWN_LATER.has(kinds.get(one) ?? ''))
  return (what, expected, actual, {place, stale}) => {
    for (const [name, value] of Object.entries(expected)) {
      const found = actual[name] ?? null
      if (Object.is(value, found)) continue
      const error = errors.get(name)
      if (error !== undefined && typeof value === 'number' && typeof found === 'number') {
        const most = Math.abs(value) * error
        const isNear =
          Math.abs(found - value) <= (kinds.get(name) === 'uniques' ? Math.ceil(most) : most)
        if (isNear) continue
      }
      const isStale = stale === 'all' || (stale === 'some' && isKnownLater(name))
      report({what: `${what} ${name}`, expected: value, actual: found, place, isStale})
    }
  }
}
