/** What stands out, in sentences. Pure. */
import type {Change} from './changes.ts'

const whole = new Intl.NumberFormat('en-US', {maximumFractionDigits: 0})

/** As people say it: a part in percent, more than twice as much as a multiple. */
function sizeOf({present, expected}: Pick<Change, 'present' | 'expected'>): string {
  const times = present / expected
  if (times >= 2) return `${times >= 10 ? whole.format(times) : times.toFixed(1)} times as much as`
  const percent = whole.format(Math.abs(times - 1) * 100)
  return times > 1 ? `${percent} % more than` : `${percent} % less than`
}

/** Such as: "lines of orders, place web: 80, 87 % less than the 600 to be expected". */
export function describeChange(change: Change): string {
  const {stream, metric, dimension, value, present, expected} = change
  const where = dimension === null ? '' : `, ${dimension} ${value ?? 'without a value'}`
  return `${metric} of ${stream}${where}: ${whole.format(present)}, ${sizeOf(change)} the ${whole.format(expected)} to be expected`
}
