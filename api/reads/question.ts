/** Reads rows of a rollup: those that are named, those of a first column, or all. */
import {SECONDS_OF} from '../../readmodel/levels.ts'
import {
  isFresh,
  piecesOfTotal,
  sourceOf,
  type EntityView,
  type Piece,
  type RollupReads,
  type Source,
} from '../../readmodel/stream-reads.ts'
import {refuse} from '../problem.ts'
import type {Access} from '../query/choose.ts'
import type {Part} from './parts.ts'

/** Stored buckets of all keys that one question reads: ten years by day, a month by hour. */
const SCANNED_MAX = 3700
const AT_ONCE = 32

export type Add = (key: string, piece: Piece, start: number | null) => void

export interface How {
  /** Null: totals. */
  readonly parts: readonly Part[] | null
  readonly uniques: boolean
}

async function addView(
  reads: RollupReads,
  view: EntityView,
  {parts, uniques}: How,
  add: Add,
): Promise<void> {
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

interface KeysFrom {
  readonly source: Source
  /** Whether all that was found is as new as Redis. */
  readonly isFresh: boolean
}

/** Rows of these keys, as fresh as they are anywhere; that there is none is said by Cassandra. */
export async function readKeys(
  reads: RollupReads,
  keys: readonly string[],
  {parts, uniques}: How,
  add: Add,
): Promise<KeysFrom> {
  let fromRedis = 0
  let areFresh = true
  const readOne = async (view: EntityView): Promise<void> => {
    if (sourceOf(view) === 'redis') fromRedis++
    areFresh &&= isFresh(view)
    await addView(reads, view, {parts, uniques}, add)
  }
  for (let i = 0; i < keys.length; i += AT_ONCE) {
    const views = await reads.entities(keys.slice(i, i + AT_ONCE), {uniques})
    await Promise.all([...views.values()].map(readOne))
  }
  const isFromRedis = keys.length > 0 && fromRedis === keys.length
  return {source: isFromRedis ? 'redis' : 'cassandra', isFresh: areFresh}
}

/** Rows whose first key column is one of these, as they are stored. */
async function readFirsts(
  reads: RollupReads,
  firsts: readonly string[],
  how: How,
  add: Add,
): Promise<void> {
  for (const first of firsts) {
    const views = await reads.entitiesOf(first)
    for (let i = 0; i < views.length; i += AT_ONCE) {
      await Promise.all(views.slice(i, i + AT_ONCE).map(view => addView(reads, view, how, add)))
    }
  }
}

/** Rows of every key, as they are stored. */
export async function scanKeys(reads: RollupReads, {parts, uniques}: How, add: Add): Promise<void> {
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

/** @throws 422 when too many stored buckets of all keys would be read */
export function checkScan(parts: readonly Part[] | null, where: string, field: string): void {
  const scanned = (parts ?? []).reduce(
    (sum, {level, from, to}) => sum + (to - from) / SECONDS_OF[level],
    0,
  )
  if (scanned <= SCANNED_MAX) return
  const detail = `needs ${scanned} stored buckets of every row, at most ${SCANNED_MAX} are read: ask for whole days (UTC), a shorter time, or fewer rows`
  throw refuse(where, field, null, detail)
}

/** Rows of a rollup, found in this way. */
export async function readRows(
  reads: RollupReads,
  access: Access,
  how: How,
  add: Add,
): Promise<KeysFrom> {
  if (access.kind === 'keys') return await readKeys(reads, access.keys, how, add)
  if (access.kind === 'firsts') await readFirsts(reads, access.firsts, how, add)
  else {
    checkScan(how.parts, 'body', '/date_range')
    await scanKeys(reads, how, add)
  }
  return {source: 'cassandra', isFresh: false}
}
