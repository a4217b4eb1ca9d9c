/**
 * Counts by whole numbers, for histograms of rows: most have a handful, which are looked through one by
 * one; many are in a table.
 */
import {IntMap} from './int-map.ts'

/** Up to here a key is looked for one by one. */
const SEARCHED_MAX = 24

export class Bins {
  #keys: number[] = []
  #counts: number[] = []
  #many: IntMap | undefined

  get size(): number {
    return this.#many?.size ?? this.#keys.length
  }

  get bytes(): number {
    return this.#many?.bytes ?? 100 + this.#keys.length * 16
  }

  add(key: number, count: number): void {
    if (this.#many !== undefined) {
      const next = (this.#many.get(key) ?? 0) + count
      if (next === 0) this.#many.delete(key)
      else this.#many.set(key, next)
      return
    }
    const at = this.#keys.indexOf(key)
    if (at < 0) return this.#append(key, count)
    const next = this.#counts[at]! + count
    if (next !== 0) {
      this.#counts[at] = next
      return
    }
    const [lastKey, lastCount] = [this.#keys.pop()!, this.#counts.pop()!]
    if (at === this.#keys.length) return
    this.#keys[at] = lastKey
    this.#counts[at] = lastCount
  }

  /** Keys and counts, none of them 0. */
  forEach(visit: (key: number, count: number) => void): void {
    if (this.#many !== undefined) return this.#many.forEach(visit)
    for (let i = 0; i < this.#keys.length; i++) visit(this.#keys[i]!, this.#counts[i]!)
  }

  #append(key: number, count: number): void {
    if (count === 0) return
    this.#keys.push(key)
    this.#counts.push(count)
    if (this.#keys.length <= SEARCHED_MAX) return
    const many = new IntMap()
    for (const [i, one] of this.#keys.entries()) many.set(one, this.#counts[i]!)
    this.#many = many
    this.#keys = []
    this.#counts = []
  }
}
