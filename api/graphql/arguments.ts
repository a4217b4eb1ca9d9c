/** Checks of GraphQL arguments; each refusal names the argument and its value. */
import {parsePeriod, PERIOD_PATTERN, type Period} from '../period.ts'
import {refuse} from '../problem.ts'
import {UUID_PATTERN} from '../schemas/common.ts'

const LIST_MAX = 100

export function checkId(id: string): string {
  if (!new RegExp(UUID_PATTERN).test(id)) throw refuse('argument', 'id', id, 'is not a UUID')
  return id.toLowerCase()
}

export function checkLimit(limit: number): number {
  if (limit >= 1 && limit <= LIST_MAX) return limit
  throw refuse('argument', 'limit', limit, `must be from 1 to ${LIST_MAX}`)
}

export function periodOf(text: string | null | undefined, zone = 'UTC', fallback = 'all'): Period {
  const period = text ?? fallback
  if (!new RegExp(PERIOD_PATTERN).test(period)) {
    throw refuse('argument', 'period', period, 'is not a period such as all, 7d or 24h')
  }
  return parsePeriod({period}, {now: Date.now(), zone, fallback})
}

export function checkText(field: string, text: string | null | undefined): string | undefined {
  if (text === null || text === undefined || text === '') return undefined
  if (text.length <= 200 && !text.includes('\0')) return text
  throw refuse('argument', field, text, 'is longer than 200 characters or holds NUL')
}
