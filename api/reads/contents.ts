/** What contents are called and how long they are: from a short memory, PostgreSQL, or Cassandra. */
import {LRUCache} from 'lru-cache'
import type {RollupPlan} from '../../readmodel/plan.ts'
import type {ContentRow} from '../../streams/content.ts'
import {readContents} from '../content-table.ts'
import type {Database} from '../database.ts'
import {mergeReads} from '../merge-reads.ts'
import type {Content} from '../schemas/content.ts'
import {toIso} from '../times.ts'
import type {Stores} from './stores.ts'

export interface EngagementDeps {
  readonly db: Database
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
    const {slug, title, content_type, length_seconds, publish_ts} = row as ContentRow
    contents.set(id, {
      id,
      slug,
      title,
      content_type: content_type as Content['content_type'],
      length_seconds,
      publish_ts: toIso(publish_ts),
    })
  }
  return contents
}

export function createContents({
  db,
  stores,
}: EngagementDeps): (id: string) => Promise<Content | undefined> {
  const kept = new LRUCache<string, Content>({max: CONTENTS_KEPT, ttl: KEPT_MS, ttlResolution: 50})
  const read = mergeReads(async (ids): Promise<Found> => {
    try {
      return new Map((await readContents(db, ids)).map(one => [one.id, one]))
    } catch (error) {
      return await fromStored(stores, ids, error)
    }
  })
  return async id => {
    const known = kept.get(id)
    if (known !== undefined) return known
    const found = await read(id)
    if (found !== undefined) kept.set(id, found)
    return found
  }
}
