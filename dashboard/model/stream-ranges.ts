/** Which stretches of time a rollup can answer, by what is stored of it. Pure. */
import {GRANULARITIES, RANGE_NAMES, RANGES, type Granularity, type RangeName} from './ranges.ts'

/** Stored buckets that a granularity can be made of; a total says nothing about time. */
const STORED = ['minute', 'quarter', 'hour', 'day']
const FINEST_NEEDED: Readonly<Record<Granularity, number>> = {
  minute: 1,
  hour: 3,
  day: 4,
  week: 4,
  month: 4,
}

const canBe = (granularity: Granularity, levels: readonly string[]): boolean =>
  STORED.slice(0, FINEST_NEEDED[granularity]).some(level => levels.includes(level))

const granularitiesOf = (range: RangeName, levels: readonly string[]): readonly Granularity[] =>
  RANGES[range].granularities.filter(granularity => canBe(granularity, levels))

export interface Stretch {
  readonly range: RangeName
  readonly granularity: Granularity
  readonly ranges: readonly RangeName[]
  readonly granularities: readonly Granularity[]
}

/**
 * The range and granularity asked for, as far as the rollup has them.
 *
 * @param levels that are stored of it
 * @returns undefined when only totals are
 */
export function chooseStretch(
  levels: readonly string[],
  range: string | undefined,
  granularity: string | undefined,
): Stretch | undefined {
  const ranges = RANGE_NAMES.filter(name => granularitiesOf(name, levels).length > 0)
  const chosen = ranges.find(name => name === range) ?? ranges.find(name => name === '24h')
  const name = chosen ?? ranges[0]
  if (name === undefined) return undefined
  const granularities = granularitiesOf(name, levels)
  const found = granularities.find(one => one === granularity) ?? granularities[0]!
  return {range: name, granularity: found, ranges, granularities}
}

/**
 * The zone whose days can be made of the stored buckets: UTC where the viewer's begin within one.
 *
 * @param offsets minutes from UTC that the zone has in a year
 */
export function zoneOf(
  levels: readonly string[],
  {zone, offsets}: {readonly zone: string; readonly offsets: readonly number[]},
): string {
  if (levels.includes('minute') || levels.includes('quarter')) return zone
  const isWhole = offsets.every(minutes => minutes % 60 === 0)
  return levels.includes('hour') && isWhole ? zone : 'UTC'
}

/** A stretch as the API takes it. */
export type Asked =
  | {readonly period: string; readonly timezone: string}
  | {readonly from: string; readonly period?: never}

const DAY_MS = 86_400_000

/**
 * Figures of a range: its start has to be that of a stored bucket, which 24 hours ago is only of minutes.
 *
 * @returns undefined when no stored bucket is short enough for it
 */
export function askedOfRange(
  levels: readonly string[],
  {range, zone}: {readonly range: RangeName; readonly zone: string},
  nowMs: number,
): Asked | undefined {
  if (range !== '24h' || levels.includes('minute')) return {period: range, timezone: zone}
  if (!canBe('hour', levels)) return undefined
  const size = levels.includes('quarter') ? DAY_MS / 96 : DAY_MS / 24
  return {from: new Date(Math.floor((nowMs - DAY_MS) / size) * size).toISOString()}
}

/** Days and longer are told without an hour. */
export const areDays = (granularity: Granularity): boolean =>
  GRANULARITIES.indexOf(granularity) >= GRANULARITIES.indexOf('day')
