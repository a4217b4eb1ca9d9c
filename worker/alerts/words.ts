/** What an incident says of itself, for people. Pure. */
import type {AlertRule} from '../../contracts/alerts.ts'
import {WHOLE, type Verdict} from './judge.ts'

const DIGITS = 6

const shown = (value: number | null): string =>
  value === null ? 'no value' : String(Number(value.toPrecision(DIGITS)))

const spanOf = (minutes: number): string =>
  minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`

/** One sentence: what was found, of which row, compared with what. */
export function summaryOf(rule: AlertRule, subject: string, {value, expected}: Verdict): string {
  const {stream, metric, dimension, kind, window_minutes: minutes, days} = rule
  const row = dimension === null || subject === WHOLE ? '' : ` of ${dimension} ${subject}`
  const what = `${metric} of ${stream}${row}`
  const span = spanOf(minutes)
  switch (kind) {
    case 'above':
    case 'below':
      return `${what} is ${shown(value)} in ${span}: ${kind} ${shown(rule.threshold)}`
    case 'absence':
      return `nothing in ${span}: ${what} is ${shown(value)}`
    case 'change':
      return `${what} is ${shown(value)} in ${span}, ${shown(expected)} in the ${span} before: more than ${shown(rule.threshold)} % apart`
    case 'deviation':
      return `${what} is ${shown(value)} in ${span}, usually ${shown(expected)} at this time of ${days} days: more than ${shown(rule.threshold)} deviations away`
    default:
      return kind satisfies never
  }
}
