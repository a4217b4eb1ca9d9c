/** Labels of a time axis in the viewer's zone: as fine as the distance of the marks asks for. */

const DAY = 86_400

const format = (options: Intl.DateTimeFormatOptions, zone?: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-GB', {
    hourCycle: 'h23',
    ...options,
    ...(zone === undefined ? {} : {timeZone: zone}),
  })

/**
 * @param marks seconds since 1970
 * @param distance seconds between two marks
 * @param wholeDays what is marked are days or longer: no hour of them has anything of its own
 */
export function timeLabels(
  marks: readonly number[],
  distance: number,
  {zone, wholeDays = false}: {readonly zone?: string; readonly wholeDays?: boolean} = {},
): readonly string[] {
  const clock = format(
    {hour: '2-digit', minute: '2-digit', ...(distance < 60 ? {second: '2-digit'} : {})},
    zone,
  )
  const date = format({day: 'numeric', month: 'short'}, zone)
  const month = format({month: 'short', year: 'numeric'}, zone)
  return marks.map(mark => {
    const ms = mark * 1000
    if (distance >= 28 * DAY) return month.format(ms)
    if (distance >= DAY) return date.format(ms)
    const text = clock.format(ms)
    // Midnight says which day begins.
    if (text === '00:00') return date.format(ms)
    return wholeDays ? '' : text
  })
}

/** A position in a content, as players show it: 7:30, 1:02:00. */
export function formatPosition(seconds: number): string {
  const whole = Math.round(seconds)
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  return `${hours === 0 ? minutes : `${hours}:${two(minutes)}`}:${two(whole % 60)}`
}

const LETTER_PX = 6.4

/** The labels that fit: one whose mark is close to an edge of the chart would be cut off there. */
export function fittingLabels(
  labels: readonly string[],
  marks: readonly number[],
  chart: {readonly low: number; readonly high: number; readonly width: number},
): readonly string[] {
  const {low, high, width} = chart
  return labels.map((label, at) => {
    const place = ((marks[at]! - low) / (high - low)) * width
    const half = (label.length * LETTER_PX) / 2
    return place < half || place > width - half ? '' : label
  })
}

/** One line about a series, for those who do not see the chart. */
export function describeSeries(
  label: string,
  values: readonly (number | null)[],
  print: (value: number) => string,
): string {
  const known = values.filter(value => value !== null)
  if (known.length === 0) return `${label}: no values`
  let low = known[0]!
  let high = known[0]!
  for (const value of known) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return `${label}: latest ${print(known.at(-1)!)}, lowest ${print(low)}, highest ${print(high)}`
}
