/**
 * Distinct viewers of one aggregate row, apart for each cell (a device and an event type), so that
 * any choice of devices and types can be counted when answering.
 *
 * What is new since the last save travels as a journal inside the row; a full journal moves to a
 * slot of its own, and when the slots are full all cells are written as base. So a save costs what
 * changed, not what is there. Slots and base are written before the row that names them, and only
 * ever hold what the row's events hold: rows left over from a crash or an earlier owner do no harm.
 */
import {ByteReader, type ByteWriter} from './bytes.ts'
import {
  emptyRanks,
  estimateOf,
  HLL_REGISTERS,
  HyperLogLog,
  SPARSE_MAX,
  type HllEntry,
} from './hyperloglog.ts'

/** Entries that stay inside the row. */
export const JOURNAL_MAX = 256
export const SLOTS_MAX = 16
/** Base rows have these slot numbers: one per cell. */
export const BASE_SLOT = 1000
/** Entries of all cells together that are kept in one map. */
const SMALL_MAX = 2048
const ENTRY_BITS = 20
const ENTRY_MASK = 2 ** ENTRY_BITS - 1

/** What has to be stored outside of the row before the row. */
export interface Spill {
  readonly slots: ReadonlyArray<{readonly slot: number; readonly sketch: Buffer}>
  /** Call it when slots and row are durable. */
  readonly commit: () => void
}

/** What a row says about slots that belong to it. */
export interface SpillRefs {
  readonly baseCells: readonly number[]
  readonly slots: number
}

const NOTHING: SpillRefs = {baseCells: [], slots: 0}

export class ViewerSketch {
  /** `cell << 14 | register` to rank, while small. */
  #small: Map<number, number> | undefined = new Map()
  #cells: Array<HyperLogLog | undefined> = []
  #union: HyperLogLog | undefined
  #journal: number[] = []
  #stored: SpillRefs = NOTHING
  /** Everything was replaced: what is stored outside must be written again. */
  #rebase = false
  #estimate: number | undefined = 0

  add(cell: number, entry: HllEntry): void {
    if (!this.#addTo(cell, entry)) return
    this.#journal.push(cell * 2 ** ENTRY_BITS + entry)
    this.#estimate = undefined
  }

  /** Takes the place of everything with what `fresh` holds. */
  replace(fresh: ViewerSketch): void {
    this.#small = fresh.#small
    this.#cells = fresh.#cells
    this.#union = fresh.#union
    this.#journal = []
    this.#rebase = true
    this.#estimate = undefined
  }

  /** Distinct viewers over all cells. */
  estimate(): number {
    this.#estimate ??= this.#union?.estimate() ?? this.#estimateSmall()
    return this.#estimate
  }

  /** The sketch of chosen cells. */
  unionOf(isChosen: (cell: number) => boolean): HyperLogLog {
    const union = new HyperLogLog()
    for (const [cell, entry] of this.entries()) if (isChosen(cell)) union.add(entry)
    return union
  }

  *entries(): IterableIterator<readonly [cell: number, entry: HllEntry]> {
    if (this.#small !== undefined) {
      for (const [key, rank] of this.#small) {
        yield [Math.floor(key / HLL_REGISTERS), ((key % HLL_REGISTERS) << 6) | rank]
      }
      return
    }
    for (const [cell, sketch] of this.#cells.entries()) {
      if (sketch !== undefined) for (const entry of sketch.entries()) yield [cell, entry]
    }
  }

  get bytes(): number {
    const journal = this.#journal.length * 8
    if (this.#small !== undefined) return 150 + journal + this.#small.size * 40
    return this.#cells.reduce(
      (sum, cell) => sum + (cell?.bytes ?? 8),
      (this.#union?.bytes ?? 0) + journal,
    )
  }

  /** Appends to the row what belongs there; what must be stored beside it comes back. */
  encode(writer: ByteWriter, scratch: ByteWriter): Spill | undefined {
    const spill = this.#planSpill(scratch)
    const refs = spill?.refs ?? this.#stored
    writer.count(refs.baseCells.length)
    for (const cell of refs.baseCells) writer.count(cell)
    writer.count(refs.slots)
    const journal = spill?.journal ?? this.#journal
    writer.count(journal.length)
    for (const item of journal) writer.uint32(item)
    return spill
  }

  /** The sketch as far as the row holds it; the rest is added by `addStored`. */
  static decode(reader: ByteReader): ViewerSketch {
    const sketch = new ViewerSketch()
    const baseCells = Array.from({length: reader.count()}, () => reader.count())
    sketch.#stored = {baseCells, slots: reader.count()}
    for (let left = reader.count(); left > 0; left--) {
      const item = reader.uint32()
      sketch.#journal.push(item)
      sketch.#addTo(Math.floor(item / 2 ** ENTRY_BITS), item & ENTRY_MASK)
    }
    sketch.#estimate = undefined
    return sketch
  }

  /** True when slots or base rows belong to this sketch. */
  get isSpilled(): boolean {
    return this.#stored.slots > 0 || this.#stored.baseCells.length > 0
  }

  /** Adds a slot or base row that was read; one that does not belong to the row is passed over. */
  addStored(slot: number, bytes: Buffer): void {
    const {slots, baseCells} = this.#stored
    const belongs = slot < BASE_SLOT ? slot < slots : baseCells.includes(slot - BASE_SLOT)
    if (!belongs) return
    this.#estimate = undefined
    if (slot < BASE_SLOT) {
      for (let at = 0; at < bytes.length; at += 4) {
        const item = bytes.readUInt32LE(at)
        this.#addTo(Math.floor(item / 2 ** ENTRY_BITS), item & ENTRY_MASK)
      }
      return
    }
    for (const entry of decodeCell(bytes)) this.#addTo(slot - BASE_SLOT, entry)
  }

  /** Adds without writing it down: for reading and merging. */
  absorb(cell: number, entry: HllEntry): void {
    if (this.#addTo(cell, entry)) this.#estimate = undefined
  }

  #estimateSmall(): number {
    const union = new Map<number, number>()
    const ranks = emptyRanks()
    for (const [key, rank] of this.#small!) {
      const index = key % HLL_REGISTERS
      const before = union.get(index) ?? 0
      if (before >= rank) continue
      union.set(index, rank)
      ranks[before]! -= 1
      ranks[rank]! += 1
    }
    return estimateOf(ranks)
  }

  #addTo(cell: number, entry: HllEntry): boolean {
    const small = this.#small
    if (small === undefined) {
      const sketch = (this.#cells[cell] ??= new HyperLogLog())
      if (!sketch.add(entry)) return false
      this.#union?.add(entry)
      return true
    }
    const key = cell * HLL_REGISTERS + (entry >>> 6)
    const rank = entry & 63
    if ((small.get(key) ?? 0) >= rank) return false
    small.set(key, rank)
    if (small.size > SMALL_MAX) this.#grow()
    return true
  }

  #grow(): void {
    const entries = [...this.entries()]
    this.#small = undefined
    this.#union = new HyperLogLog()
    for (const [cell, entry] of entries) {
      const sketch = (this.#cells[cell] ??= new HyperLogLog())
      sketch.add(entry)
      this.#union.add(entry)
    }
  }

  #planSpill(
    scratch: ByteWriter,
  ): (Spill & {readonly refs: SpillRefs; readonly journal: readonly number[]}) | undefined {
    const wasRebase = this.#rebase
    if (!wasRebase && this.#journal.length <= JOURNAL_MAX) return undefined
    const before = this.#stored
    const taken = this.#journal.length
    const {slots, refs, journal} = wasRebase
      ? this.#planRebase(scratch)
      : before.slots < SLOTS_MAX
        ? this.#planSlot(scratch)
        : this.#planBase(scratch)
    const commit = (): void => {
      // A later save of the same row was planned meanwhile and has the last word.
      if (this.#stored !== before || this.#rebase !== wasRebase) return
      this.#stored = refs
      this.#rebase = false
      this.#journal = [...journal, ...this.#journal.slice(taken)]
    }
    return {slots, refs, journal, commit}
  }

  #planSlot(scratch: ByteWriter) {
    for (const item of this.#journal) scratch.uint32(item)
    const {slots, baseCells} = this.#stored
    return {
      slots: [{slot: slots, sketch: scratch.take()}],
      refs: {baseCells, slots: slots + 1},
      journal: [],
    }
  }

  #planBase(scratch: ByteWriter) {
    const cells = new Map<number, HllEntry[]>()
    for (const [cell, entry] of this.entries()) {
      const list = cells.get(cell)
      if (list === undefined) cells.set(cell, [entry])
      else list.push(entry)
    }
    const slots = [...cells].map(([cell, entries]) => ({
      slot: BASE_SLOT + cell,
      sketch: encodeCell(entries, scratch),
    }))
    return {slots, refs: {baseCells: [...cells.keys()], slots: 0}, journal: []}
  }

  #planRebase(scratch: ByteWriter) {
    const items: number[] = []
    for (const [cell, entry] of this.entries()) {
      items.push(cell * 2 ** ENTRY_BITS + entry)
      if (items.length > JOURNAL_MAX) return this.#planBase(scratch)
    }
    return {slots: [], refs: NOTHING, journal: items}
  }
}

const SPARSE = 0
const DENSE = 1

/** Few entries as a list, many as one byte per register. */
function encodeCell(entries: readonly HllEntry[], writer: ByteWriter): Buffer {
  if (entries.length <= SPARSE_MAX * 4) {
    writer.byte(SPARSE)
    let before = 0
    for (const entry of entries.toSorted((a, b) => a - b)) {
      writer.count(entry - before)
      before = entry
    }
    return writer.take()
  }
  const registers = new Uint8Array(HLL_REGISTERS)
  for (const entry of entries) registers[entry >>> 6] = entry & 63
  writer.byte(DENSE)
  writer.bytes(registers)
  return writer.take()
}

function* decodeCell(bytes: Buffer): IterableIterator<HllEntry> {
  const reader = new ByteReader(bytes)
  if (reader.byte() === SPARSE) {
    for (let entry = 0; !reader.isAtEnd;) {
      entry += reader.count()
      yield entry
    }
    return
  }
  const registers = reader.bytes(HLL_REGISTERS)
  for (let index = 0; index < HLL_REGISTERS; index++) {
    const rank = registers[index]!
    if (rank > 0) yield (index << 6) | rank
  }
}
