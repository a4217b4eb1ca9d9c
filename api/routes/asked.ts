/** What routes are asked for in the same words: periods, buckets, pages. */
import {bucketStarts, withEnds, type Bucket, type Granularity} from '../calendar.ts'
import type {Cursors} from '../cursor.ts'
import {parseInstant, parsePeriod, parseZone, type Period, type PeriodRequest} from '../period.ts'
import {refuse} from '../problem.ts'
import {msToIso} from '../times.ts'

const BUCKETS_MAX = 5000

export interface PeriodQuery extends PeriodRequest {
  readonly timezone?: string
}

export function periodOf(query: PeriodQuery, fallback: string): Period & {readonly zone: string} {
  const zone = parseZone(query.timezone)
  return {...parsePeriod(query, {now: Date.now(), zone, fallback}), zone}
}

/** Both ends as they are served. */
export const isoStretch = ({from, to}: Period) => ({
  from: from === null ? null : msToIso(from),
  to: msToIso(to),
})

/**
 * The figures that are wanted, each once; undefined: all.
 *
 * @param of what has the known ones, as the refusal says it
 * @throws 422 with the first that is not known
 */
export function metricsOf<T extends string>(
  asked: readonly string[] | undefined,
  known: readonly T[],
  of: string,
): readonly T[] | undefined {
  const isKnown = (name: string): name is T => (known as readonly string[]).includes(name)
  // A name may have a comma of its own.
  const names = asked?.flatMap(text => (isKnown(text) ? [text] : text.split(',')))
  const unknown = names?.find(name => !isKnown(name))
  if (unknown !== undefined) {
    throw refuse('query', 'metrics', unknown, `${of} there are ${known.join(', ') || 'none'}`)
  }
  return names && [...new Set(names.filter(isKnown))]
}

/**
 * The buckets of a series.
 *
 * @param endless what is said to a period without a start
 */
export function bucketsOf(
  query: PeriodQuery & {readonly granularity?: Granularity},
  endless: string,
): {readonly granularity: Granularity; readonly zone: string; readonly buckets: readonly Bucket[]} {
  const granularity = query.granularity ?? 'day'
  const {from, to, zone} = periodOf(query, granularity === 'minute' ? '60m' : '30d')
  if (from === null) throw refuse('query', 'period', query.period ?? null, endless)
  const starts = bucketStarts({from, to}, granularity, zone, BUCKETS_MAX)
  if (starts !== undefined) {
    return {granularity, zone, buckets: withEnds(starts, granularity, zone)}
  }
  const detail = `would give more than ${BUCKETS_MAX} buckets in this period`
  throw refuse('query', 'granularity', granularity, detail)
}

/** Microseconds since 1970 of an end that may be left out; dates are those of UTC. */
export const microsOf = (field: string, text: string | undefined): number | null =>
  text === undefined ? null : parseInstant(field, text, 'UTC') * 1000

/**
 * The page that is asked for, and what its answer says of the next one.
 *
 * @param scope everything that must stay the same from page to page
 */
export function pageOf<Position>(
  cursors: Cursors,
  scope: readonly unknown[],
  {limit = 50, cursor}: {readonly limit?: number; readonly cursor?: string},
) {
  const text = JSON.stringify(scope)
  return {
    limit,
    after: cursor === undefined ? undefined : (cursors.read(text, cursor) as Position),
    pageTo: (next: Position | null) => {
      return {limit, next_cursor: next === null ? null : cursors.make(text, next)}
    },
  }
}
