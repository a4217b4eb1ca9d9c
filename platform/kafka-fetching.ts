/**
 * Fetches the records of the partitions that a member owns, and hands them over.
 *
 * A partition whose records are still being handed over is left out of the next fetch, so a slow one
 * holds up nobody.
 */
import {messageOf} from './errors.ts'
import type {FetchedRecords, FetchFrom, RecordReader} from './kafka-reader.ts'
import {offsetGone, type SubscriberHandlers, type TopicPartition} from './kafka.ts'
import {pause} from './lifecycle.ts'
import type {Logger} from './log.ts'

/** Wait after a failed fetch, and while every partition is busy, milliseconds. */
const PAUSE_MS = 20
const RETRY_MS = 500

export interface Position extends TopicPartition {
  next: number
  busy: boolean
  /** Seeks so far: one that is made while a batch is taken decides where to go on. */
  seeks: number
}

export interface FetchingDeps {
  readonly reader: RecordReader
  readonly options: {
    readonly fetchBytesMax: number
    readonly maxWaitMs: number
    readonly log: Logger
  }
  readonly handlers: Pick<SubscriberHandlers, 'onBatch' | 'onError'>
}

/** Fetches what is not busy, again and again, and hands it over. */
export function createFetching({reader, options, handlers}: FetchingDeps) {
  let active: readonly Position[] = []

  const deliver = async (
    position: Position,
    asked: FetchFrom & {readonly seeks: number},
    answer: FetchedRecords,
  ): Promise<void> => {
    // Given away or sought elsewhere while the answer was on its way.
    if (!active.includes(position) || position.seeks !== asked.seeks) return
    if (answer.isGone) {
      active = active.filter(one => one !== position)
      return handlers.onError(offsetGone(position))
    }
    if (answer.records.length === 0) {
      position.next = answer.next
      return
    }
    position.busy = true
    try {
      const {topic, partition} = position
      await handlers.onBatch({topic, partition}, answer.records, answer.end)
      if (position.seeks === asked.seeks) position.next = answer.next
      position.busy = false
    } catch (error) {
      // It stays busy: the same records again would tell the same.
      handlers.onError(toError(error))
    }
  }

  const fetchOnce = async (): Promise<void> => {
    const free = active.filter(position => !position.busy)
    const from = free.map(({topic, partition, next, seeks}) => {
      return {topic, partition, offset: next, seeks}
    })
    const answers = await reader.fetch(from, {
      bytesMax: options.fetchBytesMax,
      // A partition that becomes free meanwhile should not wait for a fetch of the idle others.
      waitMs: free.length < active.length ? PAUSE_MS : options.maxWaitMs,
    })
    for (const answer of answers) {
      const index = from.findIndex(
        ({topic, partition}) => topic === answer.topic && partition === answer.partition,
      )
      void deliver(free[index]!, from[index]!, answer)
    }
  }

  return {
    /** From now on these and no others. */
    go(next: readonly Position[]): void {
      active = next
    },
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        if (active.every(position => position.busy)) {
          await pause(PAUSE_MS, signal)
          continue
        }
        try {
          await fetchOnce()
        } catch (error) {
          if (signal.aborted) return
          options.log.warn({error: toError(error).message}, 'fetch failed, trying again')
          await pause(RETRY_MS, signal)
        }
      }
    },
  }
}

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(messageOf(error))
