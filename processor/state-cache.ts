/**
 * The aggregate rows of one partition that are in memory: loaded lazily, folded in place, evicted
 * when clean.
 *
 * Guarantees    INV-33: a record is folded once into each row, whatever was durable before (states know
 *               up to which record they count), and a row is only created without a look-up when no
 *               earlier owner can have written it.
 * Does not      save: the owner takes dirty rows and says when they are durable.
 */
import assert from 'node:assert/strict'
import {settleAll} from '../platform/settle.ts'
import type {Fields} from '../readmodel/fields.ts'
import type {Projection, StaleRow} from '../readmodel/projection.ts'

/** One aggregate row in memory. */
export interface Row {
  readonly projection: Projection
  readonly key: string
  /** Undefined while it is not loaded. */
  state: object | undefined
  /** Folded since it was last taken for Cassandra, or for Redis. */
  dirty: boolean
  liveDirty: boolean
  /** Redis got it lately, by the present run: what changed since is enough. */
  isLive: boolean
  /** Saves in flight, to Cassandra and to Redis. */
  saving: number
  flushing: number
  bytes: number
  used: boolean
  /** Somebody holds on to the state. */
  isPinned: boolean
  /** Something of it is being counted again from raw rows. */
  isRecounted: boolean
}

/** A row whose state is there. */
export type LoadedRow = Row & {readonly state: object}

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

export interface StateCacheOptions {
  readonly partition: number
  readonly projections: readonly Projection[]
  readonly budget: CacheBudget
  /** No earlier owner has written rows that include a later offset. -1: none has written at all. */
  readonly ceiling: number
  /** Takes note of what is stale in a row. */
  readonly onStale: (row: StaleRow) => void
}

/** A guess before the first measurement, bytes. */
const NEW_ROW_BYTES = 400
/** Keys in one load. */
const LOAD_CHUNK = 500
/** Beyond the budget one partition may hold this part of it in rows that are not saved. */
const UNSAVED_SHARE = 1 / 16
/** So few are never waited for: rows that are mended would keep what is behind them from being folded. */
const UNSAVED_MIN = 1000

export class StateCache {
  readonly #options: StateCacheOptions
  readonly #rows: ReadonlyMap<string, Map<string, Row>>
  /** All of them, in the order in which they are looked at to be forgotten. */
  readonly #line = new Set<Row>()
  #missing: Row[] = []
  readonly #dirty: Row[] = []
  readonly #liveDirty: Row[] = []
  /** Rows that were taken and are not known to be durable. */
  #saving = 0
  /** Rows that are not in memory may be stored. */
  #mayExist: boolean
  /** While readers are not told of Redis, nothing is kept for it. */
  #live = false

  constructor(options: StateCacheOptions) {
    this.#options = options
    this.#rows = new Map(options.projections.map(({id}) => [id, new Map()]))
    this.#mayExist = options.ceiling >= 0
  }

  get dirtyCount(): number {
    return this.#dirty.length
  }

  /** The budget is exceeded, and forgetting cannot help before rows are saved: nothing more is to be folded. */
  get isCrowded(): boolean {
    const {budget} = this.#options
    const unsaved = this.#dirty.length + this.#saving
    return (
      isOverBudget(budget) && unsaved > Math.max(UNSAVED_MIN, budget.entriesMax * UNSAVED_SHARE)
    )
  }

  get liveDirtyCount(): number {
    return this.#liveDirty.length
  }

  get missingCount(): number {
    return this.#missing.length
  }

  /** Rows that the event belongs to. Those without a state wait for `load`. */
  rowsOf(event: Fields): readonly Row[] {
    const found: Row[] = []
    for (const projection of this.#options.projections) {
      for (const key of projection.keysOf(event)) found.push(this.rowAt(projection, key))
    }
    return found
  }

  rowAt(projection: Projection, key: string): Row {
    const rows = this.#rows.get(projection.id)
    assert(rows !== undefined, `projection ${projection.id} belongs to another stream`)
    const known = rows.get(key)
    if (known !== undefined) {
      known.used = true
      return known
    }
    const row = this.#createRow(projection, key)
    rows.set(key, row)
    return row
  }

  projection(id: string): Projection | undefined {
    return this.#options.projections.find(one => one.id === id)
  }

  /** Loads every row that was handed out and is not in memory. */
  async load(): Promise<void> {
    const missing = this.#missing
    this.#missing = []
    const chunks = [...Map.groupBy(missing, ({projection}) => projection).values()].flatMap(rows =>
      Array.from({length: Math.ceil(rows.length / LOAD_CHUNK)}, (_, i) =>
        rows.slice(i * LOAD_CHUNK, (i + 1) * LOAD_CHUNK),
      ),
    )
    try {
      // A chunk still on its way would later replace what was folded since.
      await settleAll(chunks.map(chunk => this.#loadChunk(chunk)))
    } catch (error) {
      this.#missing = [...missing.filter(row => row.state === undefined), ...this.#missing]
      throw error
    }
  }

  /** Loads what the states of these rows say is missing in them. */
  async loadInside(rows: Iterable<LoadedRow>): Promise<void> {
    const {partition} = this.#options
    await settleAll(
      Array.from(rows, async row => {
        await row.projection.table.loadMissing?.(row.key, row.state, partition)
        this.noteStale(row)
      }),
    )
  }

  apply(row: LoadedRow, event: Fields, offset: number): void {
    if (row.projection.apply(row.state, event, offset)) this.touch(row)
    else this.#touchIncluded(row)
  }

  retract(row: LoadedRow, event: Fields, offset: number): void {
    // What is stale by it is noted with the next checkpoint: a row may have thousands of stale buckets.
    if (row.projection.retract(row.state, event, offset)) this.touch(row)
    else this.#touchIncluded(row)
  }

  /**
   * An earlier owner's write of the row includes the record. It may have come after this owner looked for
   * what is stored, or wrote the row to Redis as it was before.
   */
  #touchIncluded(row: Row): void {
    if (!row.isLive) this.touchLive(row)
  }

  /** Says what is stale in the row. */
  noteStale({projection, key, state}: LoadedRow): void {
    for (const bucket of projection.staleOf?.(state) ?? []) {
      this.#options.onStale({projection: projection.id, key, ...bucket})
    }
  }

  /** Says what has become stale since the rows were last saved. */
  noteStaleOfDirty(): void {
    for (const row of this.#dirty) if (isLoaded(row)) this.noteStale(row)
  }

  /** The row must be written again. */
  touch(row: Row): void {
    if (!row.dirty) {
      row.dirty = true
      this.#dirty.push(row)
    }
    this.touchLive(row)
  }

  /** The row must be written again, to Redis all of it: what stands there may be wrong. */
  renew(row: Row): void {
    row.isLive = false
    this.touch(row)
  }

  /** The row must be written to Redis. */
  touchLive(row: Row): void {
    if (!this.#live || row.liveDirty) return
    row.liveDirty = true
    this.#liveDirty.push(row)
  }

  /** Dirty rows for Cassandra, oldest first; each is then in flight until `saved` or `restoreDirty`. */
  takeDirty(max: number): readonly LoadedRow[] {
    const taken = this.#dirty.splice(0, max)
    this.#saving += taken.length
    for (const row of taken) {
      row.dirty = false
      row.saving += 1
      // Named when it is written, at the latest.
      this.noteStale(row as LoadedRow)
      this.#measure(row as LoadedRow)
    }
    return taken as LoadedRow[]
  }

  takeLiveDirty(max: number): readonly LoadedRow[] {
    const taken = this.#liveDirty.splice(0, max)
    for (const row of taken) {
      row.liveDirty = false
      row.flushing += 1
    }
    return taken as LoadedRow[]
  }

  /** Rows that were taken are durable. */
  saved(rows: readonly Row[]): void {
    this.#saving -= rows.length
    for (const row of rows) row.saving -= 1
  }

  /** Rows that were taken are in Redis. */
  flushed(rows: readonly Row[]): void {
    for (const row of rows) {
      row.flushing -= 1
      row.isLive = true
    }
  }

  /** A save to Cassandra failed: the rows are dirty again. */
  restoreDirty(rows: readonly Row[]): void {
    this.#saving -= rows.length
    for (const row of rows) {
      row.saving -= 1
      if (row.dirty) continue
      row.dirty = true
      this.#dirty.push(row)
    }
  }

  /** A flush to Redis failed: a new run will have them. */
  restoreLiveDirty(rows: readonly Row[]): void {
    for (const row of rows) {
      row.flushing -= 1
      this.touchLive(row)
    }
  }

  /** Redis is left alone: nothing is kept for it, so that rows can be evicted. */
  stopLive(): void {
    this.#live = false
    for (const row of this.#liveDirty) row.liveDirty = false
    this.#liveDirty.length = 0
  }

  /** A new run: nothing of the one before counts, and what is not stored yet is due. */
  startLive(): void {
    this.stopLive()
    this.#live = true
    this.refreshLive()
  }

  /** What Redis holds may expire: everything is written whole the next time, what is not stored yet is due. */
  refreshLive(): void {
    for (const row of this.#line) {
      row.isLive = false
      if (row.dirty || row.saving > 0) this.touchLive(row)
    }
  }

  /**
   * Forgets clean rows until the budget is kept, those that were not used lately first, whatever they are rows of.
   * Call it between batches: rows that were handed out are invalid afterwards.
   */
  evict(): number {
    const {budget} = this.#options
    let evicted = 0
    // One round at most: a row that was used gets a second chance at the end of the line.
    let left = this.#line.size
    for (const row of this.#line) {
      if (left-- <= 0 || !isOverBudget(budget)) break
      this.#line.delete(row)
      if (row.used || !isClean(row)) {
        row.used = false
        this.#line.add(row)
        continue
      }
      this.#rows.get(row.projection.id)!.delete(row.key)
      budget.entries -= 1
      budget.bytes -= row.bytes
      this.#mayExist = true
      evicted += 1
    }
    return evicted
  }

  /** Gives back what the rows take from the budget. The cache is not used afterwards. */
  drop(): void {
    const {budget} = this.#options
    budget.entries -= this.#line.size
    for (const row of this.#line) budget.bytes -= row.bytes
    this.#line.clear()
    for (const rows of this.#rows.values()) rows.clear()
  }

  #createRow(projection: Projection, key: string): Row {
    const row: Row = {
      projection,
      key,
      state: this.#mayExist ? undefined : projection.create(key),
      dirty: false,
      liveDirty: false,
      isLive: false,
      saving: 0,
      flushing: 0,
      bytes: NEW_ROW_BYTES,
      used: true,
      isPinned: false,
      isRecounted: false,
    }
    this.#options.budget.entries += 1
    this.#options.budget.bytes += NEW_ROW_BYTES
    this.#line.add(row)
    if (this.#mayExist) this.#missing.push(row)
    return row
  }

  async #loadChunk(rows: readonly Row[]): Promise<void> {
    const [first] = rows
    if (first === undefined) return
    const {projection} = first
    const keys = rows.map(({key}) => key)
    const stored = await projection.table.load(keys, this.#options.partition)
    for (const row of rows) {
      row.state = stored.get(row.key) ?? projection.create(row.key)
      this.noteStale(row as LoadedRow)
    }
  }

  #measure(row: LoadedRow): void {
    const bytes = row.projection.bytesOf(row.state)
    this.#options.budget.bytes += bytes - row.bytes
    row.bytes = bytes
  }
}

export function isLoaded(row: Row): row is LoadedRow {
  return row.state !== undefined
}

const isClean = (row: Row): boolean =>
  isLoaded(row) &&
  !row.dirty &&
  !row.liveDirty &&
  !row.isPinned &&
  row.saving === 0 &&
  row.flushing === 0
