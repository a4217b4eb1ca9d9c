/**
 * Keeps the hashes of events within their memory: the oldest go first, before their time if need be.
 *
 * What was written is listed in Redis itself, so that the next owner goes on where this one ended.
 */
import type {LiveEvent} from '../readmodel/event-hash.ts'
import type {HashStore} from '../readmodel/live-store.ts'
import type {EventId} from '../readmodel/raw-table.ts'

export interface HashBudgetOptions {
  readonly bytesMax: number
  readonly ttlS: number
}

export interface HashBudget {
  /** Reads what earlier owners wrote. */
  start(): Promise<void>
  /** Hashes were written: makes room where there is too much. */
  wrote(events: readonly LiveEvent[], nowMs: number): Promise<void>
  /** About what they take. */
  readonly bytes: number
}

interface Written {
  readonly expiresS: number
  readonly bytes: number
  readonly ids: readonly EventId[]
}

/** Groups that are removed after one write. */
const REMOVED_MAX = 20
/** What is written goes to the list together: so much of the memory, or for so long. */
const LISTED_SHARE = 1 / 64
const LISTED_EVERY_MS = 1000

const parse = (entry: string): Written => {
  const [expiresS, bytes, ids] = JSON.parse(entry) as [number, number, EventId[]]
  return {expiresS, bytes, ids}
}

/** How many groups have to go, the oldest first. Pure. */
export function countRemovable(
  groups: readonly Pick<Written, 'expiresS' | 'bytes'>[],
  limits: {readonly bytes: number; readonly bytesMax: number; readonly nowS: number},
): number {
  let {bytes} = limits
  let count = 0
  for (const group of groups) {
    if (count >= REMOVED_MAX) break
    if (bytes <= limits.bytesMax && group.expiresS > limits.nowS) break
    bytes -= group.bytes
    count += 1
  }
  return count
}

export function createHashBudget(
  store: HashStore,
  partition: number,
  idOf: (event: LiveEvent['event']) => EventId,
  {bytesMax, ttlS}: HashBudgetOptions,
): HashBudget {
  let groups: Written[] = []
  let bytes = 0
  /** Not in the list yet: what a process leaves here when it ends goes at the end of its time. */
  let ids: EventId[] = []
  let listedMs = 0
  /** What one hash took when it was last measured. */
  let each = 1000
  const share = bytesMax * LISTED_SHARE
  return {
    get bytes() {
      return bytes
    },
    async start() {
      groups = (await store.noted(partition)).map(parse)
      bytes = groups.reduce((sum, group) => sum + group.bytes, 0)
    },
    async wrote(events, nowMs) {
      const nowS = Math.floor(nowMs / 1000)
      for (const {kind, event} of events) if (kind === 'put') ids.push(idOf(event))
      const isDue = nowMs - listedMs >= LISTED_EVERY_MS || ids.length * each >= share
      const [first] = ids
      if (first === undefined || !isDue) return
      // The list names it, too.
      const group = {expiresS: nowS + ttlS, bytes: ids.length * (each + 16), ids}
      ids = []
      listedMs = nowMs
      groups.push(group)
      bytes += group.bytes
      const entry = JSON.stringify([group.expiresS, group.bytes, group.ids])
      const measured = await store.note(entry, first, partition)
      if (measured > 0) each = measured
      const count = countRemovable(groups, {bytes, bytesMax, nowS})
      for (const old of groups.splice(0, count)) {
        bytes -= old.bytes
        await store.forget(old.expiresS > nowS ? old.ids : [], partition)
      }
    },
  }
}
