/** What one may ask of `npm run reconcile`. */
import {UsageError, type Input} from '../command.ts'
import type {COMMANDS} from '../commands.ts'

const PROGRESS_FILE = '.stack/reconcile.json'
const HOLD_MS = '2000'
const DAY_MS = 86_400_000

/** Midnight of a day in UTC, seconds since 1970. */
function toDay(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  // JavaScript takes the 31st of a short month for the first of the next.
  const isDay = ms % DAY_MS === 0 && new Date(ms).toISOString().startsWith(text)
  if (!isDay) throw new UsageError(`--day ${text} is no day: give it as 2026-01-31`)
  return ms / 1000
}

function toHoldMs(text: string): number {
  const ms = Number(text)
  if (Number.isInteger(ms) && ms >= 100 && ms <= 10_000) return ms
  throw new UsageError(`--hold-ms ${text}: give milliseconds from 100 to 10000`)
}

export type Arguments = ReturnType<typeof readArguments>

/** @throws UsageError */
export function readArguments(values: Input<typeof COMMANDS.reconcile>['values']) {
  const {day, content, key = content} = values
  if (key?.includes('\0') === true) throw new UsageError('--key: no text of PostgreSQL has a NUL')
  return {
    stream: values.stream,
    keyspace: values.keyspace,
    repair: values.repair === true,
    all: values.all === true,
    json: values.json === true,
    resume: values.resume === true,
    progress: values.progress ?? PROGRESS_FILE,
    key,
    dayS: day === undefined ? undefined : toDay(day),
    scope: key === undefined ? (day ?? 'all') : `key ${key}`,
    holdMs: toHoldMs(values['hold-ms'] ?? HOLD_MS),
  }
}
