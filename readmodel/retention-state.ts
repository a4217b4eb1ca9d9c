/**
 * Which seconds of a content were watched, as integers: where stretches begin and where they end.
 *
 * An event with a playhead position P and a duration D covers [P - D, P); one with a duration alone
 * covers [0, D), the approximation. Rows hold 1,800 seconds each; what lies beyond 12 hours counts
 * as its last second.
 */
import {EVENT_TYPES} from '../contracts/engagement.ts'
import {ByteReader, type ByteWriter} from './bytes.ts'

export const SEGMENT_SECONDS = 1800
export const SECONDS_MAX = 12 * 3600
const FORMAT = 1

/** Begins and ends with a position, ends without. */
export const MARKS = ['positionBegin', 'positionEnd', 'durationEnd'] as const
export type Mark = (typeof MARKS)[number]

export interface PlacedMark {
  readonly mark: Mark
  /** Second of the content, capped. */
  readonly second: number
}

/** What an event marks: nothing without a duration above 0. */
export function marksOf(
  durationMs: number | null,
  positionMs: number | null,
): readonly PlacedMark[] {
  if (durationMs === null || durationMs <= 0) return []
  const capped = (ms: number): number =>
    Math.min(SECONDS_MAX - 1, Math.max(0, Math.floor(ms / 1000)))
  if (positionMs === null) return [{mark: 'durationEnd', second: capped(durationMs)}]
  return [
    {mark: 'positionBegin', second: capped(positionMs - durationMs)},
    {mark: 'positionEnd', second: capped(positionMs)},
  ]
}

export const segmentOf = (second: number): number => Math.floor(second / SEGMENT_SECONDS)

const TYPES = EVENT_TYPES.length

export class RetentionState {
  readonly segment: number
  /** `(mark * types + type) * SEGMENT_SECONDS + second in segment` to count. */
  readonly counts = new Map<number, number>()

  constructor(segment: number) {
    this.segment = segment
  }

  add({mark, second}: PlacedMark, type: number, times: 1 | -1): void {
    if (segmentOf(second) !== this.segment) return
    const line = MARKS.indexOf(mark) * TYPES + type
    const key = line * SEGMENT_SECONDS + (second % SEGMENT_SECONDS)
    const next = (this.counts.get(key) ?? 0) + times
    if (next === 0) this.counts.delete(key)
    else this.counts.set(key, next)
  }

  /** Every count: which mark, event type and second of the content. */
  *marks(): IterableIterator<{mark: Mark; type: number; second: number; count: number}> {
    for (const [key, count] of this.counts) {
      const line = Math.floor(key / SEGMENT_SECONDS)
      yield {
        mark: MARKS[Math.floor(line / TYPES)]!,
        type: line % TYPES,
        second: this.segment * SEGMENT_SECONDS + (key % SEGMENT_SECONDS),
        count,
      }
    }
  }

  get bytes(): number {
    return 200 + this.counts.size * 40
  }
}

export function encodeRetention(state: RetentionState, writer: ByteWriter): Buffer {
  writer.byte(FORMAT)
  writer.count(state.counts.size)
  for (const [key, count] of state.counts) {
    writer.count(key)
    writer.signed(count)
  }
  return writer.take()
}

export function decodeRetention(segment: number, detail: Buffer): RetentionState {
  const reader = new ByteReader(detail)
  if (reader.byte() !== FORMAT) throw new RangeError('unknown format of a retention segment')
  const state = new RetentionState(segment)
  for (let left = reader.count(); left > 0; left--) {
    const key = reader.count()
    state.counts.set(key, reader.signed())
  }
  return state
}
