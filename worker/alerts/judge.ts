/**
 * Whether what a rule watches is wrong now, row by row. Pure.
 *
 * Does not      open or resolve: how long it has to be so is decided in decide.ts.
 */
import {HISTORY_DAYS_MIN, type AlertRule, type Direction} from '../../contracts/alerts.ts'
import {medianOf, spreadOf} from '../../platform/robust.ts'

/** Values by row: the text of the dimension's value, empty of the whole. */
export type Rows = ReadonlyMap<string, number | null>

export interface Values {
  readonly present: Rows
  /** The latest first. */
  readonly past: readonly Rows[]
}

export interface Verdict {
  readonly isMet: boolean
  readonly value: number | null
  /** What it was compared with. */
  readonly expected: number | null
}

export const WHOLE = ''

/** What a row that is not in an answer has: nothing was counted, or there is no value. */
export type Absent = 0 | null

const isTowards = (difference: number, direction: Direction): boolean =>
  direction === 'both' || (direction === 'up' ? difference > 0 : difference < 0)

/** What happens anyway: a count varies by its root, anything by a hundredth. */
const spreadMin = (middle: number, absent: Absent): number =>
  absent === 0 ? Math.max(1, Math.sqrt(Math.abs(middle))) : Math.abs(middle) / 100

/** How many deviations a value is away from those of past days; undefined without history. */
export function deviationsOf(
  value: number,
  past: readonly number[],
  absent: Absent,
): {readonly middle: number; readonly deviations: number} | undefined {
  if (past.length < HISTORY_DAYS_MIN) return undefined
  const middle = medianOf(past)
  const spread = Math.max(spreadOf(past, middle), spreadMin(middle, absent))
  if (spread === 0) return undefined
  return {middle, deviations: (value - middle) / spread}
}

function judgeRow(
  {kind, threshold, direction}: AlertRule,
  value: number | null,
  {past, absent}: {readonly past: readonly (number | null)[]; readonly absent: Absent},
): Verdict {
  const bound = threshold ?? 0
  const not: Verdict = {isMet: false, value, expected: null}
  if (kind === 'absence') return {...not, isMet: value === null || value === 0}
  if (value === null) return not
  switch (kind) {
    case 'above':
      return {isMet: value > bound, value, expected: bound}
    case 'below':
      return {isMet: value < bound, value, expected: bound}
    case 'change': {
      const before = past[0] ?? null
      // There is no percentage from nothing.
      if (before === null || before === 0) return not
      const percent = ((value - before) / Math.abs(before)) * 100
      const isMet = Math.abs(percent) > bound && isTowards(percent, direction)
      return {isMet, value, expected: before}
    }
    case 'deviation': {
      const known = past.filter(one => one !== null)
      const found = deviationsOf(value, known, absent)
      if (found === undefined) return not
      const {middle, deviations} = found
      const isMet = Math.abs(deviations) > bound && isTowards(deviations, direction)
      return {isMet, value, expected: middle}
    }
    default:
      return kind satisfies never
  }
}

/** A day of which there is nothing at all is no history: nobody counted then. */
const hasAny = (rows: Rows): boolean =>
  [...rows.values()].some(value => value !== null && value !== 0)

/**
 * Verdicts of all rows that there are, that were there, or that something is open of.
 *
 * @param known rows that are open or held
 */
export function judgeRows(
  rule: AlertRule,
  {present, past}: Values,
  {known, absent}: {readonly known: Iterable<string>; readonly absent: Absent},
): ReadonlyMap<string, Verdict> {
  const history = rule.kind === 'deviation' ? past.filter(hasAny) : past
  const before = rule.kind === 'absence' || rule.kind === 'change' ? history : []
  const isWhole = rule.dimension === null
  const there = isWhole ? [WHOLE] : [...present.keys(), ...before.flatMap(rows => [...rows.keys()])]
  const subjects = [...new Set([...there, ...known])]
  const valueIn = (rows: Rows, subject: string): number | null =>
    rows.has(subject) ? rows.get(subject)! : absent
  return new Map(
    subjects.map(subject => {
      const values = history.map(rows => valueIn(rows, subject))
      // Of a rule that watched other rows before, what is open is over.
      const isForeign = isWhole !== (subject === WHOLE) && !present.has(subject)
      const verdict = judgeRow(rule, valueIn(present, subject), {past: values, absent})
      return [subject, isForeign ? {...verdict, isMet: false} : verdict] as const
    }),
  )
}
