/** Alerts in words, and rules as forms give them. Pure. */
import type {AlertKind, Severity} from '../../contracts/alerts.ts'

export const TONES: Readonly<Record<Severity, string>> = {
  info: '',
  warning: 'warn',
  critical: 'bad',
}

export const KIND_OPTIONS = [
  ['above', 'Above'],
  ['below', 'Below'],
  ['change', 'Change in percent'],
  ['absence', 'Nothing came'],
  ['deviation', 'Unlike days before'],
] as const satisfies readonly (readonly [AlertKind, string])[]

interface Rule {
  readonly stream: string
  readonly metric: string
  readonly dimension: string | null
  readonly kind: AlertKind
  readonly threshold: number | null
  readonly window_minutes: number
  readonly days: number
  readonly open_after_seconds: number
}

function conditionOf({kind, threshold, days}: Rule): string {
  switch (kind) {
    case 'above':
    case 'below':
      return `${kind} ${threshold}`
    case 'change':
      return `changed by ${threshold} %`
    case 'absence':
      return 'nothing'
    case 'deviation':
      return `${threshold} deviations from ${days} days before`
    default:
      return kind satisfies never
  }
}

/** What a rule watches, in a line. */
export function describeRule(rule: Rule): string {
  const {stream, metric, dimension, window_minutes: minutes, open_after_seconds: after} = rule
  const row = dimension === null ? '' : ` by ${dimension}`
  const hold = after === 0 ? '' : `, for ${after} s`
  return `${metric} of ${stream}${row}: ${conditionOf(rule)} in ${minutes} min${hold}`
}

const wholeOf = (text: string | undefined, fallback: number): number => {
  const value = Number(text === '' ? Number.NaN : text)
  return Number.isFinite(value) ? value : fallback
}

const listOf = (text = ''): readonly string[] =>
  text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')

/** The body of a request from the fields of a form: what is left empty has its usual value. */
export function ruleOf(
  fields: Readonly<Record<string, string>>,
  chosen: {
    readonly stream: string
    readonly metric: string
    readonly dimension: string
    readonly kind: AlertKind
    readonly severity: Severity
  },
) {
  const {dimension, kind, ...others} = chosen
  return {
    ...others,
    kind,
    name: fields['name'] ?? '',
    dimension: dimension === '' ? null : dimension,
    threshold: kind === 'absence' ? null : wholeOf(fields['threshold'], 0),
    window_minutes: wholeOf(fields['window'], 5),
    open_after_seconds: wholeOf(fields['hold'], 0),
    channels: listOf(fields['channels']),
  }
}

const HOUR_MS = 3_600_000

/** @param now milliseconds since 1970 */
export const hoursFrom = (now: number, hours: number): string =>
  new Date(now + hours * HOUR_MS).toISOString()

export const isMuted = ({muted_until: until}: {readonly muted_until: string | null}, now: number) =>
  until !== null && Date.parse(until) > now

/** How a channel stands, in a word, and what is behind it. */
export function standingOfChannel({
  waiting,
  dead,
  failures,
  retry_at: retryAt,
}: {
  readonly waiting: number
  readonly dead: number
  readonly failures: number
  readonly retry_at: string | null
}): {readonly word: string; readonly tone: string; readonly why: string} {
  if (failures > 0) {
    const next = retryAt === null ? '' : `, tried again at ${retryAt}`
    return {word: 'away', tone: 'bad', why: `${failures} failures in a row${next}`}
  }
  if (dead > 0) return {word: 'given up', tone: 'warn', why: `${dead} messages were not taken`}
  return waiting > 0
    ? {word: 'sending', tone: '', why: `${waiting} messages wait`}
    : {word: 'idle', tone: 'good', why: 'nothing waits'}
}
