/**
 * References that events were written without, and the time those events cover: kept with the
 * partition's position, so that whoever owns it when the reference comes knows what to write again.
 */
import type {LateReference} from '../readmodel/positions.ts'

interface Entry extends LateReference {
  /** Grows with every event that is noted. */
  readonly version: number
}

/** More are not remembered: their rows follow by `npm run reenrich`. */
export const LATE_MAX = 1000

const nameOf = ({stream, id}: Pick<LateReference, 'stream' | 'id'>): string => `${stream} ${id}`

export class LateReferences {
  readonly #byName = new Map<string, Entry>()
  readonly #max: number
  #versions = 0

  constructor(known: readonly LateReference[] = [], max = LATE_MAX) {
    this.#max = max
    for (const late of known) this.#byName.set(nameOf(late), {...late, version: 0})
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
    this.#versions += 1
    this.#byName.set(name, {
      stream: reference.stream,
      id: reference.id,
      from: Math.min(before?.from ?? second, second),
      to: Math.max(before?.to ?? second, second + 1),
      version: this.#versions,
    })
    return true
  }

  all(): readonly Entry[] {
    return [...this.#byName.values()]
  }

  /** Its events are patched, unless another one came since `entry` was read. */
  forget(entry: Entry): void {
    const name = nameOf(entry)
    if (this.#byName.get(name)?.version === entry.version) this.#byName.delete(name)
  }

  /** For the partition's position. */
  toJSON(): readonly LateReference[] {
    return this.all().map(({stream, id, from, to}) => ({stream, id, from, to}))
  }
}
