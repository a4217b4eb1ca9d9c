/** Buckets of time in words, in the viewer's zone. Pure. */
import type {Granularity} from './ranges.ts'

const DATE: Intl.DateTimeFormatOptions = {day: 'numeric', month: 'short', year: 'numeric'}
const MINUTE: Intl.DateTimeFormatOptions = {
  ...DATE,
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
}
const FORMS: Readonly<Record<Granularity, Intl.DateTimeFormatOptions>> = {
  minute: MINUTE,
  hour: MINUTE,
  day: DATE,
  week: DATE,
  month: {month: 'long', year: 'numeric'},
}

/** The bucket that starts then: the month, not the second at which it began. */
export function nameBucket(startMs: number, granularity: Granularity, zone?: string): string {
  const text = new Intl.DateTimeFormat('en-GB', {
    ...FORMS[granularity],
    ...(zone === undefined ? {} : {timeZone: zone}),
  }).format(startMs)
  return granularity === 'week' ? `week of ${text}` : text
}

/** Whether the last bucket still grows: what it holds says nothing about what it will. */
export function endsLater(buckets: readonly {readonly end: string}[], nowMs: number): boolean {
  const last = buckets.at(-1)
  return last !== undefined && Date.parse(last.end) > nowMs
}

type Values = readonly (number | null)[]

/** A line up to the running bucket, and the piece into it, to be drawn otherwise. */
export function splitRunning(values: Values): readonly [done: Values, running: Values] {
  const last = values.length - 1
  return [
    values.map((value, i) => (i === last ? null : value)),
    values.map((value, i) => (i >= last - 1 ? value : null)),
  ]
}
