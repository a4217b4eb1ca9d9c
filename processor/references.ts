/**
 * Rows of reference streams (metadata of contents), for what events show beside their own: what the topic
 * said last, from memory, then Cassandra, then by waiting (bounded) until the topic is read up to its end
 * at that moment.
 *
 * Guarantees    INV-36: a reference is that of the newest record seen (`outbox_id`, then
 *               `created_at`), or null: never invented.
 */
import {LRUCache} from 'lru-cache'
import type {StreamRecord} from '../contracts/record.ts'
import type {Stream} from '../contracts/stream.ts'
import {textOf, type Fields} from '../readmodel/fields.ts'
import type {Reference, ReferenceTable} from '../readmodel/reference-table.ts'
import {isNewer} from './admit.ts'
import {identityOf} from './partition-state.ts'

export interface ReferenceCache {
  /** The row, null when there is none, undefined when it must be resolved first. */
  peek(id: string): Fields | null | undefined
  /** After it resolved, `peek` answers for these ids. */
  resolve(ids: readonly string[]): Promise<void>
}

export interface ReferenceDeps {
  readonly load: ReferenceTable['load']
  /** Resolves when the topic is read up to where it ends now, or after the bound. */
  readonly whenCaughtUp: () => Promise<void>
  readonly now: () => number
}

export interface ReferenceOptions {
  readonly entriesMax: number
  /** How long "there is none" is believed without asking again. */
  readonly missTtlMs: number
}

export interface References extends ReferenceCache {
  /** Takes what the topic said; returns what is new. An older record changes nothing. */
  learn(references: readonly Reference[]): readonly Reference[]
}

/** A record of a reference stream. */
export const toReference = (
  {idField}: Pick<Stream, 'idField'>,
  record: StreamRecord<Fields>,
): Reference => ({
  id: textOf(record[idField]),
  row: record,
  ...identityOf(record),
  isDeleted: record.op === 'd',
  isFresh: record.op === 'c' && !record.redelivered,
})

export function createReferences(deps: ReferenceDeps, options: ReferenceOptions): References {
  const known = new LRUCache<string, Reference>({max: options.entriesMax})
  /** When it was found that there is none, milliseconds. */
  const missing = new LRUCache<string, number>({max: options.entriesMax})

  const learnOne = (reference: Reference): boolean => {
    const before = known.get(reference.id)
    if (before !== undefined && !isNewer(reference, before)) return false
    known.set(reference.id, reference)
    missing.delete(reference.id)
    return true
  }

  const loadUnknown = async (ids: readonly string[]): Promise<readonly string[]> => {
    const unknown = ids.filter(id => !known.has(id))
    if (unknown.length === 0) return []
    for (const reference of (await deps.load(unknown)).values()) learnOne(reference)
    return unknown.filter(id => !known.has(id))
  }

  return {
    peek(id) {
      const reference = known.get(id)
      if (reference !== undefined) return reference.isDeleted ? null : reference.row
      const missedAt = missing.get(id)
      return missedAt !== undefined && deps.now() - missedAt < options.missTtlMs ? null : undefined
    },
    async resolve(ids) {
      let unknown = await loadUnknown(ids)
      if (unknown.length > 0) {
        await deps.whenCaughtUp()
        unknown = await loadUnknown(unknown)
      }
      const now = deps.now()
      for (const id of unknown) missing.set(id, now)
    },
    learn: references => references.filter(learnOne),
  }
}
