/**
 * Which parts of rows wait to be computed again: some in memory, any number of them in Cassandra.
 *
 * They stand in blocks, in the order of their coming. A block is written before a position names it,
 * read once, and deleted whole when nothing of it waits any more. Few that are left of a block move to the
 * newest one, so that one part that is corrected all the time keeps no block for itself.
 *
 * Does not      read or write: it says what has to be.
 */
import type {StaleRow} from '../readmodel/projection.ts'
import type {StaleBlock} from '../readmodel/stale-table.ts'

/** Parts of one block. */
export const BLOCK_MAX = 2000
/** Parts in memory: blocks beyond wait in Cassandra. */
const MEMORY_MAX = 20_000
/** A full block of which so few are left is emptied. */
const FEW = BLOCK_MAX / 10

interface Block {
  readonly at: StaleBlock
  /** Those that wait, by name; undefined: they are in Cassandra alone. */
  waiting: Map<string, StaleRow> | undefined
  /** Not written yet, those that do not wait any more among them. */
  readonly unsaved: StaleRow[]
  /** Parts that it ever had. */
  count: number
  /** Something of it may be in Cassandra. */
  isWritten: boolean
}

export interface StaleSave {
  readonly rows: readonly {readonly at: StaleBlock; readonly rows: readonly StaleRow[]}[]
  /** What a position names when the rows are durable. */
  readonly blocks: readonly StaleBlock[]
  /** What nothing names any more when that position is. */
  readonly dropped: readonly StaleBlock[]
  /** Call it when the position is durable. */
  readonly commit: () => void
}

export const nameOfStale = ({projection, key, level, start}: StaleRow): string =>
  `${projection} ${level} ${start} ${key}`

export class StaleList {
  readonly #takeover: number
  #blocks: Block[]
  readonly #blockOf = new Map<string, Block>()
  #lastNumber = 0

  /** @param blocks what the position names; none of them is in memory yet */
  constructor(takeover: number, blocks: readonly StaleBlock[] = []) {
    this.#takeover = takeover
    const stored = {waiting: undefined, count: BLOCK_MAX, isWritten: true}
    this.#blocks = blocks.map(at => ({...stored, at, unsaved: []}))
  }

  /** How many there are; of blocks that are not in memory as many as they may have. */
  get size(): number {
    const unread = this.#blocks.filter(({waiting}) => waiting === undefined)
    return this.#blockOf.size + BLOCK_MAX * unread.length
  }

  /** Those in memory, oldest first. */
  *[Symbol.iterator](): IterableIterator<StaleRow> {
    for (const {waiting} of this.#blocks) if (waiting !== undefined) yield* waiting.values()
  }

  add(row: StaleRow): void {
    const name = nameOfStale(row)
    if (!this.#blockOf.has(name)) this.#append(name, row)
  }

  /** It was computed again, or is not stale after all. */
  remove(row: StaleRow): void {
    const name = nameOfStale(row)
    this.#blockOf.get(name)?.waiting?.delete(name)
    this.#blockOf.delete(name)
  }

  /** The oldest block to be read, when there is room for it. */
  get missing(): StaleBlock | undefined {
    if (this.#blockOf.size > MEMORY_MAX - BLOCK_MAX) return undefined
    return this.#blocks.find(({waiting}) => waiting === undefined)?.at
  }

  /** What a block holds that was missing. */
  loaded(at: StaleBlock, rows: readonly StaleRow[]): void {
    const block = this.#blocks.find(one => one.at === at)
    if (block === undefined || block.waiting !== undefined) return
    block.waiting = new Map()
    for (const row of rows) {
      const name = nameOfStale(row)
      if (this.#blockOf.has(name)) continue
      block.waiting.set(name, row)
      this.#blockOf.set(name, block)
    }
  }

  /** What a checkpoint has to make durable, as it is now. */
  save(): StaleSave {
    this.#moveFew()
    const isWanted = ({waiting}: Block): boolean => waiting === undefined || waiting.size > 0
    const dropped = this.#blocks.filter(block => block.isWritten && !isWanted(block))
    this.#blocks = this.#blocks.filter(isWanted)
    const saving = this.#blocks.filter(({unsaved}) => unsaved.length > 0)
    const rows = saving.map(block => {
      const {at, unsaved, waiting} = block
      block.isWritten = true
      return {at, rows: unsaved.filter(row => waiting!.has(nameOfStale(row)))}
    })
    const counts = saving.map(({unsaved}) => unsaved.length)
    return {
      rows,
      blocks: this.#blocks.map(({at}) => at),
      dropped: dropped.map(({at}) => at),
      commit: () => {
        for (const [i, {unsaved}] of saving.entries()) unsaved.splice(0, counts[i])
        this.#forgetMany()
      },
    }
  }

  #append(name: string, row: StaleRow): void {
    let last = this.#blocks.at(-1)
    if (last?.waiting === undefined || last.count >= BLOCK_MAX) {
      const at = {takeover: this.#takeover, number: (this.#lastNumber += 1)}
      last = {at, waiting: new Map(), unsaved: [], count: 0, isWritten: false}
      this.#blocks.push(last)
    }
    last.waiting!.set(name, row)
    last.unsaved.push(row)
    last.count += 1
    this.#blockOf.set(name, last)
  }

  #moveFew(): void {
    for (const block of this.#blocks) {
      const {waiting, count} = block
      if (waiting === undefined || count < BLOCK_MAX || waiting.size > FEW) continue
      if (block === this.#blocks.at(-1)) continue
      for (const [name, row] of waiting) this.#append(name, row)
      waiting.clear()
    }
  }

  /** What is too much for the memory is read again later: the newest goes first. */
  #forgetMany(): void {
    for (const block of this.#blocks.toReversed()) {
      if (this.#blockOf.size <= MEMORY_MAX) return
      if (block.waiting === undefined || block.unsaved.length > 0) continue
      for (const name of block.waiting.keys()) this.#blockOf.delete(name)
      block.waiting = undefined
    }
  }
}
