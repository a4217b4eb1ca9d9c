/** A bounded queue of records between the fetching of a partition and its folding. */
import type {ConsumedRecord} from '../platform/kafka.ts'
import {createWake} from './wake.ts'

export interface Inbox {
  /**
   * Resolves when there is room again: whoever pushes waits for it before pushing more.
   *
   * @param endOffset the end of the partition's log
   */
  push(records: readonly ConsumedRecord[], endOffset: number): Promise<void>
  /** Nobody takes any more: what waits is forgotten, whoever pushes goes on. */
  close(): void
  /** Waits for records; empty when the signal fired, or none came for long. */
  take(max: number, signal: AbortSignal): Promise<readonly ConsumedRecord[]>
  /** The end of the partition's log as last heard of. */
  readonly endOffset: number
}

/** The bell rings for all that is waited for: this only bounds a wait. */
const LOOK_AGAIN_MS = 60_000

export function createInbox(sizeMax: number): Inbox {
  let records: ConsumedRecord[] = []
  let endOffset = 0
  const changed = createWake()
  const closing = new AbortController()
  const isFull = (): boolean => records.length >= sizeMax && !closing.signal.aborted
  return {
    get endOffset() {
      return endOffset
    },
    close() {
      records = []
      closing.abort()
    },
    async push(more, end) {
      endOffset = end
      if (closing.signal.aborted) return
      records = records.length === 0 ? [...more] : [...records, ...more]
      changed.ring()
      while (isFull()) await changed.wait(LOOK_AGAIN_MS, closing.signal)
    },
    async take(max, signal) {
      if (records.length === 0) await changed.wait(LOOK_AGAIN_MS, signal)
      if (signal.aborted) return []
      const taken = records.splice(0, max)
      changed.ring()
      return taken
    },
  }
}
