/**
 * Dimensions of time in the zone of a question: buckets of its calendar, and cycles, what comes again each day and each
 * week. Pure.
 */
import {GRANULARITIES, offsetMs, type Granularity} from '../calendar.ts'
import {invalid, refuse} from '../problem.ts'
import {msToIso} from '../times.ts'
import {automaticOf, type Range} from './range.ts'

interface Cycle {
  /** The longest buckets of which each lies in one part of it. */
  readonly granularity: Granularity
  readonly first: number
  readonly last: number
  /** @param local an instant as clocks of the zone show it, milliseconds */
  readonly partOf: (local: number) => number
}

const CYCLES: Readonly<Record<string, Cycle>> = {
  'time:hour_of_day': {
    granularity: 'hour',
    first: 0,
    last: 23,
    partOf: local => new Date(local).getUTCHours(),
  },
  // As ISO 8601 counts them: Monday is 1.
  'time:weekday': {
    granularity: 'day',
    first: 1,
    last: 7,
    partOf: local => ((new Date(local).getUTCDay() + 6) % 7) + 1,
  },
}

/** Dimensions of time, `time` apart. */
export const TIMES: readonly string[] = [
  ...GRANULARITIES.map(name => `time:${name}`),
  ...Object.keys(CYCLES),
]

export const isTime = (dimension: string): boolean =>
  dimension === 'time' || dimension.startsWith('time:')

const cycleOf = (dimension: string): Cycle | undefined =>
  Object.hasOwn(CYCLES, dimension) ? CYCLES[dimension] : undefined

/** Whether its values are buckets, one after the other. */
export const isCalendar = (dimension: string): boolean =>
  isTime(dimension) && cycleOf(dimension) === undefined

/**
 * How finely time is parted, best first; empty: not at all.
 *
 * @throws a problem that names the dimension
 */
export function granularitiesOf(
  dimensions: readonly string[],
  range: Range,
): readonly Granularity[] {
  const times = dimensions.filter(isTime)
  const unknown = times.find(name => name !== 'time' && !TIMES.includes(name))
  if (unknown !== undefined) {
    const pointer = `/dimensions/${dimensions.indexOf(unknown)}`
    throw invalid('body', pointer, unknown, `must be one of time, ${TIMES.join(', ')}`)
  }
  const [time] = times
  if (time === undefined) return []
  const cycles = times.flatMap(name => cycleOf(name) ?? [])
  if (times.length > 1 && cycles.length < times.length) {
    const detail = `can hold one dimension of time, or ${Object.keys(CYCLES).join(' with ')}`
    throw refuse('body', '/dimensions', times, detail)
  }
  if (cycles.length > 0) {
    return [GRANULARITIES.find(name => cycles.some(({granularity}) => granularity === name))!]
  }
  return time === 'time' ? automaticOf(range) : [time.slice('time:'.length) as Granularity]
}

export interface Parted {
  readonly granularity: Granularity | undefined
  readonly zone: string
}

/** Label of a bucket: the local date for days and longer, else the instant. */
function labelOf(start: number, {granularity, zone}: Parted): string {
  if (granularity === 'minute' || granularity === 'hour') return msToIso(start)
  return new Date(start + offsetMs(zone, start)).toISOString().split('T', 1)[0]!
}

/** The value of a dimension of time in the bucket that starts at `start`. */
export function timeLabel(dimension: string, start: number, parted: Parted): string | number {
  const cycle = cycleOf(dimension)
  return cycle === undefined
    ? labelOf(start, parted)
    : cycle.partOf(start + offsetMs(parted.zone, start))
}

/** Every value that a dimension of time has in buckets that start so. */
export function timeLabels(
  dimension: string,
  starts: readonly number[],
  parted: Parted,
): readonly (string | number)[] {
  const cycle = cycleOf(dimension)
  if (cycle === undefined) return starts.map(start => labelOf(start, parted))
  return Array.from({length: cycle.last - cycle.first + 1}, (_, n) => cycle.first + n)
}
