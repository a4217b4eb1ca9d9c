/** Columns of an aggregate row of engagement: readable figures, and the whole state as bytes. */
import {EVENT_TYPES} from '../contracts/engagement.ts'
import type {CqlParams} from '../platform/cassandra.ts'
import {ByteWriter} from './bytes.ts'
import {encodeContentState, typeIndexOf, type ContentState} from './content-state.ts'
import type {Spill} from './viewer-sketch.ts'

export const FIGURE_COLUMNS =
  'events, plays, pauses, finishes, clicks, duration_ms, detail, unique_viewers, stale'
export const FIGURE_QUESTIONS = '?, ?, ?, ?, ?, ?, ?, ?, ?'
/** Rows of the platform hold no viewers. */
export const COUNT_COLUMNS = 'events, plays, pauses, finishes, clicks, duration_ms, detail'
export const COUNT_QUESTIONS = '?, ?, ?, ?, ?, ?, ?'

export interface EncodedFigures {
  /** Values of `COUNT_COLUMNS`. */
  readonly counts: CqlParams
  /** What `FIGURE_COLUMNS` has beyond them. */
  readonly viewers: CqlParams
  readonly spill: Spill | undefined
}

/** Encoders share their buffers: one per store. */
export function createFigureEncoder(): (state: ContentState) => EncodedFigures {
  const writer = new ByteWriter()
  const scratch = new ByteWriter()
  return state => {
    const {detail, spill} = encodeContentState(state, writer, scratch)
    const byType = EVENT_TYPES.map(type => state.eventsOfType(typeIndexOf(type)))
    const events = byType.reduce((sum, count) => sum + count, 0)
    return {
      counts: [events, ...byType, state.totalDurationMs(), detail],
      viewers: [state.viewers.estimate(), state.stale],
      spill,
    }
  }
}
