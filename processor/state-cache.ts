/**
 * The aggregate rows of one partition that are in memory: loaded lazily, folded in place, evicted
 * when clean.
 *
 * Guarantees    INV-33: a record is folded once into each row, whatever was durable before (a row's
 *               guard is the `src_offset` it was loaded with). INV-34: a row is only created without
 *               a look-up when no earlier owner can have written it.
 * Does not      save: the owner takes dirty rows and says when they are durable.
 */
import assert from 'node:assert/strict'
import {settleAll} from '../platform/settle.ts'
import type {AggregateStore, Projection} from './projections/projection.ts'

/** One aggregate row in memory. */
export interface Row<Event> {
  readonly projection: Projection<Event, unknown>
  readonly key: string
  state: unknown
  /** Records up to this offset are in `state` already. */
  guard: number
  loaded: boolean
  /** Folded since it was last taken for Cassandra, or for Redis. */
  dirty: boolean
  liveDirty: boolean
  /** Saves in flight, to Cassandra and to Redis. */
  saving: number
  bytes: number
  used: boolean
  /** A recomputation in progress: new events go to both. */
  shadow: {state: unknown; spoiled: boolean} | undefined
}

export interface RowId {
  readonly projection: string
  readonly key: string
}

/** What all partitions of a process may keep in memory together. */
export interface CacheBudget {
  readonly entriesMax: number
  readonly bytesMax: number
  entries: number
  bytes: number
}

export const createBudget = (limits: {entriesMax: number; bytesMax: number}): CacheBudget => ({
  ...limits,
  entries: 0,
  bytes: 0,
})

export const isOverBudget = (budget: CacheBudget): boolean =>
  budget.entries > budget.entriesMax || budget.bytes > budget.bytesMax

export interface StateCacheOptions<Event> {
  readonly partition: number
  readonly projections: readonly Projection<Event, unknown>[]
  readonly liveProjections: ReadonlySet<string>
  readonly budget: CacheBudget
  readonly load: AggregateStore['load']
  /** No earlier owner has written rows that include a later offset. -1: none has written at all. */
  readonly ceiling: number
  /** Latest period that earlier owners have committed; -Infinity when none. */
  readonly maxPeriod: number
  /** Rows that an earlier owner left to be recomputed. */
  readonly stale: readonly RowId[]
}

/** A guess before the first measurement, bytes. */
const NEW_ROW_BYTES = 400
/** Keys in one load. */
const LOAD_CHUNK = 500

export class StateCache<Event> {
  readonly #options: StateCacheOptions<Event>
  readonly #rows: ReadonlyMap<string, Map<string, Row<Event>>>
  #missing: Row<Event>[] = []
  #dirty: Row<Event>[] = []
  #liveDirty: Row<Event>[] = []
  readonly #stale: Map<string, RowId>
  /** Rows of periods up to this may exist outside of memory. */
  #floor: number
  /** Rows without a period may exist outside of memory. */
  #timelessMayExist: boolean
  #maxPeriod: number
  /** While Redis is away nothing is kept for it: it will be seeded whole. */
  #live = true

  constructor(options: StateCacheOptions<Event>) {
    this.#options = options
    this.#rows = new Map(options.projections.map(({name}) => [name, new Map()]))
    this.#floor = options.maxPeriod
    this.#maxPeriod = options.maxPeriod
    this.#stale = new Map(options.stale.map(id => [`${id.projection} ${id.key}`, id]))
    this.#timelessMayExist = options.ceiling >= 0 || options.maxPeriod > -Infinity
  }

  get dirtyCount(): number {
    return this.#dirty.length
  }

  get liveDirtyCount(): number {
    return this.#liveDirty.length
  }

  get missingCount(): number {
    return this.#missing.length
  }

  /** Latest period of any row folded by this or an earlier owner. */
  get maxPeriod(): number {
    return this.#maxPeriod
  }

  /** Rows whose state is partly wrong until it is computed again from raw rows. */
  get stale(): readonly RowId[] {
    return [...this.#stale.values()]
  }

  /** Handles of the rows that the event belongs to. Rows that are not `loaded` wait for `load`. */
  rowsOf(event: Event, offset: number): readonly Row<Event>[] {
    const found: Row<Event>[] = []
    for (const projection of this.#options.projections) {
      for (const key of projection.keysOf(event)) found.push(this.rowAt(projection, key, offset))
    }
    return found
  }

  rowAt(projection: Projection<Event, unknown>, key: string, offset: number): Row<Event> {
    const rows = this.#rows.get(projection.name)
    assert(rows !== undefined, `projection ${projection.name} belongs to another stream`)
    const known = rows.get(key)
    if (known !== undefined) {
      known.used = true
      return known
    }
    const row = this.#createRow(projection, key, offset)
    rows.set(key, row)
    return row
  }

  /** Loads every row that was handed out and is not in memory. */
  async load(): Promise<void> {
    const missing = this.#missing
    this.#missing = []
    const groups = new Map<string, Row<Event>[]>()
    for (const row of missing) {
      const group = groups.get(row.projection.name)
      if (group === undefined) groups.set(row.projection.name, [row])
      else group.push(row)
    }
    const chunks = [...groups.values()].flatMap(rows =>
      Array.from({length: Math.ceil(rows.length / LOAD_CHUNK)}, (_, i) =>
        rows.slice(i * LOAD_CHUNK, (i + 1) * LOAD_CHUNK),
      ),
    )
    try {
      // A chunk still on its way would later replace what was folded since.
      await settleAll(chunks.map(chunk => this.#loadChunk(chunk)))
    } catch (error) {
      this.#missing = [...missing.filter(row => !row.loaded), ...this.#missing]
      throw error
    }
  }

  apply(row: Row<Event>, event: Event, offset: number): void {
    if (offset <= row.guard) return this.#touchLive(row)
    row.projection.apply(row.state, event)
    if (row.shadow !== undefined) row.projection.apply(row.shadow.state, event)
    this.touch(row)
  }

  retract(row: Row<Event>, event: Event, offset: number): void {
    if (offset <= row.guard) return this.#touchLive(row)
    row.projection.retract(row.state, event)
    if (row.shadow !== undefined) row.shadow.spoiled = true
    this.noteStale(row)
    this.touch(row)
  }

  /** Puts the row on the list of stale ones, or takes it off, as its state says. */
  noteStale(row: Row<Event>): void {
    if (row.projection.isStale === undefined) return
    const {name} = row.projection
    const id = `${name} ${row.key}`
    if (row.projection.isStale(row.state)) this.#stale.set(id, {projection: name, key: row.key})
    else this.#stale.delete(id)
  }

  /** The row must be written again. */
  touch(row: Row<Event>): void {
    if (!row.dirty) {
      row.dirty = true
      this.#dirty.push(row)
    }
    this.#touchLive(row)
  }

  /** An earlier owner may have died between writing the row to Cassandra and to Redis. */
  #touchLive(row: Row<Event>): void {
    if (!this.#live || row.liveDirty) return
    if (!this.#options.liveProjections.has(row.projection.name)) return
    row.liveDirty = true
    this.#liveDirty.push(row)
  }

  /** Dirty rows for Cassandra, oldest first; each is then in flight until `saved` or `unsaved`. */
  takeDirty(max: number): readonly Row<Event>[] {
    const taken = this.#dirty
    this.#dirty = taken.length > max ? taken.splice(max) : []
    for (const row of taken) {
      row.dirty = false
      row.saving += 1
      this.#measure(row)
    }
    return taken
  }

  takeLiveDirty(max: number): readonly Row<Event>[] {
    const taken = this.#liveDirty
    this.#liveDirty = taken.length > max ? taken.splice(max) : []
    for (const row of taken) {
      row.liveDirty = false
      row.saving += 1
    }
    return taken
  }

  /** Rows that were taken are durable (or need not be written). */
  release(rows: readonly Row<Event>[]): void {
    for (const row of rows) row.saving -= 1
  }

  /** A save to Cassandra failed: the rows are dirty again. */
  restoreDirty(rows: readonly Row<Event>[]): void {
    for (const row of rows) {
      row.saving -= 1
      if (row.dirty) continue
      row.dirty = true
      this.#dirty.push(row)
    }
  }

  /** Redis is away: nothing is kept for it, so that rows can be evicted. */
  stopLive(): void {
    this.#live = false
    for (const row of this.#liveDirty) row.liveDirty = false
    this.#liveDirty = []
  }

  /** Redis is back: every row in memory that belongs there is due, and what is touched from now on. */
  startLive(): void {
    this.#live = true
    for (const name of this.#options.liveProjections) {
      for (const row of this.#rows.get(name)?.values() ?? []) {
        if (row.liveDirty || !row.loaded) continue
        row.liveDirty = true
        this.#liveDirty.push(row)
      }
    }
  }

  /**
   * Makes a row that is in memory due for Redis. False when it is not in memory: then what is stored
   * is its value. At one offset a recomputed value in memory may be newer than the stored one.
   */
  isDueLive({projection, key}: RowId): boolean {
    const row = this.#rows.get(projection)?.get(key)
    if (row === undefined || !row.loaded) return false
    if (!row.liveDirty && this.#live) {
      row.liveDirty = true
      this.#liveDirty.push(row)
    }
    return true
  }

  /** A flush to Redis failed: the rows are due again. */
  restoreLiveDirty(rows: readonly Row<Event>[]): void {
    for (const row of rows) {
      row.saving -= 1
      if (row.liveDirty || !this.#live) continue
      row.liveDirty = true
      this.#liveDirty.push(row)
    }
  }

  /**
   * Forgets clean rows until the budget is kept, those that were not used lately first. Call it
   * between batches: handles are invalid afterwards.
   */
  evict(): number {
    let evicted = 0
    for (const rows of this.#rows.values()) {
      // One round at most: a row that was used gets a second chance at the end of the line.
      let left = rows.size
      for (const [key, row] of rows) {
        if (left-- <= 0 || !isOverBudget(this.#options.budget)) break
        if (row.used) {
          row.used = false
          rows.delete(key)
          rows.set(key, row)
        } else if (isClean(row)) {
          rows.delete(key)
          this.#forget(row)
          evicted += 1
        }
      }
    }
    return evicted
  }

  /** Gives back what the rows take from the budget. The cache is not used afterwards. */
  drop(): void {
    for (const rows of this.#rows.values()) {
      this.#options.budget.entries -= rows.size
      for (const row of rows.values()) this.#options.budget.bytes -= row.bytes
      rows.clear()
    }
  }

  #createRow(projection: Projection<Event, unknown>, key: string, offset: number): Row<Event> {
    const period = projection.periodOf?.(key)
    const mayExist =
      offset <= this.#options.ceiling ||
      (period === undefined ? this.#timelessMayExist : period <= this.#floor)
    if (period !== undefined) {
      if (period > this.#maxPeriod) this.#maxPeriod = period
      if (offset <= this.#options.ceiling && period > this.#floor) this.#floor = period
    }
    const row: Row<Event> = {
      projection,
      key,
      state: mayExist ? undefined : projection.create(key),
      guard: -1,
      loaded: !mayExist,
      dirty: false,
      liveDirty: false,
      saving: 0,
      bytes: NEW_ROW_BYTES,
      used: true,
      shadow: undefined,
    }
    this.#options.budget.entries += 1
    this.#options.budget.bytes += NEW_ROW_BYTES
    if (mayExist) this.#missing.push(row)
    return row
  }

  async #loadChunk(rows: readonly Row<Event>[]): Promise<void> {
    const [first] = rows
    if (first === undefined) return
    const {partition, load} = this.#options
    const stored = await load(
      first.projection.name,
      rows.map(row => row.key),
      partition,
    )
    for (const row of rows) {
      const found = stored.get(row.key)
      row.state = found?.state ?? row.projection.create(row.key)
      row.guard = found?.srcOffset ?? -1
      row.loaded = true
      this.noteStale(row)
    }
  }

  #measure(row: Row<Event>): void {
    const bytes = row.projection.bytesOf(row.state)
    this.#options.budget.bytes += bytes - row.bytes
    row.bytes = bytes
  }

  #forget(row: Row<Event>): void {
    this.#options.budget.entries -= 1
    this.#options.budget.bytes -= row.bytes
    const period = row.projection.periodOf?.(row.key)
    if (period === undefined) this.#timelessMayExist = true
    else if (period > this.#floor) this.#floor = period
  }
}

const isClean = (row: Row<unknown>): boolean =>
  row.loaded && !row.dirty && !row.liveDirty && row.saving === 0 && row.shadow === undefined
