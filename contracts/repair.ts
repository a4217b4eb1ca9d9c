/** What a record says that was sent to mend what was found wrong. */
import {REPAIR} from './headers.ts'

/**
 * Parts that are to be computed again from single events, counts too: projection, key, level, start, and the times
 * of the oldest and newest event of the row (microseconds since 1970), null where they are not known.
 */
export type RepairPart = readonly [
  projection: string,
  key: string,
  level: string,
  start: number,
  oldestUs: number | null,
  newestUs: number | null,
]

export interface Repair {
  readonly parts: readonly RepairPart[]
}

/** Parts of one record: it is read as a whole. */
export const REPAIR_PARTS_MAX = 100

const isPart = (part: unknown): part is RepairPart =>
  Array.isArray(part) &&
  part.length === 6 &&
  part.slice(0, 3).every(text => typeof text === 'string') &&
  Number.isSafeInteger(part[3]) &&
  part.slice(4).every(time => time === null || Number.isSafeInteger(time))

/** Undefined without the header. What is no repair of ours names no parts. */
export function readRepair(
  headers: Readonly<Record<string, Buffer | string | undefined>>,
): Repair | undefined {
  const text = headers[REPAIR]?.toString()
  if (text === undefined) return undefined
  try {
    const {parts} = JSON.parse(text) as {readonly parts?: unknown}
    if (!Array.isArray(parts)) return {parts: []}
    return {parts: parts.filter(isPart).slice(0, REPAIR_PARTS_MAX)}
  } catch {
    return {parts: []}
  }
}
