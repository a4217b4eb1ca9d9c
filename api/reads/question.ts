/** Reads the rows that a question needs, and groups them. */
import {NULL_KEY} from '../../readmodel/fields.ts'
import type {RollupPlan} from '../../readmodel/plan.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {
  isFresh,
  piecesOfTotal,
  sourceOf,
  type EntityView,
  type Piece,
  type RollupReads,
  type Source,
} from '../../readmodel/stream-reads.ts'
import {Tally} from '../../readmodel/tally.ts'
import {bucketStarts, withEnds} from '../calendar.ts'
import type {Session} from '../database.ts'
import {refuse} from '../problem.ts'
import type {QueryPlan} from '../query-plan.ts'
import {createGrouper} from '../query-rows.ts'
import {contentRollup, STREAM, type EngagementDeps} from './contents.ts'
import {newestOf, readOptions} from './figures.ts'
import {partsOf, wholeBuckets, type Part} from './parts.ts'
import type {Reads} from './reads.ts'
import {readFrom} from './stores.ts'

interface ContentFacts {
  readonly content_type: string | null
  readonly length_seconds: number | null
}

const GROUPS_MAX = 100_000
/** Contents that are read one by one: as fresh as Redis, by any stored bucket. */
export const CONTENTS_MAX = 1000
/** Stored buckets of all contents that one question reads: ten years by day, a month by hour. */
const SCANNED_MAX = 3700
const BUCKETS_MAX = 5000
const AT_ONCE = 32

/** Type and present length of all contents, or of those asked for. */
async function readFacts(
  db: Session,
  ids: ReadonlySet<string> | undefined,
): Promise<ReadonlyMap<string, ContentFacts>> {
  const {rows} = await db.query<ContentFacts & {id: string}>(
    ids === undefined
      ? 'SELECT id, content_type, length_seconds FROM public.content'
      : 'SELECT id, content_type, length_seconds FROM public.content WHERE id::text = ANY($1)',
    ids === undefined ? [] : [[...ids]],
  )
  return new Map(rows.map(row => [row.id, row]))
}

type Add = (key: string, piece: Piece, start: number | null) => void

interface KeysFrom {
  readonly source: Source
  /** Whether all that was found is as new as Redis. */
  readonly isFresh: boolean
}

/** Rows of these keys, as fresh as they are anywhere; that there is none is said by Cassandra. */
export async function readKeys(
  reads: RollupReads,
  keys: readonly string[],
  {parts, uniques}: {readonly parts: readonly Part[] | null; readonly uniques: boolean},
  add: Add,
): Promise<KeysFrom> {
  let fromRedis = 0
  let areFresh = true
  const readOne = async (view: EntityView): Promise<void> => {
    if (sourceOf(view) === 'redis') fromRedis++
    areFresh &&= isFresh(view)
    if (parts === null) {
      for (const piece of piecesOfTotal(view)) add(view.key, piece, null)
      return
    }
    for (const part of parts) {
      for (const {start, pieces} of await reads.buckets(view, part.level, part, {uniques})) {
        for (const piece of pieces) add(view.key, piece, start)
      }
    }
  }
  for (let i = 0; i < keys.length; i += AT_ONCE) {
    const views = await reads.entities(keys.slice(i, i + AT_ONCE), {uniques})
    await Promise.all([...views.values()].map(readOne))
  }
  const isFromRedis = keys.length > 0 && fromRedis === keys.length
  return {source: isFromRedis ? 'redis' : 'cassandra', isFresh: areFresh}
}

/** Rows of every key, as they are stored. */
export async function scanKeys(
  reads: RollupReads,
  {parts, uniques}: {readonly parts: readonly Part[] | null; readonly uniques: boolean},
  add: Add,
): Promise<void> {
  if (parts === null) {
    for await (const page of reads.all({uniques})) {
      for (const view of page) for (const piece of piecesOfTotal(view)) add(view.key, piece, null)
    }
    return
  }
  for (const part of parts) {
    for await (const page of reads.bucketsOfAll(part.level, part, {uniques})) {
      for (const {key, start, pieces} of page) for (const piece of pieces) add(key, piece, start)
    }
  }
}

/** Stretches of time that the question is about; null: all of it. */
function slicesOf(
  plan: QueryPlan,
  rollup: RollupPlan,
  earliest: number | null,
): readonly TimeRange[] | null {
  const {period, granularity, zone} = plan
  if (granularity === undefined) {
    return period.from === null ? null : [wholeBuckets(rollup, period.from, period.to)]
  }
  const since = period.from ?? earliest
  const starts =
    plan.starts ??
    (since === null
      ? []
      : bucketStarts({from: since, to: period.to}, granularity, zone, BUCKETS_MAX))
  if (starts === undefined) {
    const detail = `would have more than ${BUCKETS_MAX} buckets of a ${granularity}`
    throw refuse('body', '/date_range', 'all', detail)
  }
  return withEnds(starts, granularity, zone).map(({start, end}) => {
    return {from: start / 1000, to: end / 1000}
  })
}

/** @throws 422 when too many stored buckets of all keys would be read */
export function checkScan(parts: readonly Part[] | null, where: string, field: string): void {
  const sizes = {minute: 60, quarter: 900, hour: 3600, day: 86_400}
  const scanned = (parts ?? []).reduce(
    (sum, {level, from, to}) => sum + (to - from) / sizes[level],
    0,
  )
  if (scanned <= SCANNED_MAX) return
  const detail = `needs ${scanned} stored buckets of every row, at most ${SCANNED_MAX} are read: ask for whole days (UTC), a shorter time, or fewer rows`
  throw refuse(where, field, null, detail)
}

/** @returns answers to questions; a problem says what one would need too much of */
export function createQuestions({db, stores}: EngagementDeps): Reads['query'] {
  /** When the first event was, milliseconds: of these contents, as fresh as their rows, or of any. */
  const earliestOf = async (
    reads: RollupReads,
    rollup: RollupPlan,
    keys: readonly string[] | null,
  ): Promise<number | null> => {
    const first = new Tally(rollup, new Set(['first_event_at']))
    const add: Add = (_key, {bucket, valuesOf}) => first.add(bucket, valuesOf)
    const how = {parts: null, uniques: false}
    await (keys === null ? scanKeys(reads, how, add) : readKeys(reads, keys, how, add))
    const micros = first.values()['first_event_at'] as number | null
    return micros === null ? null : Math.floor(micros / 1000)
  }

  return async plan =>
    await readFrom(stores, {what: 'query', stream: STREAM}, async streamReads => {
      const rollup = contentRollup(stores)
      const reads = streamReads.rollup(rollup)
      const facts = await readFacts(db, plan.contents)
      const isScan = plan.contents === undefined || plan.contents.size > CONTENTS_MAX
      const keys = isScan ? null : [...facts.keys()]
      const isAll = plan.granularity !== undefined && plan.period.from === null
      const slices = slicesOf(plan, rollup, isAll ? await earliestOf(reads, rollup, keys) : null)
      const parts = slices === null ? null : partsOf(rollup, slices)
      const grouper = createGrouper(plan, {rollup, groupsMax: GROUPS_MAX})
      const seen = new Set<string>()
      const last = new Tally(rollup, new Set(['last_event_at']))
      const add: Add = (content, piece, start) => {
        const fact = facts.get(content)
        if (plan.contents !== undefined && fact === undefined) return
        seen.add(content)
        last.add(piece.bucket, piece.valuesOf)
        const isFew = grouper.add({
          content: content === NULL_KEY ? null : content,
          contentType: fact?.content_type ?? null,
          lengthSeconds: fact?.length_seconds ?? null,
          start: start === null ? null : start * 1000,
          piece,
        })
        if (isFew) return
        throw refuse('body', '/dimensions', null, `give more than ${GROUPS_MAX} rows: filter more`)
      }
      const how = {parts, ...readOptions(rollup, new Set(plan.metrics))}
      let from: KeysFrom = {source: 'cassandra', isFresh: false}
      if (keys === null) {
        checkScan(parts, 'body', '/date_range')
        await scanKeys(reads, how, add)
      } else from = await readKeys(reads, keys, how, add)
      const isShare = plan.metrics.some(name => name.startsWith('engagement_pct'))
      if (isShare && seen.size > CONTENTS_MAX && !plan.dimensions.includes('content')) {
        const detail = `is a sum over contents, here ${seen.size}: at most ${CONTENTS_MAX} are added up`
        throw refuse('body', '/metrics', 'engagement_pct', detail)
      }
      return {
        value: grouper.finish(),
        source: from.source,
        // Of a content that neither store has nothing says whether Redis is kept up to date.
        isFresh: from.isFresh && stores.isLive(STREAM),
        newestMicros: newestOf([last]),
        isScan,
      }
    })
}
