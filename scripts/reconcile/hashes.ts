/** Hashes of counts by names that people know, in Redis, against SQL. */
import {count} from '../../contracts/measures.ts'
import {equalOf, type Compared} from './differences.ts'
import {askedOf, askKeys, type Truth} from './rollups.ts'

/** What SQL says of a hash of counts. @param keys absent: all of them */
export const askHash = async (
  at: Compared,
  i: number,
  keys?: readonly string[],
): Promise<Truth> => {
  const stream = {...at.stream, measures: {events: count()}}
  const rollup = {...at.stream.rollups[i]!, measures: ['events'], split: []}
  return await askKeys({...askedOf({...at, stream}, i), rollup}, 'total', {keys})
}

/** Counts of a hash by key; null while it is not whole. */
export async function readHash(
  at: Compared,
  hash: string,
): Promise<ReadonlyMap<string, number> | null> {
  const parts = await at.live.namedHash(hash)
  if (parts.includes(null)) return null
  const counts = new Map<string, number>()
  for (const part of parts) {
    for (const [key, events] of part ?? []) counts.set(key, (counts.get(key) ?? 0) + events)
  }
  return counts
}

/** @param keys absent: all of them */
export function judgeHash(
  at: Compared,
  i: number,
  counts: ReadonlyMap<string, number>,
  truth: Truth,
  keys: Iterable<string> = new Set([...truth.keys(), ...counts.keys()]),
): void {
  const {hash, id} = at.plan.rollups[i]!
  for (const key of keys) {
    const expected = truth.get(key)?.get(0)?.get('')?.['events'] ?? 0
    const equal = equalOf(at, {kind: 'hash', rollup: i, key})
    equal(`redis hash ${hash} of ${id} ${key}`, expected, counts.get(key) ?? 0)
  }
}

/** The hash of a rollup's counts in Redis. */
export async function compareNamedHash(at: Compared, i: number): Promise<void> {
  const {hash} = at.plan.rollups[i]!
  const counts = hash === null ? null : await readHash(at, hash)
  if (counts !== null) judgeHash(at, i, counts, await askHash(at, i))
}
