/**
 * Which events an entity has: filed in lists that are durable before the rows that count them.
 *
 * Guarantees    INV-32: an aggregate row is written only when every event that it counts is filed.
 */
import type {FilesTable, Filing} from '../readmodel/files-table.ts'
import {createTurns} from '../platform/turns.ts'

export interface Filings {
  add(filing: Filing): void
  readonly size: number
  /** Everything added before is durable when it resolves. */
  flush(): Promise<void>
}

export function createFilings(
  append: FilesTable['append'],
  partition: number,
  nextSlot: () => number,
): Filings {
  let waiting: Filing[] = []
  const turns = createTurns()
  return {
    add: filing => void waiting.push(filing),
    get size() {
      return waiting.length
    },
    // One after the other: whoever asks also waits for what others have taken already.
    flush: () =>
      turns.run(async () => {
        const taken = waiting
        if (taken.length === 0) return
        waiting = []
        try {
          await append(taken, partition, nextSlot)
        } catch (error) {
          waiting = [...taken, ...waiting]
          throw error
        }
      }),
  }
}
