/**
 * Split values of an entity, and the place that each combination of them has in its rows.
 *
 * Guarantees    a value gets its place once per entity, in the order of the log, and all buckets use it:
 *               what counts as `(other)` does so in every bucket, whoever computes it.
 * Does not      grow without bound: fifty values of a dimension and 256 combinations, then `(other)`; but what
 *               measures name keeps a place of its own.
 */
import type {ByteReader, ByteWriter} from './bytes.ts'
import {textOf} from './fields.ts'

export const NO_VALUE = '(none)'
export const OTHER_VALUE = '(other)'
export const SPLIT_CHARACTERS_MAX = 64
/** Values of one dimension; `(other)` comes on top. */
export const VALUES_MAX = 50
/** Combinations of one entity; the one of `(other)` everywhere comes on top. */
export const PLACES_MAX = 256

/**
 * A value as breakdowns name it. Null is `(none)`; a real one that begins with a parenthesis gets a second
 * one, so nothing collides; what is too long counts as `(other)`.
 */
export function splitTextOf(value: unknown): string {
  if (value === null || value === undefined) return NO_VALUE
  const text = textOf(value)
  if (text.length > SPLIT_CHARACTERS_MAX) return OTHER_VALUE
  return text.startsWith('(') ? `(${text}` : text
}

/** The value behind its text; null for `(none)`. `(other)` is many and stays as it is. */
export function valueOfSplitText(text: string): string | null {
  if (text === NO_VALUE) return null
  return text.startsWith('((') ? text.slice(1) : text
}

/** Sketches keep the place of an entry in twelve bits. */
const NUMBERS_MAX = 2 ** 12

/** More than a dimension has values: `(other)` comes on top. */
const spanOf = (reserved: readonly (readonly string[])[]): number =>
  Math.max(VALUES_MAX, ...reserved.map(values => values.length)) + 2

/** Whether every combination that may ever have a place has a number of its own. */
export function areNumbered(reserved: readonly (readonly string[])[]): boolean {
  const named = reserved.reduce((product, values) => product * (values.length + 1), 1)
  const isExact = spanOf(reserved) ** reserved.length <= Number.MAX_SAFE_INTEGER
  return PLACES_MAX + named <= NUMBERS_MAX && isExact
}

export class Places {
  /** Values of each dimension, in the order of their coming. */
  readonly #values: string[][]
  readonly #indexes: Map<string, number>[]
  /** Values up to this index always have a place of their own. */
  readonly #reserved: readonly number[]
  /** Value indexes of each place, one after the other. */
  readonly #tuples: number[] = []
  readonly #byTuple = new Map<number, number>()
  readonly #span: number

  /** @param reserved values of each dimension that always have a place of their own */
  constructor(reserved: readonly (readonly string[])[]) {
    this.#values = reserved.map(values => [...values])
    this.#reserved = reserved.map(values => values.length)
    this.#indexes = reserved.map(values => new Map(values.map((value, i) => [value, i])))
    this.#span = spanOf(reserved)
  }

  get size(): number {
    return this.#values.length === 0 ? 1 : this.#tuples.length / this.#values.length
  }

  /** The place of a combination; a new one is made, or that of the others. */
  admit(values: readonly string[]): number {
    const dimensions = this.#values.length
    if (dimensions === 0) return 0
    let tuple = 0
    for (let d = 0; d < dimensions; d++) tuple = tuple * this.#span + this.#indexOf(d, values[d]!)
    const known = this.#byTuple.get(tuple)
    if (known !== undefined) return known
    if (this.size < PLACES_MAX) return this.#add(tuple)
    let others = 0
    for (let d = 0; d < dimensions; d++) {
      const index = this.#indexOf(d, values[d]!)
      const isReserved = index < this.#reserved[d]!
      others = others * this.#span + (isReserved ? index : this.#indexOf(d, OTHER_VALUE))
    }
    return this.#byTuple.get(others) ?? this.#add(others)
  }

  /** The values of a place: numbers of places never change. */
  valuesOf(place: number): readonly string[] {
    const dimensions = this.#values.length
    return this.#values.map((values, d) => values[this.#tuples[place * dimensions + d]!]!)
  }

  encode(writer: ByteWriter, places?: readonly number[]): void {
    const dimensions = this.#values.length
    if (dimensions === 0) return
    const chosen = places ?? Array.from({length: this.size}, (_, place) => place)
    writer.count(chosen.length)
    for (const [d, values] of this.#values.entries()) {
      const indexes = chosen.map(place => this.#tuples[place * dimensions + d]!)
      const used = [...new Set(indexes)]
      const numbers = new Map(used.map((index, number) => [index, number]))
      writer.count(used.length)
      for (const index of used) writer.text(values[index]!)
      for (const index of indexes) writer.count(numbers.get(index)!)
    }
  }

  /** What `encode` wrote: the values of each place. */
  static decode(reader: ByteReader, dimensions: number): readonly (readonly string[])[] {
    if (dimensions === 0) return [[]]
    const length = reader.count()
    const columns = Array.from({length: dimensions}, () => {
      const values = Array.from({length: reader.count()}, () => reader.text())
      return Array.from({length}, () => values[reader.count()]!)
    })
    return Array.from({length}, (_, place) => columns.map(column => column[place]!))
  }

  get bytes(): number {
    const values = this.#values.reduce((sum, list) => sum + list.length, 0)
    return 100 + values * 60 + this.#tuples.length * 40
  }

  #indexOf(dimension: number, value: string): number {
    const indexes = this.#indexes[dimension]!
    const known = indexes.get(value)
    if (known !== undefined) return known
    // A value without a place would be forgotten with the memory: rows hold the values of places.
    const isFull = indexes.size >= VALUES_MAX || this.size >= PLACES_MAX
    if (isFull && value !== OTHER_VALUE) return this.#indexOf(dimension, OTHER_VALUE)
    const index = this.#values[dimension]!.push(value) - 1
    indexes.set(value, index)
    return index
  }

  #add(tuple: number): number {
    const place = this.size
    const dimensions = this.#values.length
    const at = this.#tuples.length
    let rest = tuple
    for (let d = dimensions - 1; d >= 0; d--) {
      this.#tuples[at + d] = rest % this.#span
      rest = Math.floor(rest / this.#span)
    }
    this.#byTuple.set(tuple, place)
    return place
  }
}
