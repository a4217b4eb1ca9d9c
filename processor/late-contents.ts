/**
 * Contents that events were written without, and the time those events cover: kept with the
 * partition's progress, so that whoever owns it when the content comes knows what to write again.
 */
import type {LateContent} from './projections/projection.ts'

interface Entry extends LateContent {
  /** Grows with every event that is noted. */
  readonly version: number
}

/** More are not remembered: their rows follow by `npm run reenrich`. */
export const LATE_CONTENTS_MAX = 1000

export class LateContents {
  readonly #byId = new Map<string, Entry>()
  readonly #max: number
  #versions = 0

  constructor(known: readonly LateContent[] = [], max = LATE_CONTENTS_MAX) {
    this.#max = max
    for (const content of known) this.#byId.set(content.id, {...content, version: 0})
  }

  get size(): number {
    return this.#byId.size
  }

  /** @returns false when there are too many: the event will not be patched by itself */
  note(id: string, eventUs: number): boolean {
    const second = Math.floor(eventUs / 1_000_000)
    const before = this.#byId.get(id)
    if (before === undefined && this.#byId.size >= this.#max) return false
    this.#versions += 1
    this.#byId.set(id, {
      id,
      from: Math.min(before?.from ?? second, second),
      to: Math.max(before?.to ?? second, second + 1),
      version: this.#versions,
    })
    return true
  }

  ids(): readonly string[] {
    return [...this.#byId.keys()]
  }

  get(id: string): Entry | undefined {
    return this.#byId.get(id)
  }

  /** Its events are patched, unless another one came since `entry` was read. */
  forget(entry: Entry): void {
    if (this.#byId.get(entry.id)?.version === entry.version) this.#byId.delete(entry.id)
  }

  /** For the partition's progress. */
  toJSON(): readonly LateContent[] {
    return [...this.#byId.values()].map(({id, from, to}) => ({id, from, to}))
  }
}
