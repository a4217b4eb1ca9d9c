/**
 * Periods of time as callers name them: `7d`, `month`, `all`, or a start and an end.
 *
 * A period is half-open: its start belongs to it, its end does not. Days, weeks and months are
 * those of the caller's time zone.
 */
import {floorTo, isZone, offsetMs, toInstant, type Granularity} from './calendar.ts'
import {refuse} from './problem.ts'

/** Milliseconds since 1970, half-open; `from` null means: since the beginning. */
export interface Period {
  readonly from: number | null
  readonly to: number
}

const DAY = 86_400_000
const HOUR = 3_600_000

/**
 * Named periods, as users of Plausible know them. All but `yesterday` and `last_month` end now: `Nd` have today as
 * their last day, `Nmo` this month as their last one.
 */
export const PERIOD_PATTERN =
  '^(all|day|yesterday|week|month|last_month|year|[1-9]\\d{0,3}(m|h|d|w|mo))$'

/** A date, or an instant with its offset. */
export const INSTANT_PATTERN =
  '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?(Z|[+-]\\d{2}:\\d{2}))?$'

const EARLIEST = Date.UTC(1970, 0, 1)
const LATEST = Date.UTC(2200, 0, 1)

/** The instant of a date (start of that day in `zone`) or of a timestamp. */
export function parseInstant(field: string, text: string, zone: string, where = 'query'): number {
  const isDate = text.length === 10
  const ms = Date.parse(isDate ? `${text}T00:00:00Z` : text)
  // Date.parse rolls 2026-02-30 over into March; a real date prints back as it was read.
  const date = text.slice(0, 10)
  const real =
    Number.isFinite(ms) && new Date(Date.parse(`${date}T00:00:00Z`)).toISOString().startsWith(date)
  if (!real) throw refuse(where, field, text, 'is not a date or time that exists')
  if (ms < EARLIEST || ms > LATEST) {
    throw refuse(where, field, text, 'is outside the years 1970 to 2199')
  }
  return isDate ? toInstant(zone, ms) : ms
}

/** @throws a problem that names the field when the runtime does not know the zone */
export function parseZone(text: string | undefined, field = 'timezone', where = 'query'): string {
  const zone = text ?? 'UTC'
  if (!isZone(zone)) throw refuse(where, field, zone, 'is not a time zone of the IANA database')
  return zone
}

function namedPeriod(name: string, now: number, zone: string): Period {
  const to = now
  const today = floorTo(now, 'day', zone)
  const since = (granularity: Granularity): Period => ({
    from: floorTo(now, granularity, zone),
    to,
  })
  if (name === 'all') return {from: null, to}
  if (name === 'day' || name === 'week' || name === 'month') return since(name)
  if (name === 'year') {
    const year = new Date(now + offsetMs(zone, now)).getUTCFullYear()
    return {from: toInstant(zone, Date.UTC(year, 0, 1)), to}
  }
  const count = Number.parseInt(name, 10)
  const local = today + offsetMs(zone, today)
  const daysBack = (days: number): number => toInstant(zone, local - days * DAY)
  const monthsBack = (months: number): number => {
    const date = new Date(local)
    return toInstant(zone, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1))
  }
  if (name === 'yesterday') return {from: daysBack(1), to: today}
  if (name === 'last_month') return {from: monthsBack(1), to: monthsBack(0)}
  if (name.endsWith('mo')) return {from: monthsBack(count - 1), to}
  if (name.endsWith('m')) return {from: now - count * 60_000, to}
  if (name.endsWith('h')) return {from: now - count * HOUR, to}
  return {from: daysBack((name.endsWith('w') ? count * 7 : count) - 1), to}
}

export interface PeriodRequest {
  readonly period?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/**
 * The period that was asked for.
 *
 * @throws a problem that names the field when both forms are given, or an end without a start before it
 */
export function parsePeriod(
  request: PeriodRequest,
  context: {readonly now: number; readonly zone: string; readonly fallback: string},
  where = 'query',
): Period {
  const {now, zone, fallback} = context
  const {period, from, to} = request
  if (period !== undefined && (from !== undefined || to !== undefined)) {
    throw refuse(where, 'period', period, 'cannot be given together with from or to')
  }
  if (from === undefined && to === undefined)
    return bound(namedPeriod(period ?? fallback, now, zone))
  if (from === undefined) throw refuse(where, 'from', null, 'is needed where to is given')
  const start = parseInstant('from', from, zone, where)
  const end = to === undefined ? now : parseInstant('to', to, zone, where)
  if (end <= start) {
    throw refuse(where, 'to', to ?? null, 'must be after from')
  }
  return {from: start, to: end}
}

function bound({from, to}: Period): Period {
  return {from: from === null ? null : Math.max(from, EARLIEST), to}
}
