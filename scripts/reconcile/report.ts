/** What a run says: progress while it goes on, a short list and what to do next at its end. */
import type {Difference} from './differences.ts'

export interface StreamResult {
  readonly stream: string
  /** `all`, a day, a key. */
  readonly scope: string
  readonly startedAt: Date
  readonly keys: number
  readonly differences: readonly Difference[]
  readonly undecided: readonly Difference[]
  /** Why some could not be compared at one point. */
  readonly reason: string | undefined
  /** Differences that are none any more. */
  readonly repaired: number
}

/** Differences that are listed of a stream. */
const LISTED = 20
const VALUE_CHARACTERS_MAX = 200

const KINDS: Readonly<Record<Difference['place']['kind'], string>> = {
  rollup: 'buckets',
  hash: 'hashes of counts',
  event: 'rows',
  stray: 'rows in the wrong place',
  list: 'lists of events',
  special: 'retention and recent lists',
  window: 'windows',
  run: 'runs',
}

/** Where it is, and of what: `cassandra totals`. */
function kindOf({what, place}: Difference): string {
  const [where = ''] = what.split(' ', 1)
  const isTotal = place.kind === 'rollup' && place.level === 'total'
  return `${where} ${isTotal ? 'totals' : KINDS[place.kind]}`
}

const whereOf = ({what}: Difference): string => what.split(' ', 1)[0] ?? ''

const shorten = (value: unknown): string => {
  const text = String(value)
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text
}

const countBy = (
  list: readonly Difference[],
  nameOf: (one: Difference) => string,
): readonly (readonly [name: string, count: number])[] =>
  [...Map.groupBy(list, nameOf)]
    .map(([name, some]) => [name, some.length] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))

/** @param most listed at most */
function listOf(
  list: readonly Difference[],
  lineOf: (one: Difference) => string,
  most: number,
): readonly string[] {
  const rest = countBy(list.slice(most), kindOf)
  return [
    ...list.slice(0, most).map(lineOf),
    ...rest.map(([kind, count]) => `and ${count} more of ${kind}`),
  ]
}

const differsLine = ({what, expected, actual}: Difference): string =>
  `differs: ${what}: SQL ${shorten(expected)}, stored ${shorten(actual)}`
const undecidedLine = ({what, actual, isStale}: Difference): string =>
  isStale === true
    ? `undecided: ${what}: it is being computed again`
    : `undecided: ${what}: ${shorten(actual)}`

/** What is said of one stream. */
export function linesOf(result: StreamResult, isAll: boolean): readonly string[] {
  const {stream, keys, differences, undecided, repaired} = result
  const most = isAll ? Number.POSITIVE_INFINITY : LISTED
  const parts = [
    `${keys} keys compared`,
    ...(repaired > 0 ? [`${repaired} repaired`] : []),
    `${differences.length} differences`,
    ...(undecided.length > 0 ? [`${undecided.length} undecided`] : []),
  ]
  return [
    `${stream}: ${parts.join(', ')}`,
    ...listOf(differences, differsLine, most),
    ...listOf(undecided, undecidedLine, most),
  ]
}

export interface Outcome {
  readonly results: readonly StreamResult[]
  readonly isRepair: boolean
  /** Rows that no record can carry, put aside by the relay. */
  readonly deadLetters: number
}

/** 0 only when everything is equal. */
export function statusOf({results}: Pick<Outcome, 'results'>): 0 | 1 | 2 {
  if (results.some(({differences}) => differences.length > 0)) return 1
  return results.some(({undecided}) => undecided.length > 0) ? 2 : 0
}

/** The last lines: in short, and what to do next. */
export function summaryOf({results, isRepair, deadLetters}: Outcome): readonly string[] {
  const differences = results.flatMap(one => one.differences)
  const undecided = results.flatMap(one => one.undecided)
  const lines: string[] = []
  if (differences.length > 0) {
    const where = countBy(differences, whereOf).map(([name, count]) => `${name} ${count}`)
    lines.push(`${differences.length} differences: ${where.join(', ')}`)
    lines.push(isRepair ? nextAfterRepair(results) : nextOf(deadLetters))
  }
  if (undecided.length > 0) {
    const reasons = new Set(results.flatMap(({reason}) => reason ?? []))
    const why = reasons.size === 0 ? 'values are being computed again' : [...reasons].join('; ')
    lines.push(`${undecided.length} undecided: ${why}; run it again`)
  }
  return lines.length === 0 ? ['equal'] : lines
}

const nextOf = (deadLetters: number): string => {
  const letters =
    deadLetters === 0
      ? ''
      : `${deadLetters} changes were put aside and are not in the numbers: npm run dead-letters -- list; then `
  return `next: ${letters}npm run reconcile -- --repair`
}

function nextAfterRepair(results: readonly StreamResult[]): string {
  const left = results.filter(({differences}) => differences.length > 0)
  return `next: ${left.map(({stream}) => `npm run rebuild -- ${stream}`).join('; ')}`
}

/** For machines: one line of JSON. */
export function jsonOf(outcome: Outcome, isAll: boolean): string {
  const short = (list: readonly Difference[]) =>
    (isAll ? list : list.slice(0, LISTED)).map(({what, expected, actual}) => {
      return {what, expected, actual}
    })
  return JSON.stringify({
    status: statusOf(outcome),
    streams: outcome.results.map(
      ({stream, scope, keys, differences, undecided, reason, repaired}) => ({
        stream,
        scope,
        keys,
        differences: differences.length,
        kinds: Object.fromEntries(countBy(differences, kindOf)),
        undecided: undecided.length,
        ...(reason === undefined ? {} : {reason}),
        repaired,
        examples: short(differences),
        undecidedExamples: short(undecided),
      }),
    ),
  })
}

/** What the database keeps of a difference. */
export const examplesOf = (list: readonly Difference[]) =>
  list.slice(0, LISTED).map(({what, expected, actual}) => {
    return {what, expected: shorten(expected), actual: shorten(actual)}
  })

/** Lines that are not a terminal's come once in so long. */
const SAY_AGAIN_MS = 2_000

/** Says how far it is, on standard error: a terminal gets one line that changes. */
export function createProgressLine(stream: NodeJS.WriteStream) {
  let saidMs = Number.NEGATIVE_INFINITY
  let isOpen = false
  return {
    /** @param isLast it is said in any case */
    say(text: string, isLast = false): void {
      if (stream.isTTY) {
        stream.write(`\r\u001B[K${text}`)
        isOpen = true
        return
      }
      const nowMs = performance.now()
      if (!isLast && nowMs - saidMs < SAY_AGAIN_MS) return
      saidMs = nowMs
      stream.write(`${text}\n`)
    },
    end(): void {
      if (isOpen) stream.write('\r\u001B[K')
      isOpen = false
    },
  }
}
