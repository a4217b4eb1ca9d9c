/**
 * Distinct values of one aggregate row, apart for each of its places (a combination of split values), so
 * that any choice of places can be counted when answering.
 *
 * What is new since the last save travels as a journal inside the row; a full journal moves to a part of
 * its own, and when there are many parts every place is written as a whole. So a save costs what
 * changed, not what is there. Parts are named anew each time, never written twice, and durable before
 * the row that names them: what a crash or an overtaken owner leaves behind does no harm.
 */
import type {ByteReader, ByteWriter} from './bytes.ts'
import {HLL_REGISTERS, HyperLogLog, SPARSE_MAX, type HllEntry} from './hyperloglog.ts'

/** Entries that stay inside the row. */
export const JOURNAL_MAX = 256
export const PARTS_MAX = 16
/** Entries of one part: 64 KiB. */
const PART_ITEMS_MAX = 16_384
/** Up to here entries are looked through one by one. */
const SCANNED_MAX = 24
const ENTRY_SPAN = 2 ** 20
const RANK_SPAN = 64

/** Takes what has to be stored outside of the row before the row. */
export interface Spill {
  /** @returns the name of the part */
  add(part: Buffer): number
  /** Calls back when parts and row are durable. */
  onDurable(done: () => void): void
  /** The durable row names these parts no longer. */
  drop(parts: readonly number[]): void
}

const [ITEMS, SPARSE, DENSE] = [0, 1, 2] as const

const NONE: readonly number[] = []

export class UniqueSketch {
  /** While small every entry (`place * 2^20 + entry`), else those that are in no part yet. */
  #items: number[] = []
  /** Place and register to the rank, while there are too many to look through and not yet many. */
  #ranks: Map<number, number> | undefined
  #places: Array<HyperLogLog | undefined> | undefined
  #parts = NONE
  /** Parts of what was replaced: needless once a row without them is durable. */
  #replaced = NONE
  /** Everything was replaced: what is stored outside must be written again. */
  #isRebased = false

  add(place: number, entry: HllEntry): void {
    // While small the list is the sketch itself.
    const isSmall = this.#places === undefined
    if (this.#addTo(place, entry) && !isSmall) this.#items.push(place * ENTRY_SPAN + entry)
  }

  /** Takes the place of everything with what `fresh` holds, which is not used any more. */
  replace(fresh: UniqueSketch): void {
    this.#replaced = [...this.#replaced, ...this.#parts]
    this.#items = fresh.#items
    this.#ranks = fresh.#ranks
    this.#places = fresh.#places
    this.#parts = []
    this.#isRebased = fresh.#places !== undefined
    if (this.#isRebased) this.#items = []
  }

  *entries(): IterableIterator<readonly [place: number, entry: HllEntry]> {
    if (this.#places === undefined) {
      for (const item of this.#items) yield [Math.floor(item / ENTRY_SPAN), item % ENTRY_SPAN]
      return
    }
    for (const [place, sketch] of this.#places.entries()) {
      if (sketch !== undefined) for (const entry of sketch.entries()) yield [place, entry]
    }
  }

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#places === undefined && this.#parts.length === 0
  }

  get bytes(): number {
    const items = 60 + this.#items.length * 8 + (this.#ranks?.size ?? 0) * 40
    return (this.#places ?? []).reduce((sum, sketch) => sum + (sketch?.bytes ?? 8), items)
  }

  /**
   * Appends to the row what belongs there.
   *
   * @param spill absent: nothing is stored beside the row, however long the journal is
   */
  encode(writer: ByteWriter, spill?: Spill): void {
    const {parts, items} = this.#plan(spill)
    writer.count(parts.length)
    for (const part of parts) writer.count(part)
    writer.count(items.length)
    for (const item of items) writer.uint32(item)
  }

  /** The sketch as far as the row holds it; its parts are added by `addPart`. */
  static decode(reader: ByteReader): UniqueSketch {
    const sketch = new UniqueSketch()
    const parts = Array.from({length: reader.count()}, () => reader.count())
    for (let left = reader.count(); left > 0; left--) {
      const item = reader.uint32()
      sketch.add(Math.floor(item / ENTRY_SPAN), item % ENTRY_SPAN)
    }
    if (parts.length > 0) sketch.#parts = parts
    return sketch
  }

  /** Names of what is stored outside of the row. */
  get parts(): readonly number[] {
    return this.#parts
  }

  /** Adds a part that was read. */
  addPart(bytes: Buffer): void {
    // What parts hold must not stand in the journal again: the list is no longer all there is.
    this.#grow()
    for (const [place, entry] of decodePart(bytes)) this.#addTo(place, entry)
  }

  /** Adds everything of another sketch. For readers and for rows that are made of others. */
  merge(other: UniqueSketch, placeOf: (place: number) => number): void {
    for (const [place, entry] of other.entries()) this.add(placeOf(place), entry)
  }

  /** True when the sketch changed. */
  #addTo(place: number, entry: HllEntry): boolean {
    if (this.#places === undefined) return this.#addSmall(place, entry)
    const sketch = (this.#places[place] ??= new HyperLogLog())
    return sketch.add(entry)
  }

  #addSmall(place: number, entry: HllEntry): boolean {
    const item = place * ENTRY_SPAN + entry
    const key = Math.floor(item / RANK_SPAN)
    const rank = item % RANK_SPAN
    if (this.#ranks === undefined) {
      for (const known of this.#items) {
        if (Math.floor(known / RANK_SPAN) === key && known % RANK_SPAN >= rank) return false
      }
    } else if ((this.#ranks.get(key) ?? 0) >= rank) return false
    this.#items.push(item)
    this.#ranks?.set(key, rank)
    if (this.#items.length === SCANNED_MAX) this.#ranks = this.#toRanks()
    if (this.#items.length > JOURNAL_MAX) this.#grow()
    return true
  }

  #toRanks(): Map<number, number> {
    const ranks = new Map<number, number>()
    for (const item of this.#items) {
      const key = Math.floor(item / RANK_SPAN)
      ranks.set(key, Math.max(ranks.get(key) ?? 0, item % RANK_SPAN))
    }
    return ranks
  }

  #grow(): void {
    if (this.#places !== undefined) return
    const entries = [...this.entries()]
    this.#ranks = undefined
    this.#places = []
    for (const [place, entry] of entries) this.#addTo(place, entry)
  }

  #plan(spill: Spill | undefined): {
    readonly parts: readonly number[]
    readonly items: readonly number[]
  } {
    const isRebase = this.#isRebased
    const taken = this.#items.length
    const before = this.#parts
    if (spill === undefined || this.#places === undefined || !(isRebase || taken > JOURNAL_MAX)) {
      const replaced = this.#replaced
      if (replaced.length > 0) {
        spill?.onDurable(() => {
          if (this.#replaced === replaced) this.#replaced = []
          spill.drop(replaced)
        })
      }
      return {parts: before, items: isRebase ? this.#listAll() : this.#items}
    }
    const parts =
      isRebase || before.length >= PARTS_MAX || taken > PART_ITEMS_MAX
        ? this.#encodePlaces().map(part => spill.add(part))
        : [...before, spill.add(encodeItems(this.#items))]
    spill.onDurable(() => {
      // A later save of the same row was planned meanwhile and has the last word.
      if (this.#parts !== before || this.#isRebased !== isRebase) return
      this.#parts = parts
      this.#isRebased = false
      this.#items = this.#items.slice(taken)
      const dropped = [...before, ...this.#replaced].filter(part => !parts.includes(part))
      this.#replaced = []
      if (dropped.length > 0) spill.drop(dropped)
    })
    return {parts, items: []}
  }

  #listAll(): readonly number[] {
    return Array.from(this.entries(), ([place, entry]) => place * ENTRY_SPAN + entry)
  }

  #encodePlaces(): readonly Buffer[] {
    const parts: Buffer[] = []
    for (const [place, sketch] of this.#places!.entries()) {
      if (sketch !== undefined) parts.push(encodePlace(place, [...sketch.entries()]))
    }
    return parts
  }
}

function encodeItems(items: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(1 + items.length * 4)
  bytes[0] = ITEMS
  for (const [i, item] of items.entries()) bytes.writeUInt32LE(item, 1 + i * 4)
  return bytes
}

/** Few entries as a list, many as one byte per register. */
function encodePlace(place: number, entries: readonly HllEntry[]): Buffer {
  if (entries.length <= SPARSE_MAX * 4) {
    const bytes = Buffer.allocUnsafe(3 + entries.length * 4)
    bytes[0] = SPARSE
    bytes.writeUInt16LE(place, 1)
    for (const [i, entry] of entries.entries()) bytes.writeUInt32LE(entry, 3 + i * 4)
    return bytes
  }
  const bytes = Buffer.alloc(3 + HLL_REGISTERS)
  bytes[0] = DENSE
  bytes.writeUInt16LE(place, 1)
  for (const entry of entries) bytes[3 + (entry >>> 6)] = entry & 63
  return bytes
}

function* decodePart(bytes: Buffer): IterableIterator<readonly [place: number, entry: HllEntry]> {
  const kind = bytes[0]
  if (kind === ITEMS) {
    for (let at = 1; at < bytes.length; at += 4) {
      const item = bytes.readUInt32LE(at)
      yield [Math.floor(item / ENTRY_SPAN), item % ENTRY_SPAN]
    }
    return
  }
  const place = bytes.readUInt16LE(1)
  if (kind === SPARSE) {
    for (let at = 3; at < bytes.length; at += 4) yield [place, bytes.readUInt32LE(at)]
    return
  }
  for (let index = 0; index < HLL_REGISTERS; index++) {
    const rank = bytes[3 + index]!
    if (rank > 0) yield [place, (index << 6) | rank]
  }
}
