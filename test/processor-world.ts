/**
 * A processor's stores in memory: Cassandra and Redis. Every call can be slow, answer late, fail before, after or
 * long before its effect, or outlive the owner that made it. Both servers can be put back to what they were, and
 * Redis has a weather of its own.
 */
import {setTimeout as pause} from 'node:timers/promises'
import type {Cassandra} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'
import {writeGrouped} from '../readmodel/batches.ts'
import type {LiveStore} from '../readmodel/live-store.ts'
import {createPartReader} from '../readmodel/parts.ts'
import {createPositions, type Ownership, type Positions} from '../readmodel/positions.ts'
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
  /** Whoever takes a partition believes that the takeover he finds afterwards is his own. */
  readonly takeWhatIsThere?: boolean
  /** The marker says that all is in Redis before the last call of a round. */
  readonly promiseEarly?: boolean
  /** Where to go on is what Kafka has as committed, and nobody looks whether it fits. */
  readonly trustCommits?: boolean
  /** Nothing is noted of the log before something of it is written. */
  readonly namesNoLog?: boolean
  /** A position is believed whatever keyspace it was written for. */
  readonly ignoreSpace?: boolean
}

/**
 * What happens to Redis by itself. A silent failover keeps the connection; after an eviction what it holds is
 * right, and need not be all that it promised.
 */
export type Storm = 'failover' | 'silent failover' | 'emptied' | 'away' | 'eviction'
const STORMS: readonly Storm[] = ['failover', 'silent failover', 'emptied', 'away']

export interface WorldOptions {
  readonly sabotage?: WorldSabotage
  /** How often something happens to Redis by itself. */
  readonly storms?: number
  readonly stormKinds?: readonly Storm[]
  /** Cassandra refuses what is larger. */
  readonly mutationBytesMax?: number
}

export const LIVE = {lifeMs: 500, hashTtlS: 3600} as const

/** One call in so many takes milliseconds. */
const SLOW_ONE_IN = 50
/** At one call of Redis in so many something happens to it. */
const STORM_ONE_IN = 40
/** A call that was given up has its effect within this. */
const LATE_MS = 60
/** Redis is away for so long at most. */
const AWAY_MS = 40

export class World {
  readonly random: Random
  readonly sabotage: WorldSabotage
  /** Whoever was connected to the one before stays so. */
  cassandra: FakeCassandra
  readonly redis = new FakeRedis(Date.now)
  /** What the keyspace calls itself in Redis. */
  space = 'model'
  readonly #stormKinds: readonly Storm[]
  /** Takeovers that somebody has in this keyspace. */
  #takeovers = new Set<number>()
  /** Owners of two keyspaces are there at once. */
  #mayRepeatTakeovers = false
  /** What must never be, whatever is read in the end. */
  readonly broken: string[] = []
  readonly #mutationBytesMax: number
  #savedRedis: ReturnType<FakeRedis['snapshot']> = new Map()
  #storms: number
  #awayUntilMs = 0
  readonly #underWay = new Set<Promise<void>>()

  constructor(seed: number, options: WorldOptions = {}) {
    this.random = createRandom(seed)
    this.sabotage = options.sabotage ?? {}
    this.#mutationBytesMax = options.mutationBytesMax ?? Number.POSITIVE_INFINITY
    this.cassandra = this.#emptyCassandra()
    this.redis.isUnguarded = this.sabotage.ignoreRuns === true
    this.#storms = options.storms ?? (this.random(2) === 0 ? 0 : 1 + this.random(4))
    const drawn = this.random(3) === 0 ? ([...STORMS, 'eviction'] as const) : STORMS
    this.#stormKinds = options.stormKinds ?? drawn
  }

  #emptyCassandra(): FakeCassandra {
    const server = new FakeCassandra(this.sabotage)
    server.create(tablesFor([model]).map(({statement}) => statement))
    server.mutationBytesMax = this.#mutationBytesMax
    return server
  }

  get evicts(): boolean {
    return this.#stormKinds.includes('eviction')
  }

  /** @param isBeside owners that run go on with the new one as if nothing were */
  makeKeyspaceAgain(isBeside: boolean): void {
    if (isBeside) this.cassandra.clear()
    else this.cassandra = this.#emptyCassandra()
    this.#takeovers = new Set()
    this.#mayRepeatTakeovers = isBeside
    this.space = 'model made again'
  }

  restoreKeyspace(saved: FakeCassandra): void {
    this.cassandra = saved.copy()
    this.#takeovers = new Set()
  }

  /** Something happens to Redis. */
  #storm(): void {
    const {redis} = this
    const kind = this.#stormKinds[this.random(this.#stormKinds.length)]!
    switch (kind) {
      case 'failover':
      case 'silent failover':
        redis.restart(this.#savedRedis, {isNoticed: kind === 'failover'})
        this.#savedRedis = redis.snapshot()
        break
      case 'emptied':
        redis.restart()
        break
      case 'away':
        this.#awayUntilMs = Date.now() + this.random(AWAY_MS)
        break
      case 'eviction':
        redis.evict(() => this.random(4) === 0)
        break
      default:
        kind satisfies never
    }
  }

  async #wait(turnsMax: number): Promise<void> {
    for (let turns = this.random(turnsMax + 1); turns > 0; turns--) await turn()
  }

  /** An owner's calls: slow, and now and then without effect, without answer, or with an effect that comes late. */
  #callsOf(faults: Faults): Call {
    return async (effect, share = 1) => {
      await this.#wait(faults.turnsMax)
      // Slower than a repetition of what fails beside it.
      if (this.random(SLOW_ONE_IN) === 0) await pause(1 + this.random(5))
      const roll = faults.failOneIn === 0 ? 1 : this.random(faults.failOneIn * share)
      if (faults.dead && this.random(2) === 0) return await new Promise<never>(() => {})
      const kind = roll === 0 ? this.random(3) : -1
      if (kind === 0) throw unavailable()
      if (kind === 1) {
        this.#underWay.add(this.#later(effect))
        throw unavailable()
      }
      const result = effect()
      if (faults.dead) return await new Promise<never>(() => {})
      if (kind === 2) throw unavailable()
      // The answer takes its time, too.
      await this.#wait(faults.turnsMax)
      return result
    }
  }

  /** Nothing that was sent is still to come. */
  async whenQuiet(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** Nobody waits for it any more, and the server does it all the same. */
  async #later(effect: () => unknown): Promise<void> {
    await pause(this.random(2) === 0 ? this.random(15) : this.random(LATE_MS))
    try {
      effect()
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
    }
  }

  #callsOfRedis(faults: Faults): Call {
    const call = this.#callsOf(faults)
    return effect => {
      if (this.#storms > 0 && this.random(STORM_ONE_IN) === 0) {
        this.#storms -= 1
        this.#storm()
      } else if (this.random(STORM_ONE_IN) === 0) this.#savedRedis = this.redis.snapshot()
      return call(() => {
        if (Date.now() < this.#awayUntilMs) throw unavailable()
        return effect()
      })
    }
  }

  /** What an owner is given of its stores. */
  storesOf(faults: Faults) {
    const cassandra = connectTo(this.cassandra, this.#callsOf(faults))
    const redis = connectToRedis(this.redis, this.#callsOfRedis(faults))
    const parts = createPartReader(cassandra)
    const {space} = this
    const stores = createStreamStores(model, {cassandra, redis, parts, space}, LIVE)
    return {
      space,
      stores: this.sabotage.promiseEarly === true ? {...stores, live: early(stores.live)} : stores,
      write: (statements: readonly PlacedStatement[]) => writeGrouped(cassandra, statements),
      positions: this.#sabotaged(createPositions(cassandra), cassandra, faults),
      staleRows: createStaleTable(cassandra),
    }
  }

  #sabotaged(positions: Positions, cassandra: Cassandra, faults: Faults): Positions {
    const {sabotage} = this
    const takeovers = this.#takeovers
    const owner =
      'SELECT takeover, holder, ceiling FROM partition_owner WHERE topic = ? AND src_partition = ?'
    const ownerOf = async (topic: string, partition: number): Promise<Ownership> =>
      (await cassandra.rowsSerial(owner, [topic, partition]))[0] as unknown as Ownership
    return {
      ...positions,
      take: async (topic, partition) => {
        const own = await positions.take(topic, partition)
        const taken = sabotage.takeWhatIsThere === true ? await ownerOf(topic, partition) : own
        if (takeovers.has(taken.takeover) && !this.#mayRepeatTakeovers)
          this.broken.push(`two owners of takeover ${taken.takeover}`)
        takeovers.add(taken.takeover)
        return taken
      },
      hold: async (...args) =>
        sabotage.ignoreOwnership === true ? true : await positions.hold(...args),
      async save(at, position) {
        if (position.offset === 0 && sabotage.namesNoLog === true) return
        if (position.offset > 0 && faults.recordsNothing === true) {
          await new Promise<never>(() => {})
        }
        await positions.save(at, position)
      },
    }
  }
}

const early = (live: LiveStore): LiveStore => ({
  ...live,
  get connection() {
    return live.connection
  },
  flush: (partition, flush) => {
    const newest = flush.values.reduce((most, {offset}) => Math.max(most, offset), -1)
    return live.flush(partition, {...flush, offset: flush.offset ?? (newest < 0 ? null : newest)})
  },
})

export const turn = (): Promise<void> =>
  new Promise(resolve => {
    setImmediate(resolve)
  })

export const unavailable = (): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})
