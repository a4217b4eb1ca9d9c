/** What one may ask of `npm run reconcile`. */
import {parseArgs} from 'node:util'

export const USAGE = `usage: npm run reconcile                      everything that is stored
       npm run reconcile -- --day 2026-01-31     keys with events on that UTC day
       npm run reconcile -- --key ID             one key: a content, a user, ... (also --content ID)
       --stream NAME     of that stream only
       --keyspace NAME   in that keyspace, not in the one that is served: what a rebuild fills
       --repair          sends what differs through the outbox again, and compares it once more
       --all             lists every difference, not only the first ones
       --json            one line of JSON at the end
       --resume          goes on where an interrupted run was
       --progress FILE   where that is kept
       --hold-ms N       holds publishing for so long at a time, for what never stands still (default 2000)

It runs beside the live stream. Exit status: 0 everything is equal, 1 something differs, 2 it could not be told.`

const PROGRESS_FILE = '.stack/reconcile.json'
const HOLD_MS = '2000'
const DAY_MS = 86_400_000

/** Midnight of a day in UTC, seconds since 1970. */
function toDay(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  // JavaScript takes the 31st of a short month for the first of the next.
  const isDay = ms % DAY_MS === 0 && new Date(ms).toISOString().startsWith(text)
  if (!isDay) throw new TypeError(`--day ${text} is no day: give it as 2026-01-31`)
  return ms / 1000
}

function toHoldMs(text: string): number {
  const ms = Number(text)
  if (Number.isInteger(ms) && ms >= 100 && ms <= 10_000) return ms
  throw new TypeError(`--hold-ms ${text}: give milliseconds from 100 to 10000`)
}

export type Arguments = ReturnType<typeof readArguments>

/** @throws a sentence */
export function readArguments() {
  const {values} = parseArgs({
    options: {
      day: {type: 'string'},
      key: {type: 'string'},
      content: {type: 'string'},
      stream: {type: 'string'},
      keyspace: {type: 'string'},
      repair: {type: 'boolean', default: false},
      all: {type: 'boolean', default: false},
      json: {type: 'boolean', default: false},
      resume: {type: 'boolean', default: false},
      progress: {type: 'string', default: PROGRESS_FILE},
      'hold-ms': {type: 'string', default: HOLD_MS},
      help: {type: 'boolean', default: false},
    },
  })
  const {day, content, key = content} = values
  if (key?.includes('\0') === true) throw new TypeError('--key: no text of PostgreSQL has a NUL')
  return {
    ...values,
    key,
    dayS: day === undefined ? undefined : toDay(day),
    scope: key === undefined ? (day ?? 'all') : `key ${key}`,
    holdMs: toHoldMs(values['hold-ms']),
  }
}
