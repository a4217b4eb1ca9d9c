/**
 * What is counted of one thing (a content, a user, a product, or the whole stream): its total and its
 * buckets of time, in memory and as they are stored.
 *
 * The newest bucket of each level is *open*. An event is folded into the finest open one alone; when a newer
 * one opens, the one before is closed: merged into the bucket above, and a row of its own from then on. So a
 * bucket holds what lies in its closed parts, its whole value is that and its open parts
 * (`partsOf`), an event costs one bucket, and the row of the total with everything open inside, the
 * *root*, is the one row that an event changes.
 *
 * Guarantees    INV-33: a bucket is created without a look-up only when it cannot be stored: it is newer
 *               than every bucket of its level that left memory. A merge is an effect of the record that
 *               opens the newer bucket, and of no other.
 * Does not      read or write: it says what has to be loaded before an event can be folded, and what has
 *               to be written.
 */
import assert from 'node:assert/strict'
import type {TimeLevel} from '../contracts/stream.ts'
import {Bucket} from './bucket.ts'
import {ByteReader, type ByteWriter} from './bytes.ts'
import type {Inputs} from './inputs.ts'
import {startOf, US_PER_SECOND} from './levels.ts'
import {Places} from './places.ts'
import type {RollupPlan} from './plan.ts'
import type {Spill} from './unique-sketch.ts'

const FORMAT = 1
/** Said of a level that has no bucket yet. */
const NONE = Number.NEGATIVE_INFINITY

/** A bucket that is a row of its own. */
export interface BucketRow {
  readonly level: TimeLevel
  /** Whose bytes these are. */
  readonly bucket: Bucket
  readonly events: number
  /** Empty while the bucket is open. */
  readonly body: Buffer
}

export interface EncodedEntity {
  /** Durable before the root. */
  readonly rows: readonly BucketRow[]
  /** Null when it was written as it is. `stale`: how many of its buckets are. */
  readonly root: {readonly events: number; readonly stale: number; readonly body: Buffer} | null
  /** Call it when root and rows are durable. */
  readonly commit: () => void
}

/** What a durable row includes, and how many buckets are stale in it. */
interface SavedAs {
  readonly offset: number
  readonly stale: number
}

/**
 * Written again as that, it would be another write of the same timestamp, and nobody could say which of the two
 * stays: they name parts of their own.
 */
const isAs = (saved: SavedAs | undefined, offset: number, stale: number): boolean =>
  saved?.offset === offset && saved.stale === stale

/** Which of two rows stays. */
function laterOf(one: SavedAs | undefined, other: SavedAs): SavedAs {
  if (one === undefined || other.offset > one.offset) return other
  return other.offset === one.offset && other.stale < one.stale ? other : one
}

interface OwnBucket {
  readonly bucket: Bucket
  readonly level: number
  /** Version that its row was written with since it is closed; null: it never had one. */
  saved: number | null
  savedAs: SavedAs | undefined
  /** Version that readers of the moment have. */
  shown: number | null
}

export interface LoadedBucket {
  readonly level: TimeLevel
  readonly start: number
}

const staleIn = ({isRetracted}: Bucket): number => (isRetracted ? 1 : 0)

const eventsOf = (buckets: readonly Bucket[]): number =>
  buckets.reduce((sum, {events}) => sum + events, 0)

const own = (bucket: Bucket, level: number, saved: number | null = null): OwnBucket => ({
  bucket,
  level,
  saved,
  savedAs: undefined,
  shown: null,
})

/** A row for people to look at, while the root has what is counted. */
const NO_BODY = Buffer.alloc(0)

/** Names of fields in Redis, beside the levels. */
const HEAD = 'head'
const TOTAL = 'total'
const LATE = 'late'

export class Entity {
  readonly plan: RollupPlan
  readonly places: Places
  /** Times of the oldest and the newest event there ever were, microseconds: where looking ends. */
  oldestUs = Number.POSITIVE_INFINITY
  newestUs = Number.NEGATIVE_INFINITY
  readonly #total: OwnBucket
  /** By level, finest first: buckets in memory by their starts. */
  readonly #buckets: Map<number, OwnBucket>[]
  /** The open bucket of each level. */
  readonly #open: (OwnBucket | undefined)[]
  /** Buckets up to this start may be stored without being in memory. */
  readonly #floors: number[]
  /** What the durable root includes. */
  #saved: SavedAs | undefined
  /** What the head was when it was last shown. */
  #shownHead = ''
  #shownLate = ''

  constructor(plan: RollupPlan, total = new Bucket(plan, 0)) {
    this.plan = plan
    this.places = new Places(plan.reserved)
    this.#total = own(total, plan.levels.length)
    this.#buckets = plan.levels.map(() => new Map())
    this.#open = plan.levels.map(() => undefined)
    this.#floors = plan.levels.map(() => NONE)
  }

  /** What lies in closed buckets, or has no time. */
  get total(): Bucket {
    return this.#total.bucket
  }

  /** Makes sure that the event's buckets are there, or wanted. @returns true when some must be loaded */
  prepare(timeUs: number | null): boolean {
    if (timeUs === null) return false
    let isWhole = true
    for (let level = 0; level < this.#open.length; level++) {
      const start = this.#startAt(level, timeUs)
      // What is open is in memory, and so is everything above it.
      if (start >= this.#newest(level)) break
      const known = this.#buckets[level]!.get(start)
      if (known === undefined) isWhole = this.#want(level, start) && isWhole
      else isWhole = known.bucket.isLoaded && isWhole
    }
    return !isWhole
  }

  /** Makes sure that a closed bucket is there, or wanted. @returns false when it must be loaded */
  want({level, start}: LoadedBucket): boolean {
    const at = this.plan.levels.indexOf(level)
    if (at < 0 || start >= this.#newest(at)) return true
    const known = this.#buckets[at]!.get(start)
    return known === undefined ? this.#want(at, start) : known.bucket.isLoaded
  }

  /** Buckets that are wanted and not loaded. */
  get missing(): readonly LoadedBucket[] {
    const wanted = [...this.buckets()].filter(({bucket}) => !bucket.isLoaded)
    return wanted.map(({level, bucket: {start}}) => ({level, start}))
  }

  /** What is stored of a bucket; null when there is nothing. */
  setLoaded({level, start}: LoadedBucket, stored: Bucket | null): void {
    const at = this.plan.levels.indexOf(level)
    const bucket = stored ?? new Bucket(this.plan, start)
    const owned = own(bucket, at, stored === null ? null : bucket.version)
    if (stored !== null) owned.savedAs = {offset: stored.guard, stale: staleIn(stored)}
    this.#buckets[at]!.set(start, owned)
  }

  /** @returns false when everything of the entity includes the record */
  apply(splits: readonly string[], inputs: Inputs, offset: number): boolean {
    const {timeUs} = inputs
    let isChanged = false
    if (timeUs !== null) {
      isChanged = this.#openAt(timeUs, offset)
      if (timeUs < this.oldestUs) this.oldestUs = timeUs
      if (timeUs > this.newestUs) this.newestUs = timeUs
    }
    const place = this.places.admit(splits)
    for (const {bucket} of this.#chain(timeUs)) {
      isChanged = bucket.apply(place, inputs, offset) || isChanged
    }
    return isChanged
  }

  retract(splits: readonly string[], inputs: Inputs, offset: number): boolean {
    const place = this.places.admit(splits)
    let isChanged = false
    for (const {bucket} of this.#chain(inputs.timeUs)) {
      isChanged = bucket.retract(place, inputs, offset) || isChanged
    }
    return isChanged
  }

  /**
   * Somebody found that a part is wrong: it is not believed until it was computed again. It is in memory, or
   * cannot be stored. What is open inside belongs to what is wrong.
   */
  doubt({level, start}: {readonly level: string; readonly start: number}): void {
    const at = this.plan.levels.indexOf(level as TimeLevel)
    if (at < 0) {
      for (const bucket of this.totalParts) bucket.doubt()
      return
    }
    const known = this.#buckets[at]!.get(start)
    if (known === undefined && start >= this.#newest(at)) return
    const {bucket} = known ?? this.#createClosed(at, start)
    bucket.doubt()
    if (known !== undefined && known === this.#open[at]) {
      for (const open of this.#openUpTo(at)) open.doubt()
    }
  }

  /**
   * There are events at these times. Of an entity whose root is lost nothing else says so; what is opened by it
   * is to be computed.
   */
  widen(oldestUs: number, newestUs: number, offset: number): void {
    const isOpened = this.#openAt(newestUs, offset)
    if (isOpened) for (const open of this.#open) open?.bucket.doubt()
    if (isOpened) this.total.doubt()
    this.oldestUs = Math.min(this.oldestUs, oldestUs)
    this.newestUs = Math.max(this.newestUs, newestUs)
  }

  /** A bucket in memory: what lies in its closed parts. */
  bucket(level: TimeLevel, start: number): Bucket | undefined {
    return this.#buckets[this.plan.levels.indexOf(level)]?.get(start)?.bucket
  }

  /** Every bucket in memory, the total not among them. */
  *buckets(): IterableIterator<{readonly level: TimeLevel; readonly bucket: Bucket}> {
    for (const [at, buckets] of this.#buckets.entries()) {
      const level = this.plan.levels[at]!
      for (const {bucket} of buckets.values()) yield {level, bucket}
    }
  }

  /** Buckets that together are the whole value of one in memory: that, and the open ones inside. */
  partsOf(level: TimeLevel, start: number): readonly Bucket[] {
    const at = this.plan.levels.indexOf(level)
    const found = this.#buckets[at]?.get(start)
    if (found === undefined) return []
    return found === this.#open[at] ? this.#openUpTo(at) : [found.bucket]
  }

  /** The same of the total. */
  get totalParts(): readonly Bucket[] {
    return [this.total, ...this.#openUpTo(this.#open.length - 1)]
  }

  /** Start of the open bucket of a level; -Infinity before the first. */
  newestOf(level: TimeLevel): number {
    return this.#newest(this.plan.levels.indexOf(level))
  }

  get events(): number {
    return eventsOf(this.totalParts)
  }

  get bytes(): number {
    let bytes = 400 + this.places.bytes + this.total.bytes
    for (const {bucket} of this.buckets()) bytes += 150 + bucket.bytes
    return bytes
  }

  /** What a store keeps; states are taken as they are now. @param offset what they include */
  encode(writer: ByteWriter, spill: Spill, offset: number): EncodedEntity {
    const written: {owned: OwnBucket; version: number; as: SavedAs}[] = []
    let isRenamed = false
    const noting: Spill = {
      ...spill,
      add(part) {
        isRenamed = true
        return spill.add(part)
      },
    }
    const rows: BucketRow[] = []
    const stale = this.#staleInRoot()
    const isSaved = isAs(this.#saved, offset, stale)
    for (const [at, buckets] of this.#buckets.entries()) {
      for (const owned of buckets.values()) {
        const {bucket} = owned
        const isOpen = owned === this.#open[at]
        const level = this.plan.levels[at]!
        if (isOpen) {
          if (this.plan.isPacked || isSaved) continue
          rows.push({level, bucket, events: this.#eventsIn(level, bucket), body: NO_BODY})
          continue
        }
        if (!bucket.isLoaded || bucket.version === owned.saved) continue
        const as = {offset, stale: staleIn(bucket)}
        if (isAs(owned.savedAs, as.offset, as.stale)) continue
        rows.push(this.#toRow(level, bucket, writer, spill))
        written.push({owned, version: bucket.version, as})
      }
    }
    return {
      rows,
      root: isSaved ? null : {events: this.events, stale, body: this.#encodeRoot(writer, noting)},
      commit: () => {
        this.#saved = laterOf(this.#saved, {offset, stale})
        if (isRenamed) this.#hideParts()
        for (const {owned, version, as} of written) {
          owned.saved = version
          owned.savedAs = laterOf(owned.savedAs, as)
        }
        this.#forgetClosed()
      },
    }
  }

  /**
   * Fields for readers of the moment: everything that is not stored yet.
   *
   * @param isFirst all of it, not only what changed since it was last shown
   */
  encodeLive(writer: ByteWriter, isFirst: boolean): (string | Buffer)[] {
    const fields: (string | Buffer)[] = []
    const head = [this.places.size, this.oldestUs, this.newestUs].join(' ')
    if (isFirst || head !== this.#shownHead) {
      this.#encodeHead(writer)
      fields.push(HEAD, writer.take())
      this.#shownHead = head
    }
    const show = (name: string, owned: OwnBucket): void => {
      const {bucket, shown} = owned
      if (!isFirst && shown === bucket.version) return
      bucket.encode(writer)
      fields.push(name, writer.take())
      owned.shown = bucket.version
    }
    show(TOTAL, this.#total)
    for (const [level, open] of this.#open.entries()) {
      if (open !== undefined) show(this.plan.levels[level]!, open)
    }
    const late = this.#unsaved()
    const lateKey = late
      .map(({bucket, level}) => `${level} ${bucket.start} ${bucket.version}`)
      .join()
    if (isFirst || lateKey !== this.#shownLate) {
      writer.count(late.length)
      for (const {bucket, level} of late) {
        writer.byte(level)
        writer.signed(bucket.start)
        bucket.encode(writer)
      }
      fields.push(LATE, writer.take())
      this.#shownLate = lateKey
    }
    return fields
  }

  /** A root as it was read. @param guard the offset that it includes */
  static decode(plan: RollupPlan, body: Buffer, guard: number): Entity {
    const reader = new ByteReader(body)
    const entity = Entity.#read(plan, reader, reader, guard, () => reader)!
    entity.#saved = {offset: guard, stale: entity.#staleInRoot()}
    return entity
  }

  /**
   * What `encodeLive` wrote, all of it.
   *
   * @returns undefined when a field is missing
   */
  static decodeLive(
    plan: RollupPlan,
    fieldOf: (name: string) => Buffer | undefined,
    guard: number,
  ): Entity | undefined {
    const [head, total, late] = [fieldOf(HEAD), fieldOf(TOTAL), fieldOf(LATE)]
    if (head === undefined || total === undefined || late === undefined) return undefined
    const [headReader, totalReader] = [new ByteReader(head), new ByteReader(total)]
    const entity = Entity.#read(plan, headReader, totalReader, guard, level => {
      const body = fieldOf(level)
      return body && new ByteReader(body)
    })
    if (entity === undefined) return undefined
    const reader = new ByteReader(late)
    for (let left = reader.count(); left > 0; left--) {
      const level = reader.byte()
      const start = reader.signed()
      const bucket = Bucket.decode(plan, reader, {start, guard})
      entity.#buckets[level]!.set(start, own(bucket, level, bucket.version))
    }
    return entity
  }

  /** Fields that `decodeLive` asks for. */
  static liveFields = ({levels}: RollupPlan): readonly string[] => [HEAD, TOTAL, LATE, ...levels]

  /** @returns undefined when an open bucket is missing */
  static #read(
    plan: RollupPlan,
    head: ByteReader,
    total: ByteReader,
    guard: number,
    openAt: (level: TimeLevel) => ByteReader | undefined,
  ): Entity | undefined {
    head.format(FORMAT, 'a root')
    const places = Places.decode(head, plan.split.length)
    const [oldestUs, newestUs] = [head.double(), head.double()]
    const starts = plan.levels.map(() => (head.byte() === 0 ? NONE : head.signed()))
    const entity = new Entity(plan, Bucket.decode(plan, total, {start: 0, guard}))
    entity.oldestUs = oldestUs
    entity.newestUs = newestUs
    if (plan.split.length > 0) for (const values of places) entity.places.admit(values)
    for (const [level, start] of starts.entries()) {
      if (start === NONE) continue
      const reader = openAt(plan.levels[level]!)
      if (reader === undefined) return undefined
      entity.#setOpen(level, Bucket.decode(plan, reader, {start, guard}))
    }
    return entity
  }

  /** What lies beside the root has other names: readers of the moment have to be told. */
  #hideParts(): void {
    for (const owned of [this.#total, ...this.#open]) if (owned !== undefined) owned.shown = null
  }

  #staleInRoot(): number {
    return [this.#total, ...this.#open].filter(one => one?.bucket.isRetracted === true).length
  }

  #encodeRoot(writer: ByteWriter, spill: Spill): Buffer {
    this.#encodeHead(writer)
    const head = writer.take()
    writer.bytes(head)
    this.total.encode(writer, spill)
    for (const open of this.#open) open?.bucket.encode(writer, spill)
    return writer.take()
  }

  #encodeHead(writer: ByteWriter): void {
    writer.byte(FORMAT)
    this.places.encode(writer)
    writer.double(this.oldestUs)
    writer.double(this.newestUs)
    for (const open of this.#open) {
      writer.byte(open === undefined ? 0 : 1)
      if (open !== undefined) writer.signed(open.bucket.start)
    }
  }

  /** A row that is read without its root: it names the values of its places itself. */
  #toRow(level: TimeLevel, bucket: Bucket, writer: ByteWriter, spill: Spill): BucketRow {
    writer.byte(FORMAT)
    this.places.encode(writer, bucket.places)
    bucket.encode(writer, spill)
    return {level, bucket, events: this.#eventsIn(level, bucket), body: writer.take()}
  }

  #eventsIn(level: TimeLevel, {start}: Bucket): number {
    return eventsOf(this.partsOf(level, start))
  }

  /** Buckets that an event of this time is, or would be, counted in. */
  *#chain(timeUs: number | null): IterableIterator<OwnBucket> {
    if (timeUs !== null) {
      for (let level = 0; level < this.#open.length; level++) {
        const start = this.#startAt(level, timeUs)
        const found = this.#buckets[level]!.get(start) ?? this.#createClosed(level, start)
        assert(found.bucket.isLoaded, 'buckets are loaded before an event is folded into them')
        yield found
        if (found === this.#open[level]) return
      }
    }
    yield this.#total
  }

  /** Opens the buckets that an event needs, closing those before. @returns true when there were any */
  #openAt(timeUs: number, offset: number): boolean {
    let isChanged = false
    for (let level = 0; level < this.#open.length; level++) {
      const start = this.#startAt(level, timeUs)
      const before = this.#open[level]
      if (before !== undefined && start <= before.bucket.start) break
      if (before !== undefined) this.#close(level, before, offset)
      const bucket = this.#create(level, start)
      this.#open[level] = bucket
      isChanged = true
    }
    return isChanged
  }

  #close(level: number, closed: OwnBucket, offset: number): void {
    const above = level + 1 === this.#open.length ? this.#total : this.#open[level + 1]!
    if (offset > above.bucket.guard) above.bucket.merge(closed.bucket)
  }

  #create(level: number, start: number): OwnBucket {
    const created = own(new Bucket(this.plan, start), level)
    this.#buckets[level]!.set(start, created)
    return created
  }

  #createClosed(level: number, start: number): OwnBucket {
    assert(start > this.#floors[level]!, 'what may be stored is looked for before it is made anew')
    return this.#create(level, start)
  }

  /** @returns true when there is nothing to be loaded: it cannot be stored */
  #want(level: number, start: number): boolean {
    if (start > this.#floors[level]!) return true
    this.#create(level, start).bucket.isLoaded = false
    return false
  }

  #setOpen(level: number, bucket: Bucket): void {
    const owned = own(bucket, level)
    this.#buckets[level]!.set(bucket.start, owned)
    this.#open[level] = owned
    this.#floors[level] = bucket.start - 1
  }

  #newest(level: number): number {
    return this.#open[level]?.bucket.start ?? NONE
  }

  #openUpTo(level: number): Bucket[] {
    return this.#open.slice(0, level + 1).flatMap(open => open?.bucket ?? [])
  }

  #startAt(level: number, timeUs: number): number {
    return startOf(this.plan.levels[level]!, Math.floor(timeUs / US_PER_SECOND))
  }

  /** Closed buckets that changed since their row was written. */
  #unsaved(): readonly OwnBucket[] {
    const unsaved: OwnBucket[] = []
    for (const [at, buckets] of this.#buckets.entries()) {
      if (buckets.size === 1) continue
      for (const owned of buckets.values()) {
        const {bucket, saved} = owned
        if (owned === this.#open[at] || !bucket.isLoaded || bucket.version === saved) continue
        unsaved.push(owned)
      }
    }
    return unsaved
  }

  /** Closed buckets whose rows are durable leave memory. */
  #forgetClosed(): void {
    for (const [level, buckets] of this.#buckets.entries()) {
      if (buckets.size <= 1) continue
      for (const [start, owned] of buckets) {
        const {bucket, saved} = owned
        const isBusy = !bucket.isLoaded || bucket.version !== saved || bucket.shadow !== undefined
        if (owned === this.#open[level] || isBusy) continue
        buckets.delete(start)
        if (start > this.#floors[level]!) this.#floors[level] = start
      }
    }
  }
}

/** A bucket's own row as it was read, and the values of its places by their numbers. */
export interface StoredBucket {
  readonly bucket: Bucket
  readonly values: ReadonlyMap<number, readonly string[]>
}

/** @param at start, and the offset that the row includes */
export function decodeBucketRow(
  plan: RollupPlan,
  body: Buffer,
  at: {readonly start: number; readonly guard: number},
): StoredBucket {
  const reader = new ByteReader(body)
  reader.format(FORMAT, 'a row')
  const values = Places.decode(reader, plan.split.length)
  const bucket = Bucket.decode(plan, reader, at)
  return {bucket, values: new Map(bucket.places.map((place, i) => [place, values[i]!]))}
}
