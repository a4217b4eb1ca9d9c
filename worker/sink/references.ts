/**
 * Rows of reference streams for events that go out: what the read model has of them.
 *
 * Guarantees    INV-162: an event goes out with the newest row that was read for it, at most a second old; without
 *               one only when there is none, its topic read up to where it ended then, or when that took longer
 *               than the bound.
 * Does not      send an event again because its row came, or changed, later.
 */
import {LRUCache} from 'lru-cache'
import type {Fields} from '../../readmodel/fields.ts'
import type {Reference} from '../../readmodel/reference-table.ts'
import type {FindReference} from '../../readmodel/shown.ts'

export interface ReferenceSource {
  /** Those that are stored, by the texts of their ids. */
  load(stream: string, ids: readonly string[]): Promise<ReadonlyMap<string, Reference>>
  /** Resolves when what its topic holds now is stored, after the bound, or when the signal fired. */
  whenCaughtUp(stream: string, signal: AbortSignal): Promise<void>
}

export type ResolveReferences = (
  wanted: readonly {readonly stream: string; readonly id: string}[],
  signal: AbortSignal,
) => Promise<FindReference>

const KNOWN_MAX = 20_000
/** How long a row, or that there is none, is believed. */
const TTL_MS = 1000

export function createReferences(source: ReferenceSource): ResolveReferences {
  const known = new LRUCache<string, {readonly row: Fields | null}>({max: KNOWN_MAX, ttl: TTL_MS})
  const nameOf = (stream: string, id: string): string => `${stream} ${id}`

  /** @returns ids that are not stored */
  const load = async (
    stream: string,
    ids: readonly string[],
    found: Map<string, Fields | null>,
  ): Promise<readonly string[]> => {
    const rows = ids.length === 0 ? new Map<string, Reference>() : await source.load(stream, ids)
    for (const [id, {row, isDeleted}] of rows) {
      const one = {row: isDeleted ? null : row}
      known.set(nameOf(stream, id), one)
      found.set(nameOf(stream, id), one.row)
    }
    return ids.filter(id => !rows.has(id))
  }

  return async (wanted, signal) => {
    const found = new Map<string, Fields | null>()
    for (const [stream, refs] of Map.groupBy(wanted, one => one.stream)) {
      const unknown: string[] = []
      for (const id of new Set(refs.map(one => one.id))) {
        const one = known.get(nameOf(stream, id))
        if (one === undefined) unknown.push(id)
        else found.set(nameOf(stream, id), one.row)
      }
      let missing = await load(stream, unknown, found)
      if (missing.length > 0) {
        await source.whenCaughtUp(stream, signal)
        missing = await load(stream, missing, found)
      }
      for (const id of missing) known.set(nameOf(stream, id), {row: null})
    }
    return (stream, id) => found.get(nameOf(stream, id)) ?? null
  }
}
