/**
 * Content metadata for enrichment: what the `content` topic said last, from memory, then Cassandra,
 * then by waiting (bounded) until the topic is read up to its end at that moment.
 *
 * Guarantees    INV-36: metadata is that of the newest record seen (`outbox_id`, then
 *               `created_at`), or null: never invented.
 */
import {LRUCache} from 'lru-cache'
import type {ContentRecord} from '../contracts/content.ts'
import type {ContentMetadata, ContentStore} from './projections/projection.ts'

export interface MetadataCache {
  /** Metadata, null when there is none, undefined when it must be resolved first. */
  peek(id: string): ContentMetadata | null | undefined
  /** After it resolved, `peek` answers for these ids. */
  resolve(ids: readonly string[]): Promise<void>
}

export interface MetadataDeps {
  readonly load: ContentStore['load']
  /** Resolves when the content topic is read up to where it ends now, or after the bound. */
  readonly whenCaughtUp: () => Promise<void>
  readonly now: () => number
}

export interface MetadataOptions {
  readonly entriesMax: number
  /** How long "there is none" is believed without asking again. */
  readonly missTtlMs: number
}

export interface Metadata extends MetadataCache {
  /** Takes what the topic said; returns what is new. An older record changes nothing. */
  learn(contents: readonly ContentMetadata[]): readonly ContentMetadata[]
}

/** A record of the content topic as metadata. */
export function toMetadata(record: ContentRecord): ContentMetadata {
  return {
    id: record.id,
    slug: record.slug,
    title: record.title,
    content_type: record.content_type,
    length_seconds: record.length_seconds,
    publish_ts: record.publish_ts,
    outboxId: record.outbox_id,
    createdAt: record.created_at,
    deleted: record.op === 'd',
    fresh: record.op === 'c',
  }
}

type Version = Pick<ContentMetadata, 'outboxId' | 'createdAt'>

export function isNewer(candidate: Version, known: Version): boolean {
  if (candidate.outboxId !== known.outboxId) return candidate.outboxId > known.outboxId
  return candidate.createdAt > known.createdAt
}

export function createMetadata(deps: MetadataDeps, options: MetadataOptions): Metadata {
  const known = new LRUCache<string, ContentMetadata>({max: options.entriesMax})
  /** When it was found that there is none, milliseconds. */
  const missing = new LRUCache<string, number>({max: options.entriesMax})

  const learnOne = (content: ContentMetadata): boolean => {
    const before = known.get(content.id)
    if (before !== undefined && !isNewer(content, before)) return false
    known.set(content.id, content)
    missing.delete(content.id)
    return true
  }

  const loadUnknown = async (ids: readonly string[]): Promise<readonly string[]> => {
    const unknown = ids.filter(id => !known.has(id))
    if (unknown.length === 0) return []
    for (const content of (await deps.load(unknown)).values()) learnOne(content)
    return unknown.filter(id => !known.has(id))
  }

  return {
    peek(id) {
      const content = known.get(id)
      if (content !== undefined) return content.deleted ? null : content
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
    learn: contents => contents.filter(learnOne),
  }
}
