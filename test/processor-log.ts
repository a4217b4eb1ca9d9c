/** The model's partition of Kafka, and what can happen to it and to the keyspace between two owners. */
import {BACKFILL} from '../contracts/headers.ts'
import type {ConsumedRecord} from '../platform/kafka.ts'
import type {FakeCassandra} from './fakes/cassandra.ts'
import {createHistory, type History} from './processor-history.ts'
import type {Random, World} from './processor-world.ts'

/**
 * Something that people or servers do, once in a history.
 *
 * Not among them: a keyspace that is restored while the commits are set back, too. Nothing is left that could
 * tell.
 */
export const UPSETS = [
  'commit lost',
  'commit set back',
  'commit moved ahead',
  'log cut',
  'topic made again',
  'keyspace made again',
  'keyspace made again beside owners',
  'keyspace restored',
] as const
export type Upset = (typeof UPSETS)[number]

/** After these a partition has to go on. */
const HARMLESS: ReadonlySet<Upset> = new Set(['commit lost', 'commit set back'])
/** Setting the commit back is all that it takes to go on. */
const ENDS_WITH_COMMIT: ReadonlySet<Upset> = new Set(['commit moved ahead', 'keyspace made again'])
/** Nobody goes on with the server or the topic that was there before. */
export const STOPS_OWNERS: ReadonlySet<Upset> = new Set([
  'topic made again',
  'keyspace made again',
  'keyspace restored',
])
/** After these there is nothing that a reader could rely on. */
export const ENDS_READING: ReadonlySet<Upset> = new Set([
  ...STOPS_OWNERS,
  'keyspace made again beside owners',
])

export class ModelLog {
  readonly #random: Random
  readonly #nowS: number
  history: History
  /** First offset that is there. */
  begin = 0
  /** The log grows: the one after the last. */
  end = 0
  /** As the group has it. */
  committed: number | null = null
  /** Whatever was committed by an owner. */
  furthest = 0
  upset: Upset | null = null

  constructor(random: Random, options: {readonly changes: number; readonly nowS: number}) {
    this.#random = random
    this.#nowS = options.nowS
    this.history = createHistory(random, options)
  }

  get length(): number {
    return this.history.log.length
  }

  /** More is published. */
  grow(): void {
    this.end += this.#random(this.length - this.end + 1)
  }

  /** Of an owner that commits, overtaken or not. */
  commit(next: number): void {
    this.committed = next
    this.furthest = Math.max(this.furthest, next)
  }

  /** Offsets as records whose value says where they stand. */
  records(from: number, to: number): ConsumedRecord[] {
    return Array.from({length: Math.max(0, to - from)}, (_, i) => ({
      topic: 'model',
      partition: 0,
      offset: from + i,
      timestampMs: 0,
      key: null,
      value: Buffer.from(String(from + i)),
      // Of rows that are told again, some are read by a backfill.
      headers:
        this.history.log[from + i]!.op === 'r' && (from + i) % 2 === 0 ? {[BACKFILL]: '1'} : {},
    }))
  }

  /** @param saved the keyspace as it was at some time */
  happens(upset: Upset, world: World, saved: FakeCassandra): void {
    const random = this.#random
    this.upset = upset
    switch (upset) {
      case 'commit lost':
        this.committed = null
        break
      case 'commit set back':
        if (this.committed !== null) this.committed = random(this.committed + 1)
        break
      case 'commit moved ahead':
        this.committed = (this.committed ?? 0) + random(this.end - (this.committed ?? 0) + 1)
        break
      case 'log cut':
        this.begin = random(this.end + 1)
        break
      case 'topic made again': {
        const outboxBefore = this.history.log.at(-1)!.outbox_id + 100
        this.history = createHistory(random, {changes: 30, nowS: this.#nowS, outboxBefore})
        this.end = random(this.length + 1)
        this.begin = 0
        // Kafka forgets a group's offsets with the topic.
        this.committed = null
        this.furthest = 0
        break
      }
      case 'keyspace made again':
        world.makeKeyspaceAgain(false)
        break
      case 'keyspace made again beside owners':
        world.makeKeyspaceAgain(true)
        break
      case 'keyspace restored':
        world.restoreKeyspace(saved)
        break
      default:
        upset satisfies never
    }
  }

  /** Whether a partition may stand still by now. */
  get mayStand(): boolean {
    return this.upset !== null && !HARMLESS.has(this.upset)
  }

  /** What the runbook says. @returns false when only a new read model helps */
  setRight(): boolean {
    if (this.upset === null || !ENDS_WITH_COMMIT.has(this.upset)) return false
    this.committed = null
    return true
  }
}
