/** Rules that a record of a stream can break. Pure. */
import type {StreamRecord} from '../contracts/record.ts'
import type {Stream} from '../contracts/stream.ts'
import type {Fields} from './fields.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US

/**
 * Whether a record corrects an event that is not kept any more. Of the record alone, against when it was
 * written to the outbox: a replay judges as the first reading did. A new event is never too old.
 */
export function createHorizon({
  timeField,
  keepDays,
}: Pick<Stream, 'timeField' | 'keepDays'>): (record: StreamRecord<Fields>) => boolean {
  if (timeField === null || keepDays === null) return () => false
  return record => {
    if (record.op === 'c') return false
    // Of a deleted row that could not be carried only the id is known: its register says where it was.
    const timeUs = (record.before ?? record)[timeField] as number | null
    return timeUs !== null && record.created_at - timeUs > keepDays * DAY_US
  }
}

export type FindProblem = (record: StreamRecord<Fields>) => string | undefined

/**
 * Why a record can never be accepted. Of the record alone: its time is judged against when it was written
 * to the outbox, not against the clock, so that a replay judges as the first reading did. A delete is never
 * refused.
 */
export function createRules({
  timeField,
  aheadHoursMax,
  textMax,
}: Pick<Stream, 'timeField' | 'aheadHoursMax' | 'textMax'>): FindProblem {
  const limits = Object.entries(textMax)
  return record => {
    if (record.op === 'd') return undefined
    for (const [field, max] of limits) {
      const text = record[field]
      if (typeof text === 'string' && text.length > max) {
        return `its ${field} has more than ${max} characters`
      }
    }
    const timeUs = timeField === null ? null : (record[timeField] as number | null)
    if (timeUs === null || aheadHoursMax === null) return undefined
    if (timeUs - record.created_at <= aheadHoursMax * HOUR_US) return undefined
    return `its ${timeField} is more than ${aheadHoursMax} hours ahead of when it was written`
  }
}
