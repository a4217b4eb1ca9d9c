/**
 * Times and dates as PostgreSQL prints them in JSON (ISO 8601, with the offset of the session that wrote), as numbers
 * in records, and as the text that people see. Pure.
 */

const SHAPE =
  /^(\d{4,6})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?)?( BC)?$/

/**
 * Microseconds since 1970, or undefined for what has none: `infinity`, and anything beyond what a
 * JavaScript number counts exactly, from the year 1684 to 2255. Without an offset the text is taken as UTC. Reads
 * what `toIsoMicros` prints, too.
 */
export function parseMicros(text: string): number | undefined {
  const micros = parseUsual(text) ?? parseAny(text)
  return Number.isSafeInteger(micros) ? micros : undefined
}

const DATE_SHAPE = /^([+-]?\d{4,7})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])( BC)?$/

/** Days since 1970, of PostgreSQL's text or of `toIsoDay`'s; undefined for `infinity` and what is no date. */
export function parseDays(text: string): number | undefined {
  const match = DATE_SHAPE.exec(text)
  if (match === null) return undefined
  const [, year, month, day, bc] = match
  return daysFromCivil(toCivil(year!, bc), Number(month), Number(day))
}

/** There is no year 0: 1 BC is the year before 1. */
const toCivil = (year: string, bc: string | undefined): number =>
  bc === undefined ? Number(year) : 1 - Number(year)

const ZERO = 48
const LETTER_Z = 90

/** Two digits at `at`; NaN-free because callers check the shape around them. */
const pair = (text: string, at: number): number =>
  (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO

/** `2026-01-31T09:30:00.123456+00:00`, the shape of nearly every row, without a regular expression. */
function parseUsual(text: string): number | undefined {
  const {length} = text
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(16) !== 58) return undefined
  let i = 19
  let micros = 0
  if (text.charCodeAt(i) === 46) {
    let digits = 0
    for (i = 20; i < length && digits <= 6; i++, digits++) {
      const digit = text.charCodeAt(i) - ZERO
      if (digit < 0 || digit > 9) break
      micros = micros * 10 + digit
    }
    for (; digits < 6; digits++) micros *= 10
  }
  let offset = 0
  const sign = text.charCodeAt(i)
  if (sign === 43 || sign === 45) {
    offset = pair(text, i + 1) * 60
    if (length === i + 6) offset += pair(text, i + 4)
    else if (length !== i + 3) return undefined
    if (sign === 45) offset = -offset
  } else if (i !== length && !(sign === LETTER_Z && i + 1 === length)) return undefined
  const year = pair(text, 0) * 100 + pair(text, 2)
  const days = daysFromCivil(year, pair(text, 5), pair(text, 8))
  const minutes = days * 1_440 + pair(text, 11) * 60 + pair(text, 14) - offset
  return (minutes * 60 + pair(text, 17)) * 1_000_000 + micros
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar, which PostgreSQL uses too. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function parseAny(text: string): number | undefined {
  const match = SHAPE.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = ''] = match
  const [, , , , , , , , sign, oh = '0', om = '0', os = '0', bc] = match
  const days = daysFromCivil(toCivil(year!, bc), Number(month), Number(day))
  const offset = (Number(oh) * 3_600 + Number(om) * 60 + Number(os)) * (sign === '-' ? -1 : 1)
  const seconds =
    days * 86_400 + Number(hour) * 3_600 + Number(minute) * 60 + Number(second) - offset
  return seconds * 1_000_000 + Number(fraction.padEnd(6, '0'))
}

const TIME_SHAPE = /^(\d\d):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/
const DAY_US = 86_400_000_000

/** Microseconds since midnight, or undefined for what is no time of a day. The end of a day is `24:00:00`. */
export function parseTime(text: string): number | undefined {
  const match = TIME_SHAPE.exec(text)
  if (match === null) return undefined
  const [, hours, minutes, seconds, fraction = ''] = match
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  const micros = whole * 1_000_000 + Number(fraction.padEnd(6, '0'))
  return micros <= DAY_US ? micros : undefined
}

const two = (value: number): string => String(value).padStart(2, '0')

/** `12:34:56.789` for microseconds since midnight, as PostgreSQL prints it. */
export function toTimeText(us: number): string {
  const seconds = Math.floor(us / 1_000_000)
  const rest = us - seconds * 1_000_000
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`
  const minutes = Math.floor(seconds / 60)
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}${fraction}`
}

let second = Number.NaN
let secondText = ''

/** `2026-11-21T06:00:00.123456Z` for microseconds since 1970. */
export function toIsoMicros(us: number): string {
  const seconds = Math.floor(us / 1_000_000)
  // Neighbours share their second, and a date is dear to print.
  if (seconds !== second) {
    const text = new Date(seconds * 1000).toISOString()
    secondText = text.slice(0, text.lastIndexOf('.') + 1)
    second = seconds
  }
  return `${secondText}${String(us - seconds * 1_000_000).padStart(6, '0')}Z`
}

const days = new Map<number, string>()
const DAYS_KEPT = 1000
/** The last day that JavaScript has; PostgreSQL has more. */
const DATE_DAYS_MAX = 100_000_000
/** After 400 years the calendar begins again. */
const CYCLE_DAYS = 146_097

/** `2026-11-21` for a number of days since 1970; years beyond 9999 or before 0 as `+010000`. */
export function toIsoDay(day: number): string {
  const known = days.get(day)
  if (known !== undefined) return known
  const cycles = Math.max(0, Math.ceil((day - DATE_DAYS_MAX) / CYCLE_DAYS))
  const text = new Date((day - cycles * CYCLE_DAYS) * 86_400_000).toISOString()
  const date = text.slice(0, text.indexOf('T'))
  const iso = cycles === 0 ? date : `+${Number(date.slice(1, 7)) + cycles * 400}${date.slice(7)}`
  if (days.size >= DAYS_KEPT) days.clear()
  days.set(day, iso)
  return iso
}
