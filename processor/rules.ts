/** Rules that a record of a stream can break. Pure. */
import type {StreamRecord} from '../contracts/record.ts'
import type {Stream} from '../contracts/stream.ts'
import type {Fields} from '../readmodel/fields.ts'

const HOUR_US = 3_600_000_000

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
