/** Axes of values: marks at whole numbers and at units of time, the top one at or above the curve. Pure. */
import {formatShort} from './figures.ts'
import {formatCompact, formatMs, formatRate, formatRatio, formatSeconds} from './format.ts'

/** What the figures of a chart are. */
export type Unit = 'count' | 'number' | 'rate' | 'seconds' | 'milliseconds' | 'ratio'

/** One value, as it is read under the pointer. */
export const printValue: Readonly<Record<Unit, (value: number) => string>> = {
  count: formatCompact,
  number: formatShort,
  rate: formatRate,
  seconds: formatSeconds,
  milliseconds: formatMs,
  ratio: formatRatio,
}

export interface Scale {
  readonly step: number
  /** From zero to the top, one step apart. */
  readonly marks: readonly number[]
  readonly top: number
}

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400] as const
const BY_CLOCK = [1, 2, 5, 10, 15, 30]
const CLOCK_STEPS: readonly number[] = [
  ...BY_CLOCK,
  ...BY_CLOCK.map(minutes => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map(hours => hours * HOUR),
]

/** 1, 2 or 5 times a power of ten, not less than `rough`. */
function decimalStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find(one => one * power >= rough * (1 - 1e-9)) ?? 10
  return Number((factor * power).toPrecision(12))
}

/** Seconds: as a clock counts from a second to a day, by tens below and above. */
function timeStep(rough: number): number {
  if (rough <= 0.5) return decimalStep(rough)
  return CLOCK_STEPS.find(step => step >= rough) ?? DAY * decimalStep(Math.max(1, rough / DAY))
}

const STEPS: Readonly<Record<Unit, (rough: number) => number>> = {
  // Half a play cannot be.
  count: rough => decimalStep(Math.max(1, rough)),
  number: decimalStep,
  rate: rough => decimalStep(Math.max(0.1, rough)),
  seconds: timeStep,
  milliseconds: rough => (rough <= 500 ? decimalStep(rough) : 1000 * timeStep(rough / 1000)),
  ratio: decimalStep,
}

/**
 * @param highest the largest value; nothing, or nothing known, is drawn below one
 * @param most at most so many steps
 */
export function scaleOf(unit: Unit, highest: number | null | undefined, most: number): Scale {
  const isKnown = typeof highest === 'number' && Number.isFinite(highest) && highest > 0
  const step = isKnown ? STEPS[unit](highest / most) : 1
  const count = isKnown ? Math.max(1, Math.ceil(highest / step - 1e-9)) : 1
  const marks = Array.from({length: count + 1}, (_, i) => Number((i * step).toPrecision(12)))
  return {step, marks, top: marks.at(-1)!}
}

/**
 * The same where values may be below nothing: one of the marks is nothing then, too.
 *
 * @param most at most so many steps
 */
export function scaleBetween(
  unit: Unit,
  {lowest, highest}: {readonly lowest: number | null; readonly highest: number | null},
  most: number,
): Scale {
  const low = Number.isFinite(lowest) ? Math.min(lowest!, 0) : 0
  if (low === 0) return scaleOf(unit, highest, most)
  const high = Number.isFinite(highest) ? Math.max(highest!, 0) : 0
  // A step that nothing divides takes one more.
  const step = STEPS[unit]((high - low) / Math.max(1, most - 1))
  const first = Math.floor(low / step + 1e-9)
  const count = Math.ceil(high / step - 1e-9) - first
  const marks = Array.from({length: count + 1}, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  )
  return {step, marks, top: marks.at(-1)!}
}

function printTimeMark(seconds: number, step: number): string {
  const [size, sign] =
    step >= DAY
      ? [DAY, 'd']
      : step >= HOUR
        ? [HOUR, 'h']
        : step >= MINUTE
          ? [MINUTE, 'm']
          : [1, 's']
  return `${formatMark(seconds / size)} ${sign}`
}

const formatMark = (value: number): string =>
  Number.isInteger(value) ? formatCompact(value) : String(Number(value.toPrecision(4)))

/** A mark of an axis: all of one axis in the unit of its step, so that they can be compared. */
export function printMark(unit: Unit, mark: number, step: number): string {
  if (unit === 'seconds') return printTimeMark(mark, step)
  if (unit === 'milliseconds')
    return step >= 1000 ? printTimeMark(mark / 1000, step / 1000) : `${formatMark(mark)} ms`
  return unit === 'ratio' ? `${formatMark(Number((mark * 100).toPrecision(6)))}%` : formatMark(mark)
}
