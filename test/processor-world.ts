/**
 * A processor's surroundings in memory: a partition of Kafka, Cassandra with last-write-wins cells,
 * Redis with guards and leases. Every call can be slow, fail before or after its effect, or outlive
 * the owner that made it.
 */
import {setTimeout as pause} from 'node:timers/promises'
import {PipelineError} from '../platform/errors.ts'
import type {
  AggregateStore,
  Fence,
  Lease,
  LiveStore,
  PartitionProgress,
  PartitionStore,
  RawWrite,
  RegisterStore,
} from '../processor/projections/projection.ts'

export interface ModelEvent {
  readonly id: number
  readonly content: string
  /** Seconds. */
  readonly at: number
  readonly value: number | null
}

export interface ModelState {
  count: number
  sum: number
  /** Cannot be retracted. */
  max: number
  stale: boolean
}

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
export interface Sabotage {
  /** Cassandra takes the last write to arrive, whatever its timestamp. */
  readonly ignoreTimestamps?: boolean
  /** Rows are loaded as if they included nothing. */
  readonly ignoreGuards?: boolean
  /** Cells without value are left as they are although they must be cleared. */
  readonly neverClear?: boolean
  /** Redis takes the last write to arrive. */
  readonly ignoreLiveGuards?: boolean
  /** `hold` always says yes. */
  readonly ignoreOwnership?: boolean
}

/** Raw rows that are written in one call: a group of them may be written in part. */
const RAW_BATCH = 4
/** Rows of one page when Redis is seeded. */
const LIVE_PAGE = 4

/** One call in so many takes milliseconds. */
const SLOW_ONE_IN = 50

interface Cell<T> {
  readonly ts: bigint
  readonly value: T
}

interface RawRow {
  /** Timestamp of the newest deletion of the row. */
  deletedTs: bigint
  /** Presence of the row and its non-null part. */
  base: Cell<{
    readonly event: ModelEvent
    readonly outboxId: number
    readonly createdAt: number
  }> | null
  value: Cell<number | null> | null
}

const timestampOf = ({offset, generation}: Fence): bigint =>
  BigInt(offset) * 1_048_576n + BigInt(generation)

export const locationOf = ({content, at, id}: ModelEvent): string => `${content}/${at}/${id}`

export class World {
  readonly random: Random
  readonly sabotage: Sabotage
  readonly aggregates = new Map<string, {ts: bigint; state: string; srcOffset: number}>()
  readonly raw = new Map<string, RawRow>()
  readonly owner = {generation: 0, ceiling: -1}
  progress: {ts: bigint; value: PartitionProgress} | null = null
  redis = this.#emptyRedis()

  constructor(seed: number, sabotage: Sabotage = {}) {
    this.random = createRandom(seed)
    this.sabotage = sabotage
  }

  #emptyRedis(): {
    runId: string
    /** The highest generation that has written: an older one is refused. */
    generation: number
    lease: (Lease & {untilMs: number}) | null
    rows: Map<string, {offset: number; state: string}>
    events: Map<number, {outboxId: number; event: ModelEvent | null}>
  } {
    return {
      runId: `run-${Math.random()}`,
      generation: 0,
      lease: null,
      rows: new Map(),
      events: new Map(),
    }
  }

  /** Redis restarts: empty, or with what it had saved at some time. */
  restartRedis(saved: World['redis'] | null): void {
    this.redis = saved === null ? this.#emptyRedis() : {...saved, runId: `run-${Math.random()}`}
  }

  /** A reader believes Redis while a lease stands that was written into this very server. */
  isRedisBelieved(): boolean {
    const {lease, runId} = this.redis
    return lease !== null && lease.runId === runId && lease.untilMs > Date.now()
  }

  snapshotRedis(): World['redis'] {
    const {redis} = this
    return {...redis, rows: new Map(redis.rows), events: new Map(redis.events)}
  }

  /** A call of an owner: slow, and now and then without effect or without answer. */
  async #call<T>(faults: Faults, effect: () => T): Promise<T> {
    for (let turns = this.random(faults.turnsMax + 1); turns > 0; turns--) {
      await new Promise<void>(resolve => {
        setImmediate(resolve)
      })
    }
    // Slower than a repetition of what fails beside it.
    if (this.random(SLOW_ONE_IN) === 0) await pause(1 + this.random(5))
    const roll = faults.failOneIn === 0 ? 1 : this.random(faults.failOneIn)
    if (faults.dead && this.random(2) === 0) return await new Promise<T>(() => {})
    if (roll === 0 && this.random(2) === 0) throw unavailable()
    const result = effect()
    if (faults.dead) return await new Promise<T>(() => {})
    if (roll === 0) throw unavailable()
    return result
  }

  aggregateStore(faults: Faults): AggregateStore {
    return {
      load: (projection, keys) =>
        this.#call(faults, () => {
          const found = new Map<string, {state: unknown; srcOffset: number}>()
          for (const key of keys) {
            const row = this.aggregates.get(`${projection} ${key}`)
            if (row === undefined) continue
            const srcOffset = this.sabotage.ignoreGuards ? -1 : row.srcOffset
            found.set(key, {state: JSON.parse(row.state), srcOffset})
          }
          return found
        }),
      save: async (rows, fence) => {
        const taken = rows.map(row => ({
          name: `${row.projection} ${row.key}`,
          state: JSON.stringify(row.state),
        }))
        const ts = timestampOf(fence)
        // Row by row: a save that fails may have written a part.
        await Promise.all(
          taken.map(({name, state}) =>
            this.#call({...faults, dead: faults.dead}, () => {
              const before = this.aggregates.get(name)
              if (before !== undefined && before.ts > ts && !this.sabotage.ignoreTimestamps) return
              this.aggregates.set(name, {ts, state, srcOffset: fence.offset})
            }),
          ),
        )
      },
      scanLive: partition => this.#scanLive(faults, partition),
    }
  }

  async *#scanLive(faults: Faults, _partition: number) {
    const names = [...this.aggregates.keys()]
    for (let first = 0; first < names.length; first += LIVE_PAGE) {
      yield await this.#call(faults, () =>
        names.slice(first, first + LIVE_PAGE).map(name => {
          const row = this.aggregates.get(name)!
          const [projection, key] = name.split(' ') as [string, string]
          return {
            projection,
            key,
            state: JSON.parse(row.state) as unknown,
            srcOffset: row.srcOffset,
          }
        }),
      )
    }
  }

  registerStore(faults: Faults): RegisterStore<ModelEvent, null> {
    return {
      locationOf,
      read: events =>
        this.#call(faults, () =>
          events.map(event => {
            const row = this.raw.get(locationOf(event))
            return row === undefined ? null : toRegister(row)
          }),
        ),
      write: async writes => {
        const batches = Array.from({length: Math.ceil(writes.length / RAW_BATCH)}, (_, n) =>
          writes.slice(n * RAW_BATCH, (n + 1) * RAW_BATCH),
        )
        await Promise.all(
          batches.map(batch =>
            this.#call(faults, () => {
              for (const write of batch) this.#writeRaw(write)
            }),
          ),
        )
      },
      scan: (_projection, key) => this.#scanRaw(faults, key),
    }
  }

  async *#scanRaw(faults: Faults, key: string) {
    for (const location of this.raw.keys()) {
      yield await this.#call(faults, () => {
        const register = toRegister(this.raw.get(location)!)
        const isFound =
          register !== null &&
          keysOf(register.event).includes(key) &&
          this.#hasMinute(register.event)
        return isFound ? [register.event] : []
      })
    }
  }

  /** Raw rows are looked for where stored minutes say that there are some. */
  #hasMinute(event: ModelEvent): boolean {
    const [, minute] = keysOf(event)
    const stored = this.aggregates.get(`minutes ${minute}`)
    return stored !== undefined && (JSON.parse(stored.state) as {count: number}).count > 0
  }

  #writeRaw(write: RawWrite<ModelEvent, null>): void {
    const location = locationOf(write.event)
    const ts = timestampOf(write.fence)
    const row: RawRow = this.raw.get(location) ?? {deletedTs: -1n, base: null, value: null}
    this.raw.set(location, row)
    const wins = (cell: Cell<unknown> | null): boolean =>
      cell === null || cell.ts <= ts || this.sabotage.ignoreTimestamps === true
    if (write.kind === 'delete') {
      if (this.sabotage.ignoreTimestamps === true) {
        row.base = null
        row.value = null
      } else if (ts > row.deletedTs) row.deletedTs = ts
      return
    }
    const {event, outboxId, createdAt, fresh} = write
    if (wins(row.base))
      row.base = {ts, value: {event: {...event, value: null}, outboxId, createdAt}}
    const isUnset = event.value === null && (fresh || this.sabotage.neverClear === true)
    if (!isUnset && wins(row.value)) row.value = {ts, value: event.value}
  }

  partitionStore(faults: Faults): PartitionStore {
    return {
      take: () =>
        this.#call(faults, () => {
          this.owner.generation += 1
          return {...this.owner}
        }),
      renew: (_topic, _partition, owner) =>
        this.#call(faults, () => {
          if (owner.generation !== this.owner.generation) return null
          this.owner.generation += 1
          return {...this.owner}
        }),
      hold: (_topic, _partition, owner) =>
        this.#call(faults, () => {
          if (this.sabotage.ignoreOwnership) return true
          if (owner.generation !== this.owner.generation) return false
          this.owner.ceiling = Math.max(this.owner.ceiling, owner.ceiling)
          return true
        }),
      load: () => this.#call(faults, () => this.progress?.value ?? null),
      save: (_topic, value, fence) =>
        faults.recordsNothing === true
          ? new Promise<never>(() => {})
          : this.#call(faults, () => {
              const ts = timestampOf(fence)
              if (this.progress === null || this.progress.ts <= ts) this.progress = {ts, value}
            }),
    }
  }

  liveStore(faults: Faults, now: () => number): LiveStore<ModelEvent, null> {
    const call = <T>(effect: () => T): Promise<T> => this.#call(faults, effect)
    const standing = (): (Lease & {untilMs: number}) | null => {
      const {lease} = this.redis
      return lease !== null && lease.untilMs > now() ? lease : null
    }
    return {
      projections: new Set(['totals', 'minutes']),
      runId: () => call(() => this.redis.runId),
      lease: () => call(standing),
      revoke: (_partition, generation) =>
        call(() => {
          if (this.#isOvertaken(generation)) throw unavailable()
          this.redis.lease = null
        }),
      flush: flush =>
        call(() => {
          const lease = standing()
          const {generation} = flush.fence
          if (flush.runId !== this.redis.runId) return 'lost'
          if (this.#isOvertaken(generation)) return 'lost'
          if (flush.renew && lease === null) return 'lost'
          for (const row of flush.rows) {
            const name = `${row.projection} ${row.key}`
            const before = this.redis.rows.get(name)
            if (
              before !== undefined &&
              before.offset > row.offset &&
              !this.sabotage.ignoreLiveGuards
            )
              continue
            this.redis.rows.set(name, {offset: row.offset, state: JSON.stringify(row.state)})
          }
          for (const {kind, event, outboxId, withHash} of flush.events) {
            if (withHash === false) continue
            const before = this.redis.events.get(event.id)
            if (before !== undefined && before.outboxId > outboxId) continue
            this.redis.events.set(event.id, {outboxId, event: kind === 'put' ? event : null})
          }
          if (flush.leaseUntilMs > 0) {
            const {runId, leaseUntilMs: untilMs} = flush
            this.redis.lease = {runId, generation, offset: flush.fence.offset, untilMs}
          } else if ((flush.extendUntilMs ?? 0) > 0 && flush.renew && lease !== null) {
            this.redis.lease = {...lease, untilMs: flush.extendUntilMs!}
          }
          return 'applied'
        }),
    }
  }

  /** Every write in Redis carries its generation; an overtaken owner changes nothing. */
  #isOvertaken(generation: number): boolean {
    if (this.sabotage.ignoreLiveGuards === true) return false
    if (generation < this.redis.generation) return true
    this.redis.generation = generation
    return false
  }

  /** The raw rows as a reader sees them, by location. */
  readRaw(): ReadonlyMap<string, ModelEvent> {
    const found = new Map<string, ModelEvent>()
    for (const [location, row] of this.raw) {
      const register = toRegister(row)
      if (register !== null) found.set(location, register.event)
    }
    return found
  }
}

function toRegister({base, value, deletedTs}: RawRow) {
  if (base === null || base.ts <= deletedTs) return null
  const {event, outboxId, createdAt} = base.value
  const shown = value !== null && value.ts > deletedTs ? value.value : null
  return {event: {...event, value: shown}, derived: null, outboxId, createdAt}
}

/** Keys of the model's two projections: all of a content, and its minutes. */
export const keysOf = ({content, at}: ModelEvent): readonly string[] => [
  content,
  `${content}@${Math.floor(at / 60) * 60}`,
]

export const unavailable = (): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})
