/**
 * Compares places alone, whatever else there is: what is stored is read first and all of it together, so that
 * SQL may take its time.
 */
import {textsOfKey} from '../../readmodel/rollup-table.ts'
import {SECONDS_OF, type TimeLevel} from '../../readmodel/levels.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {piecesOfTotal} from '../../readmodel/stream-reads.ts'
import type {Compared, Difference, Place} from './differences.ts'
import {askLists, judgeList, readList, readSpecial, readWindows} from './events.ts'
import {askHash, judgeHash, readHash} from './hashes.ts'
import {compareEvents, compareStrays} from './raw-rows.ts'
import {
  askedOf,
  askKeys,
  askTruth,
  chunksOf,
  isWhole,
  rowsEqual,
  type StoredRow,
} from './rollups.ts'
import {compareRuns, isByKey, scopeOf} from './stream.ts'

/** Compares what was read with SQL. */
export type Judge = () => Promise<void>

type PlaceOf<Kind extends Place['kind']> = Extract<Place, {kind: Kind}>
type RollupPlace = PlaceOf<'rollup'>

const KEYS_AT_ONCE = 100

export const nameOfPlace = (place: Place): string => JSON.stringify(place)

/** Places of differences, each once. */
export const placesOf = (differences: readonly Difference[]): readonly Place[] => [
  ...new Map(differences.map(({place}) => [nameOfPlace(place), place])).values(),
]

const ofKind = <Kind extends Place['kind']>(
  places: readonly Place[],
  kind: Kind,
): readonly PlaceOf<Kind>[] => places.filter((place): place is PlaceOf<Kind> => place.kind === kind)

/** Source partitions that something of it may lie in. */
export function partitionsOf(at: Compared, place: Place): readonly number[] {
  const {stream, plan, partitions, sides} = at
  const {reads} = sides[0]
  const every = Array.from({length: partitions}, (_, partition) => partition)
  switch (place.kind) {
    case 'rollup':
      return isByKey(at, place.rollup)
        ? reads.partitionsOf(textsOfKey(plan.rollups[place.rollup]!, place.key)[0]!)
        : every
    case 'list':
      return reads.partitionsOf(place.key)
    case 'special':
      return stream.special[place.special]!.by === stream.keyField
        ? reads.partitionsOf(place.key)
        : every
    case 'stray':
    case 'run':
      return [place.partition]
    case 'hash':
    case 'event':
    case 'window':
      return every
    default:
      return place satisfies never
  }
}

/** @param nowS the end of windows, seconds since 1970 */
export async function readPlaces(
  at: Compared,
  places: readonly Place[],
  nowS: number,
): Promise<Judge> {
  const judges: Judge[] = []
  const read = async <Kind extends Place['kind']>(
    kind: Kind,
    reader: (own: readonly PlaceOf<Kind>[]) => Promise<readonly Judge[] | Judge | void>,
  ): Promise<void> => {
    const own = ofKind(places, kind)
    if (own.length > 0) judges.push(...[(await reader(own)) ?? []].flat())
  }
  await read('rollup', own => readRollups(at, own))
  await read('hash', own => readHashes(at, own))
  await read('window', own => readWindows(at, nowS, new Set(own.map(({window}) => window))))
  await read('list', own => readLists(at, own))
  await read('special', own => readSpecials(at, own))
  // By their primary keys: SQL is as quick as the stores.
  await read('event', async own => {
    await compareEvents(
      at,
      own.map(({id}) => id),
    )
  })
  await read('stray', async own => await compareStrays(at, own))
  await read('run', async own => {
    await compareRuns(at, new Set(own.map(({partition}) => partition)))
  })
  return async () => {
    for (const judge of judges) await judge()
  }
}

async function readRollups(
  at: Compared,
  places: readonly RollupPlace[],
): Promise<readonly Judge[]> {
  const judges: Judge[] = []
  for (const [i, own] of Map.groupBy(places, ({rollup}) => rollup)) {
    judges.push(await readRollup(at, i, own))
  }
  return judges
}

interface Read {
  readonly where: string
  readonly place: RollupPlace
  readonly row: StoredRow
}

async function readRollup(at: Compared, i: number, places: readonly RollupPlace[]): Promise<Judge> {
  const asked = askedOf(at, i)
  const byKey = Map.groupBy(places, ({key}) => key)
  const found: Read[] = []
  for (const keys of chunksOf([...byKey.keys()], KEYS_AT_ONCE)) {
    for (const {where, reads} of at.sides) {
      const of = reads.rollup(asked.plan)
      const views = await of.entities(keys)
      const readRow = async (place: RollupPlace): Promise<Read> => {
        const {key, level, start} = place
        const view = views.get(key)
        const whole = isWhole(view, asked.plan)
        if (view === undefined) return {where, place, row: {pieces: [], whole}}
        if (level === 'total') return {where, place, row: {pieces: piecesOfTotal(view), whole}}
        const range = {from: start, to: start + SECONDS_OF[level]}
        const buckets = await of.buckets(view, level, range)
        return {where, place, row: {pieces: buckets.flatMap(one => one.pieces), whole}}
      }
      found.push(...(await Promise.all(keys.flatMap(key => byKey.get(key)!.map(readRow)))))
    }
  }
  return async () => await judgeRollup(at, i, found)
}

/** One question for a level, or a bucket of it. */
async function judgeRollup(at: Compared, i: number, found: readonly Read[]): Promise<void> {
  const asked = askedOf(at, i)
  const equal = rowsEqual(asked)
  const byBucket = Map.groupBy(found, ({place: {level, start}}) => `${level} ${start}`)
  for (const rows of byBucket.values()) {
    const {level, start} = rows[0]!.place
    const keys = [...new Set(rows.map(({place}) => place.key))]
    const range =
      level === 'total' ? {} : {from: start, to: start + SECONDS_OF[level satisfies TimeLevel]}
    const truth = isByKey(at, i)
      ? await askTruth({...asked, only: await onlyKeys(at, i, keys)}, level, range)
      : await askKeys(asked, level, {...range, keys})
    for (const {where, place, row} of rows) {
      equal(where, place, truth.get(place.key)?.get(start), row)
    }
  }
}

/** Source rows of keys whose first part is the Kafka key. */
async function onlyKeys(at: Compared, i: number, keys: readonly string[]) {
  const firsts = new Set(keys.map(key => textsOfKey(at.plan.rollups[i]!, key)[0]!))
  return (await scopeOf(at, [...firsts])).only
}

async function readHashes(
  at: Compared,
  places: readonly PlaceOf<'hash'>[],
): Promise<readonly Judge[]> {
  const judges: Judge[] = []
  for (const [i, own] of Map.groupBy(places, ({rollup}) => rollup)) {
    const counts = await readHash(at, at.plan.rollups[i]!.hash!)
    if (counts === null) continue
    const keys = own.map(({key}) => key)
    judges.push(async () => judgeHash(at, i, counts, await askHash(at, i, keys), keys))
  }
  return judges
}

/** What covers all of their ranges; undefined when one of them is about all of its slice. */
function rangeOfAll(places: readonly PlaceOf<'list'>[]): TimeRange | undefined {
  const ranges = places.flatMap(({range}) => range ?? [])
  if (ranges.length < places.length) return undefined
  return {
    from: Math.min(...ranges.map(({from}) => from)),
    to: Math.max(...ranges.map(({to}) => to)),
  }
}

async function readLists(
  at: Compared,
  places: readonly PlaceOf<'list'>[],
): Promise<readonly Judge[]> {
  const judges: Judge[] = []
  for (const [from, own] of Map.groupBy(places, place => place.from)) {
    const lists: [PlaceOf<'list'>, Awaited<ReturnType<typeof readList>>][] = []
    for (const place of own) lists.push([place, await readList(at, place)])
    judges.push(async () => {
      const scope = await scopeOf(
        at,
        own.map(({key}) => key),
      )
      const truth = await askLists(at, scope, {from, range: rangeOfAll(own)})
      for (const [place, stored] of lists) judgeList(at, place, truth, stored)
    })
  }
  return judges
}

async function readSpecials(
  at: Compared,
  places: readonly PlaceOf<'special'>[],
): Promise<readonly Judge[]> {
  const judges: Judge[] = []
  for (const [i, own] of Map.groupBy(places, ({special}) => special)) {
    const keys = own.map(({key}) => key)
    const judge = await readSpecial(at, i, keys)
    const isKeyed = at.stream.special[i]!.by === at.stream.keyField
    judges.push(async () => await judge(isKeyed ? (await scopeOf(at, keys)).only : undefined))
  }
  return judges
}
