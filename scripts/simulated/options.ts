/** What a caller of the simulation may ask for. Pure. */
import {UsageError, wholeNumbers} from '../command.ts'
import {STREAM_NAMES, type StreamName} from './changes.ts'
import type {FeedOptions} from './feed.ts'

export interface SimulateOptions {
  readonly feed: Omit<FeedOptions, 'startMs'>
  /** Infinity: until it is stopped. */
  readonly forMs: number
  /** How far back the first rows lie. */
  readonly sinceMs: number
  readonly isJson: boolean
}

type Values = Readonly<Record<string, boolean | string | undefined>>

const USUAL_STREAMS = ['engagement', 'activity'] as const
const DAY_MS = 86_400_000
const FOR_MAX_DAYS = 365
const SINCE_MAX_DAYS = 90
const UNITS: Readonly<Record<string, number>> = {s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS}

const BOUNDS = {
  rate: {usual: 100, min: 1, max: 1_000_000},
  seconds: {usual: 0, min: 0, max: 31_536_000},
  seed: {usual: 1, min: 0, max: 2 ** 31 - 1},
  contents: {usual: 60, min: 1, max: 100_000},
  users: {usual: 2000, min: 1, max: 1_000_000},
  products: {usual: 200, min: 1, max: 100_000},
  devices: {usual: 12, min: 1, max: 10_000},
} as const

/** @throws UsageError that names what cannot be taken, and what can */
export function readOptions(values: Values): SimulateOptions {
  const {seconds, ...numbers} = wholeNumbers(values, BOUNDS)
  const {for: forText, since} = values
  if (forText !== undefined && values['seconds'] !== undefined) {
    throw new UsageError('--for and --seconds say the same: give one of them')
  }
  const secondsMs = seconds === 0 ? Infinity : seconds * 1000
  return {
    feed: {...numbers, streams: readStreams(values['streams']), isCalm: values['calm'] === true},
    forMs: forText === undefined ? secondsMs : readDuration('for', forText, FOR_MAX_DAYS),
    sinceMs: since === undefined ? 0 : readDuration('since', since, SINCE_MAX_DAYS),
    isJson: values['json'] === true,
  }
}

/** In the order of STREAM_NAMES, whatever the order of the list. */
function readStreams(text: boolean | string | undefined): readonly StreamName[] {
  if (text === undefined) return USUAL_STREAMS
  if (text === 'all') return STREAM_NAMES
  const asked = new Set(
    String(text)
      .split(',')
      .map(name => name.trim()),
  )
  const unknown = [...asked].filter(name => !(STREAM_NAMES as readonly string[]).includes(name))
  if (unknown.length > 0) {
    const names = unknown.map(name => (name === '' ? 'an empty name' : name)).join(', ')
    throw new UsageError(
      `--streams ${String(text)}: no stream is called ${names}; give all, or a list of ${STREAM_NAMES.join(', ')}`,
    )
  }
  return STREAM_NAMES.filter(name => asked.has(name))
}

function readDuration(name: string, value: boolean | string, mostDays: number): number {
  const text = String(value)
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS[unit] ?? 0)
  if (ms > 0 && ms <= mostDays * DAY_MS) return ms
  throw new UsageError(
    `--${name} ${text}: give a whole number with s, m, h or d behind it, as 90s or 2h, up to ${mostDays}d`,
  )
}
