/** Figures, durations and times as people read them. Times are shown in the viewer's zone. */

/** What stands where there is no value. */
export const NONE = '–'

type Maybe = number | null | undefined

const LOCALE = 'en-GB'
const whole = new Intl.NumberFormat(LOCALE, {maximumFractionDigits: 0})
const compact = new Intl.NumberFormat('en', {notation: 'compact', maximumFractionDigits: 1})
const isMissing = (value: Maybe): value is null | undefined =>
  value === null || value === undefined || !Number.isFinite(value)

/** 1,234,567 */
export const formatCount = (value: Maybe): string => (isMissing(value) ? NONE : whole.format(value))

/** 12.3K above ten thousand, exact below. */
export function formatCompact(value: Maybe): string {
  if (isMissing(value)) return NONE
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value)
}

const thousandths = new Intl.NumberFormat(LOCALE, {maximumFractionDigits: 3})
const digits = new Intl.NumberFormat(LOCALE, {maximumSignificantDigits: 3})

/** Any number: to a thousandth, and below one to three digits that count. */
export function formatNumber(value: Maybe): string {
  if (isMissing(value)) return NONE
  return (Math.abs(value) < 1 ? digits : thousandths).format(value)
}

/** A rate per second: one decimal while it is small. */
export function formatRate(value: Maybe): string {
  if (isMissing(value)) return NONE
  if (value === 0) return '0'
  if (value < 0.1) return '<0.1'
  return value < 10 ? value.toFixed(1) : formatCompact(value)
}

/** A ratio as percent: 0.0166… is 1.7 %. */
export function formatRatio(value: Maybe): string {
  if (isMissing(value)) return NONE
  const percent = value * 100
  if (percent !== 0 && Math.abs(percent) < 0.1) return '<0.1%'
  return `${percent >= 1000 ? whole.format(percent) : percent.toFixed(1)}%`
}

const pad = (value: number): string => String(value).padStart(2, '0')

/** Seconds of engagement: 42 s, 3 m 05 s, 2 h 07 m, 12 d 3 h. */
export function formatSeconds(seconds: Maybe): string {
  if (isMissing(seconds)) return NONE
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`
  const s = Math.round(seconds)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} m ${pad(s % 60)} s`
  const hours = Math.floor(s / 3600)
  if (hours < 100) return `${hours} h ${pad(Math.floor((s % 3600) / 60))} m`
  return `${formatCompact(Math.floor(hours / 24))} d ${hours % 24} h`
}

/** A latency: 0.8 ms, 45 ms, 1.2 s. */
export function formatMs(ms: Maybe): string {
  if (isMissing(ms)) return NONE
  if (ms < 1) return ms === 0 ? '0 ms' : `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatSeconds(ms / 1000)
}

/** How long ago, in one unit. A moment ahead of our clock counts as now. */
export function formatAgo(ms: Maybe): string {
  if (isMissing(ms)) return NONE
  if (ms < 1000) return 'now'
  const s = Math.floor(ms / 1000)
  if (s < 60) return `${s} s ago`
  if (s < 3600) return `${Math.floor(s / 60)} min ago`
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`
  return `${Math.floor(s / 86_400)} d ago`
}

export function formatBytes(bytes: Maybe): string {
  if (isMissing(bytes)) return NONE
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(1)} ${units[unit]}`
}

const parse = (time: string | null | undefined): number | undefined => {
  if (time === null || time === undefined) return undefined
  const ms = Date.parse(time)
  return Number.isFinite(ms) ? ms : undefined
}

/** The viewer's date and time: 21 Nov 2026, 14:03:07 (with milliseconds on request). */
export function formatTime(
  time: string | null | undefined,
  {zone, milliseconds = false}: {zone?: string | undefined; milliseconds?: boolean} = {},
): string {
  const ms = parse(time)
  if (ms === undefined) return NONE
  return new Intl.DateTimeFormat(LOCALE, {
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(milliseconds ? {fractionalSecondDigits: 3} : {}),
    ...(zone === undefined ? {} : {timeZone: zone}),
  }).format(ms)
}

/** The viewer's time of day: 14:03:07. */
export function formatClock(time: string | number, zone?: string): string {
  const ms = typeof time === 'number' ? time : parse(time)
  if (ms === undefined) return NONE
  return new Intl.DateTimeFormat(LOCALE, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(zone === undefined ? {} : {timeZone: zone}),
  }).format(ms)
}

/** The viewer's IANA zone. */
export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

/** The first `max` characters, never half of a surrogate pair. */
export function shorten(text: string, max: number): string {
  const chars = Array.from(text.slice(0, max * 2 + 2))
  return chars.length <= max && text.length <= max * 2 ? text : `${chars.slice(0, max).join('')}…`
}
