/** What contents are called and how long they are: from a short memory, PostgreSQL, or Cassandra. */
import {LRUCache} from 'lru-cache'
import type {RollupPlan} from '../../readmodel/plan.ts'
import type {ContentTable} from '../content-table.ts'
import {mergeReads} from '../merge-reads.ts'
import type {Content} from '../schemas/content.ts'
import {isoOrNull} from '../times.ts'
import type {Stores} from './stores.ts'

export interface EngagementDeps {
  readonly contents: ContentTable
  readonly stores: Stores
}

export const STREAM = 'engagement'

/** Figures by content, and by device and event type within it. */
export const contentRollup = ({plan}: Pick<Stores, 'plan'>): RollupPlan =>
  plan(STREAM).rollups.find(({by}) => by.length === 1 && by[0] === 'content_id')!

/** How long a content's row is taken for the present one; that there is none is not remembered. */
const KEPT_MS = 1000
const CONTENTS_KEPT = 20_000

type Found = ReadonlyMap<string, Content>

/** What the content topic said last. */
async function fromStored(stores: Stores, ids: readonly string[], cause: unknown): Promise<Found> {
  const stored = await stores
    .references('content')
    .load(ids)
    .catch(() => {
      throw cause
    })
  const contents = new Map<string, Content>()
  for (const [id, {row, isDeleted}] of stored) {
    if (isDeleted) continue
    contents.set(id, {
      id,
      slug: (row['slug'] as string | null | undefined) ?? id,
      title: (row['title'] as string | null | undefined) ?? id,
      content_type: (row['content_type'] ?? null) as Content['content_type'],
      length_seconds: (row['length_seconds'] ?? null) as number | null,
      // Not every table has one, whatever the schema of ours says.
      publish_ts: isoOrNull(row['publish_ts'] as number | null | undefined) as string,
    })
  }
  return contents
}

export function createContents({
  contents,
  stores,
}: EngagementDeps): (id: string) => Promise<Content | undefined> {
  const kept = new LRUCache<string, Content>({max: CONTENTS_KEPT, ttl: KEPT_MS, ttlResolution: 50})
  const read = mergeReads(async (ids): Promise<Found> => {
    try {
      return new Map((await contents.read(ids)).map(one => [one.id, one]))
    } catch (error) {
      return await fromStored(stores, ids, error)
    }
  })
  return async text => {
    const id = contents.idOf(text)
    if (id === undefined) return undefined
    const known = kept.get(id)
    if (known !== undefined) return known
    const found = await read(id)
    if (found !== undefined) kept.set(id, found)
    return found
  }
}
