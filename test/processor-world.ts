/**
 * A processor's surroundings in memory: one partition of Kafka, Cassandra and Redis. Every call can be slow,
 * fail before or after its effect, or outlive the owner that made it.
 */
import {setTimeout as pause} from 'node:timers/promises'
import {PipelineError} from '../platform/errors.ts'
import {writeGrouped} from '../readmodel/batches.ts'
import {createPartReader} from '../readmodel/parts.ts'
import {createPositions, type Positions} from '../readmodel/positions.ts'
import {tablesFor} from '../readmodel/schema.ts'
import {createStaleTable} from '../readmodel/stale-table.ts'
import {createStreamStores} from '../readmodel/stream-stores.ts'
import type {PlacedStatement} from '../readmodel/rows.ts'
import {connectTo, FakeCassandra, type Call, type Sabotage} from './fakes/cassandra.ts'
import {connectToRedis, FakeRedis} from './fakes/redis.ts'
import {model} from './model-stream.ts'

export type Random = (below: number) => number

export function createRandom(seed: number): Random {
  let state = seed | 0
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** Faults of one owner's calls. `dead`: its calls may still have an effect, but never answer. */
export interface Faults {
  dead: boolean
  /** One call in so many fails; 0 for none. */
  failOneIn: number
  /** Turns of the event loop that a call may take. */
  turnsMax: number
  /** It never gets as far as recording how far it is, whatever else is durable by then. */
  recordsNothing?: boolean
}

/** Fences that can be taken away, to see that the tests notice. */
export interface WorldSabotage extends Sabotage {
  /** Redis takes the last write to arrive. */
  readonly ignoreRuns?: boolean
  /** `hold` always says yes. */
  readonly ignoreOwnership?: boolean
}

/** What the keyspace calls itself in Redis. */
export const SPACE = 'model'
export const LIVE = {lifeMs: 500, hashTtlS: 3600} as const

/** One call in so many takes milliseconds. */
const SLOW_ONE_IN = 50

export class World {
  readonly random: Random
  readonly sabotage: WorldSabotage
  readonly cassandra: FakeCassandra
  readonly redis = new FakeRedis(Date.now)

  constructor(seed: number, sabotage: WorldSabotage = {}) {
    this.random = createRandom(seed)
    this.sabotage = sabotage
    this.cassandra = new FakeCassandra(sabotage)
    this.cassandra.create(tablesFor([model]).map(({statement}) => statement))
    this.redis.isUnguarded = sabotage.ignoreRuns === true
  }

  /** Redis restarts: empty, or with what it had saved at some time. */
  restartRedis(saved?: ReturnType<FakeRedis['snapshot']>): void {
    this.redis.restart(saved)
  }

  /** An owner's calls: slow, and now and then without effect or without answer. */
  #callsOf(faults: Faults): Call {
    return async effect => {
      for (let turns = this.random(faults.turnsMax + 1); turns > 0; turns--) {
        await new Promise<void>(resolve => {
          setImmediate(resolve)
        })
      }
      // Slower than a repetition of what fails beside it.
      if (this.random(SLOW_ONE_IN) === 0) await pause(1 + this.random(5))
      const roll = faults.failOneIn === 0 ? 1 : this.random(faults.failOneIn)
      if (faults.dead && this.random(2) === 0) return await new Promise<never>(() => {})
      if (roll === 0 && this.random(2) === 0) throw unavailable()
      const result = effect()
      if (faults.dead) return await new Promise<never>(() => {})
      if (roll === 0) throw unavailable()
      return result
    }
  }

  /** What an owner is given of its stores. */
  storesOf(faults: Faults) {
    const call = this.#callsOf(faults)
    const cassandra = connectTo(this.cassandra, call)
    const redis = connectToRedis(this.redis, call)
    const parts = createPartReader(cassandra)
    const positions = createPositions(cassandra)
    return {
      stores: createStreamStores(model, {cassandra, redis, parts, space: SPACE}, LIVE),
      write: (statements: readonly PlacedStatement[]) => writeGrouped(cassandra, statements),
      positions: this.#sabotaged(positions, faults),
      staleRows: createStaleTable(cassandra),
    }
  }

  #sabotaged(positions: Positions, faults: Faults): Positions {
    return {
      ...positions,
      hold: async (...args) =>
        this.sabotage.ignoreOwnership === true ? true : await positions.hold(...args),
      save: async (...args) =>
        faults.recordsNothing === true
          ? await new Promise<never>(() => {})
          : await positions.save(...args),
    }
  }
}

export const unavailable = (): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})
