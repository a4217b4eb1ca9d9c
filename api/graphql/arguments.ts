/** Checks of GraphQL arguments; each refusal names the argument and its value. */
import type {Stream} from '../../contracts/stream.ts'
import {INSTANT_PATTERN, parsePeriod, PERIOD_PATTERN, type Period} from '../period.ts'
import {refuse} from '../problem.ts'
import {parseId} from '../reads/events.ts'
import type {PeriodQuery} from '../routes/asked.ts'

const LIST_MAX = 100

/** The text of an id of the stream, as its rows have it. */
export const checkId = (stream: Stream, id: string): string => String(parseId({stream}, id))

export function checkLimit(limit: number): number {
  if (limit >= 1 && limit <= LIST_MAX) return limit
  throw refuse('argument', 'limit', limit, `must be from 1 to ${LIST_MAX}`)
}

function checkPeriodName(period: string): string {
  if (new RegExp(PERIOD_PATTERN).test(period)) return period
  throw refuse('argument', 'period', period, 'is not a period such as all, 7d or 24h')
}

export function periodOf(text: string | null | undefined, zone = 'UTC', fallback = 'all'): Period {
  const period = checkPeriodName(text ?? fallback)
  return parsePeriod({period}, {now: Date.now(), zone, fallback})
}

export interface PeriodArguments {
  readonly period?: string | null
  readonly from?: string | null
  readonly to?: string | null
  readonly timezone?: string | null
}

/** A period as routes are asked for one: what is null was left out. */
export function checkPeriod({period, from, to, timezone}: PeriodArguments): PeriodQuery {
  return {
    ...(period ? {period: checkPeriodName(period)} : {}),
    ...(from ? {from: checkInstant('from', from)} : {}),
    ...(to ? {to: checkInstant('to', to)} : {}),
    ...(timezone ? {timezone} : {}),
  }
}

export function checkInstant(field: string, text: string): string {
  if (new RegExp(INSTANT_PATTERN).test(text)) return text
  throw refuse('argument', field, text, 'is no date or time such as 2026-01-31T12:00:00Z')
}

const KEY_MAX = 1024

/** Texts of a key, as routes take them. */
export function checkKey(parts: readonly string[]): readonly string[] {
  const wrong = parts.find(part => part.length > KEY_MAX || part.includes('\0'))
  if (wrong === undefined) return parts
  throw refuse('argument', 'key', wrong, `is longer than ${KEY_MAX} characters or holds NUL`)
}

export function checkText(field: string, text: string | null | undefined): string | undefined {
  if (text === null || text === undefined || text === '') return undefined
  if (text.length <= 200 && !text.includes('\0')) return text
  throw refuse('argument', field, text, 'is longer than 200 characters or holds NUL')
}
