/**
 * References that events were written without, and the time those events cover: kept with the
 * partition's position, so that whoever owns it when the reference comes knows what to write again.
 */
import type {LateReference} from '../readmodel/positions.ts'

/** More are not remembered: their rows follow by `npm run reenrich`. */
const LATE_MAX = 1000

const nameOf = ({stream, id}: Pick<LateReference, 'stream' | 'id'>): string => `${stream} ${id}`

export class LateReferences {
  /** Another object with every event that is noted. */
  readonly #byName = new Map<string, LateReference>()
  readonly #max: number

  constructor(known: readonly LateReference[] = [], max = LATE_MAX) {
    this.#max = max
    for (const late of known) this.#byName.set(nameOf(late), late)
  }

  get size(): number {
    return this.#byName.size
  }

  /** @returns false when there are too many: the event will not be patched by itself */
  note(reference: Pick<LateReference, 'stream' | 'id'>, eventUs: number): boolean {
    const second = Math.floor(eventUs / 1_000_000)
    const name = nameOf(reference)
    const before = this.#byName.get(name)
    if (before === undefined && this.#byName.size >= this.#max) return false
    this.#byName.set(name, {
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
    if (this.#byName.get(name) === entry) this.#byName.delete(name)
  }
}
