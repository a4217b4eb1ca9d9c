/** Which stored buckets make up a stretch of time: the coarsest that fit, so that few rows are read. Pure. */
import {SECONDS_OF, type TimeLevel} from '../../readmodel/levels.ts'
import type {RollupPlan} from '../../readmodel/plan.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {refuse} from '../problem.ts'
import {msToIso} from '../times.ts'

/** Seconds since 1970, the end exclusive. */
export interface Part extends TimeRange {
  readonly level: TimeLevel
}

/**
 * Parts that cover a range: minutes up to the hour, hours up to the day, days, and back.
 *
 * @param levels that are stored, finest first
 * @returns undefined when a bucket lies across an end of the range
 */
export function decompose(
  {from, to}: TimeRange,
  levels: readonly TimeLevel[],
): readonly Part[] | undefined {
  const [level, ...coarser] = levels
  if (to <= from) return []
  if (level === undefined || [from, to].some(end => end % SECONDS_OF[level] !== 0)) return undefined
  const [next] = coarser
  const whole = [{level, from, to}]
  if (next === undefined) return whole
  const size = SECONDS_OF[next]
  const inner = {from: Math.ceil(from / size) * size, to: Math.floor(to / size) * size}
  if (inner.to <= inner.from) return whole
  const edge = (a: number, b: number): readonly Part[] => (b > a ? [{level, from: a, to: b}] : [])
  return [...edge(from, inner.from), ...(decompose(inner, coarser) ?? []), ...edge(inner.to, to)]
}

/**
 * Parts of stretches that follow each other, neighbours of one level joined.
 *
 * @throws 422 when a stretch ends within a stored bucket, as days of some zones do
 */
export function partsOf(
  {name, levels}: Pick<RollupPlan, 'name' | 'levels'>,
  slices: readonly TimeRange[],
): readonly Part[] {
  const joined: Part[] = []
  for (const slice of slices) {
    const parts = decompose(slice, levels)
    if (parts === undefined) throw notWhole(name, levels, slice)
    for (const part of parts) {
      const last = joined.at(-1)
      if (last?.level !== part.level || last.to !== part.from) joined.push(part)
      else joined[joined.length - 1] = {...last, to: part.to}
    }
  }
  return joined
}

function notWhole(name: string, levels: readonly TimeLevel[], {from, to}: TimeRange) {
  const [finest] = levels
  if (finest === undefined) {
    return refuse('query', 'period', null, `by ${name} only totals are kept: leave the period out`)
  }
  const end = from % SECONDS_OF[finest] === 0 ? to : from
  const kept = `by ${name} each ${levels.join(', ')} is kept`
  const why = `${msToIso(end * 1000)} is not the start of a ${finest} in UTC: ${kept}`
  return refuse('query', 'period', msToIso(end * 1000), why)
}

/** The whole buckets of the finest level that hold a period; milliseconds become seconds. */
export function wholeBuckets(
  {levels: [finest = 'minute']}: Pick<RollupPlan, 'levels'>,
  fromMs: number,
  toMs: number,
): TimeRange {
  const size = SECONDS_OF[finest]
  return {
    from: Math.floor(fromMs / 1000 / size) * size,
    to: Math.ceil(toMs / 1000 / size) * size,
  }
}
