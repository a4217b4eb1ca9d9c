/** Readings as the watch takes them from records, and what an incident lists of odd ones. Pure. */
import type {Stream} from '../../contracts/stream.ts'
import type {Op} from '../../contracts/record.ts'
import {toIsoMicros} from '../../contracts/times.ts'
import type {Judgement, Oddity} from './detector.ts'

export interface Reading {
  readonly id: string
  readonly device: string
  readonly sensor: string
  readonly value: number
  /** RFC 3339. */
  readonly at: string
}

export interface OddReading extends Reading {
  readonly why: Oddity
  readonly expected: number | null
}

/** What is listed of an incident. */
export interface ListedReading {
  readonly id: string
  readonly value: number | null
  readonly at: string
  readonly why: Oddity
  readonly expected: number | null
}

export interface AnomalyDetails {
  readonly device: string
  readonly sensor: string
  readonly readings: readonly ListedReading[]
  /** All that were odd; of those listed are the first ones. */
  readonly count: number
  /** Id of the last one. */
  readonly last_id: string
}

export const LISTED_MAX = 100

const FIELDS = ['device', 'sensor', 'value'] as const

/** The stream of readings, where there is one that has what is looked at. */
export const findReadings = (streams: readonly Stream[]): Stream | undefined =>
  streams.find(
    ({name, columns, timeField}) =>
      name === 'readings' &&
      timeField !== null &&
      FIELDS.every(field => columns.some(column => column.field === field)),
  )

type Decoded = Readonly<Record<string, unknown>> & {readonly op: Op}

/** The reading of a record; undefined where it brings none: corrections, deletions, what has no value. */
export function readingOf(
  {idField, timeField}: Pick<Stream, 'idField' | 'timeField'>,
  record: Decoded,
): Reading | undefined {
  const {op, device, sensor, value} = record
  const at = record[timeField!]
  if (op !== 'c' || typeof value !== 'number' || typeof at !== 'number') return undefined
  return {
    id: String(record[idField]),
    device: String(device),
    sensor: String(sensor),
    value,
    at: toIsoMicros(at),
  }
}

export const subjectOf = ({device, sensor}: Pick<Reading, 'device' | 'sensor'>): string =>
  `${device} ${sensor}`

const WORDS: Readonly<Record<Oddity, string>> = {
  spike: 'is far from the readings before',
  shift: 'is on another level than the readings before',
  stuck: 'is the same again and again',
  broken: 'is no number',
}

export const summaryOfReading = ({device, sensor, value, why}: OddReading): string =>
  `${sensor} of ${device} is ${value}: it ${WORDS[why]}`

/** @param judged undefined or usual: it is none */
export function oddOf(reading: Reading, {verdict, expected}: Judgement): OddReading | undefined {
  if (verdict === 'usual' || verdict === 'learning') return undefined
  return {...reading, why: verdict, expected}
}

const toListed = ({id, value, at, why, expected}: OddReading): ListedReading => ({
  id,
  value: Number.isFinite(value) ? value : null,
  at,
  why,
  expected,
})

/** Whether a list has a reading already: it was read again after a restart. */
export const isListed = ({last_id: last, readings}: AnomalyDetails, {id}: OddReading): boolean =>
  last === id || readings.some(one => one.id === id)

/** The list with more odd readings, which it does not have yet. @param odd at least one */
export function addReadings(
  before: AnomalyDetails | undefined,
  odd: readonly OddReading[],
): AnomalyDetails {
  const {device, sensor} = odd[0]!
  const {readings = [], count = 0} = before ?? {}
  return {
    device,
    sensor,
    readings: [...readings, ...odd.map(toListed)].slice(0, LISTED_MAX),
    count: count + odd.length,
    last_id: odd.at(-1)!.id,
  }
}
