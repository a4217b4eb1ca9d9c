/**
 * References that events were written without, and the time those events cover: kept with the
 * partition's position, so that whoever owns it when the reference comes knows what to write again.
 */
import type {LateReference} from '../readmodel/positions.ts'

/** More are not remembered: their rows follow by `npm run reenrich`. */
export const LATE_MAX = 1000
/** All of them are written with every position. */
export const LATE_CHARACTERS_MAX = 64 * 1024

const nameOf = ({stream, id}: Pick<LateReference, 'stream' | 'id'>): string => `${stream} ${id}`

export class LateReferences {
  /** Another object with every event that is noted. */
  readonly #byName = new Map<string, LateReference>()
  /** Of all names. */
  #characters = 0

  constructor(known: readonly LateReference[] = []) {
    for (const late of known) this.#set(nameOf(late), late)
  }

  #set(name: string, late: LateReference): void {
    if (!this.#byName.has(name)) this.#characters += name.length
    this.#byName.set(name, late)
  }

  get size(): number {
    return this.#byName.size
  }

  /** @returns false when there are too many: the event will not be patched by itself */
  note(reference: Pick<LateReference, 'stream' | 'id'>, eventUs: number): boolean {
    const second = Math.floor(eventUs / 1_000_000)
    const name = nameOf(reference)
    const before = this.#byName.get(name)
    const characters = this.#characters + name.length
    const isFull = this.#byName.size >= LATE_MAX || characters > LATE_CHARACTERS_MAX
    if (before === undefined && isFull) return false
    this.#set(name, {
      stream: reference.stream,
      id: reference.id,
      from: Math.min(before?.from ?? second, second),
      to: Math.max(before?.to ?? second, second + 1),
    })
    return true
  }

  all(): readonly LateReference[] {
    return [...this.#byName.values()]
  }

  /** Its events are patched, unless another one came since `entry` was read. */
  forget(entry: LateReference): void {
    const name = nameOf(entry)
    if (this.#byName.get(name) !== entry) return
    this.#byName.delete(name)
    this.#characters -= name.length
  }
}
