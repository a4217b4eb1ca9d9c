/** Figures and values of any stream, whose kind is told by themselves alone. Pure. */
import {formatCompact, formatNumber, formatTime, NONE} from './format.ts'

/** As the API gives it: times are RFC 3339, decimals may come as text. */
export type Figure = number | string | boolean | null | undefined

export type Figures = Readonly<Record<string, Figure>>

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/
const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** Numbers to a thousandth, decimals with every digit, times in the viewer's zone, null as a dash. */
export function formatFigure(figure: Figure): string {
  if (figure === null || figure === undefined) return NONE
  if (typeof figure === 'number') return formatNumber(figure)
  if (typeof figure === 'boolean') return figure ? 'yes' : 'no'
  if (figure === '') return '“”'
  return TIME.test(figure) ? formatTime(figure) : figure
}

/** The same where there is little room: large numbers as 12.3K. */
export const formatShort = (figure: Figure): string =>
  typeof figure === 'number' && Math.abs(figure) >= 10_000
    ? formatCompact(figure)
    : formatFigure(figure)

/** What a chart draws of it; null: nothing. */
export function toNumber(figure: Figure): number | null {
  if (typeof figure === 'number') return figure
  return typeof figure === 'string' && DECIMAL.test(figure) ? Number(figure) : null
}

/** Metrics that a chart can draw: neither times nor texts, as far as is known. */
export const drawableOf = (
  metrics: readonly string[],
  known: readonly (Figures | undefined)[],
): readonly string[] =>
  metrics.filter(name =>
    known.every(figures => (figures?.[name] ?? null) === null || toNumber(figures![name]) !== null),
  )

/** Whether nothing was counted. */
export const areNothing = (figures: Figures): boolean =>
  Object.values(figures).every(figure => figure === null || toNumber(figure) === 0)

/** A window of time in one unit: 5 minutes. */
export function describeWindow(seconds: number): string {
  const [size, unit]: readonly [number, string] =
    seconds % 3600 === 0 ? [3600, 'hour'] : seconds % 60 === 0 ? [60, 'minute'] : [1, 'second']
  const count = seconds / size
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
