/**
 * Sends what differs through the outbox again, so that the engine mends it by the records alone.
 *
 * A raw row that differs is put again. Where the numbers of its key are right it is put without being folded, else
 * as any other record: what never arrived counts then. What differs after that is computed again from raw rows.
 *
 * Does not      mend what is no register and is not computed from raw rows again: retention, windows. `npm run
 *               rebuild` does.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import {max, min} from '../../contracts/measures.ts'
import {partitionFor} from '../../contracts/partition.ts'
import {REPAIR_PARTS_MAX, type RepairPart} from '../../contracts/repair.ts'
import {truthOfEvents} from '../../db/truth/truth.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import {textOf, toKeyText} from '../../readmodel/fields.ts'
import type {Positions} from '../../readmodel/positions.ts'
import {textsOfKey} from '../../readmodel/rollup-table.ts'
import {decide, type DecideDeps, type Decided} from './decide.ts'
import type {Compared, Difference, Place} from './differences.ts'
import {placesOf} from './look-again.ts'
import {withIds} from './raw-rows.ts'
import {askedOf, askKeys, askTruth, chunksOf, type Truth} from './rollups.ts'
import type {Opened} from './run.ts'
import {isByKey, readKeys, scopeOf} from './stream.ts'

export interface RepairDeps extends Pick<DecideDeps, 'say'> {
  readonly admin: Pick<KafkaAdmin, 'offsets'>
  readonly positions: Pick<Positions, 'load'>
  /** As Kafka knows it. */
  readonly topic: string
}

/** Rows first, then parts, then what was made of wrong parts. */
const ROUNDS_MAX = 4
/** Beyond, building everything again is less work. */
const ROWS_MAX = 10_000
/** So long what was sent may take to arrive. */
const ARRIVAL_MS = 60_000
const LOOK_MS = 50

type PlaceOf<Kind extends Place['kind']> = Extract<Place, {kind: Kind}>

interface Row {
  readonly id: string
  /** The partition that it lies in and should not. */
  readonly partition?: number
}

/** A part, and the source partitions that have something of it. */
interface Part {
  readonly part: RepairPart
  readonly partitions: readonly number[]
}

const isOf = <Kind extends Place['kind']>(place: Place, kind: Kind): place is PlaceOf<Kind> =>
  place.kind === kind

/** Raw rows that have to be put again, or taken away. */
function rowsOf(differences: readonly Difference[]): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const {place, expected, actual} of differences) {
    if (isOf(place, 'event')) rows.set(place.id, {id: place.id})
    if (isOf(place, 'stray')) rows.set(`${place.partition} ${place.id}`, place)
    if (!isOf(place, 'list')) continue
    // What is listed and not there is a row in the wrong place.
    const found = new Set(String(actual).split(' '))
    for (const id of String(expected).split(' ')) {
      if (id !== '' && !found.has(id)) rows.set(id, {id})
    }
  }
  return [...rows.values()].slice(0, ROWS_MAX)
}

/** Keys of the table of which some number differs. */
function keysThatDiffer(at: Compared, differences: readonly Difference[]): ReadonlySet<string> {
  const keys = differences.flatMap(({place}) => {
    if (!isOf(place, 'rollup') || !isByKey(at, place.rollup)) return []
    return [textsOfKey(at.plan.rollups[place.rollup]!, place.key)[0]!]
  })
  return new Set(keys)
}

/** Sends rows again. @returns whether any of them is folded as any other record */
async function sendRows(
  at: Compared,
  rows: readonly Row[],
  differences: readonly Difference[],
): Promise<boolean> {
  const {pg, stream, plan} = at
  const differing = keysThatDiffer(at, differences)
  const hasKeyed = at.plan.rollups.some((_, i) => isByKey(at, i))
  const hasOther = differences.some(({place}) => place.kind === 'rollup')
  let isFolded = false
  const howOf = (key: string): string | null => {
    const isWrong = hasKeyed ? differing.has(key) : hasOther
    isFolded ||= isWrong
    return isWrong ? null : JSON.stringify({parts: []})
  }
  const present = rows.filter(({partition}) => partition === undefined).map(({id}) => id)
  for (const ids of chunksOf(present, 500)) {
    const question = {only: withIds(at, ids), limit: ids.length}
    for (const {id, event} of await truthOfEvents(pg, stream, question)) {
      const how = howOf(toKeyText(plan.keyOf(event)))
      await pg.query('SELECT cdc.repair($1, $2, $3)', [stream.topic, textOf(id), how])
    }
  }
  for (const row of rows) {
    if (row.partition !== undefined) await takeAway(at, {...row, partition: row.partition}, howOf)
  }
  return isFolded
}

/** A raw row that should not be where it is: only its id and its key are needed to take it away. */
async function takeAway(
  at: Compared,
  {id, partition}: Required<Row>,
  howOf: (key: string) => string | null,
): Promise<void> {
  const {pg, stream, plan, partitions, sides} = at
  const {kind} = stream.columns.find(({field}) => field === stream.idField)!
  const known = kind === 'int' || kind === 'long' ? Number(id) : id
  const [stored] = await sides[0].reads.raw.read([known], partition)
  if (!stored) return
  const key = plan.keyOf(stored.event)
  const text = key === null ? null : textOf(key)
  // A record cannot be led to where its key does not lead.
  if (partitionFor(text, id, partitions) !== partition) return
  // An id of several columns goes as the row's own.
  const ids = stream.idColumns.length === 1 ? {[stream.idColumns[0]!]: known} : {}
  const gone = JSON.stringify({...ids, [stream.keyColumn]: key})
  const how = howOf(toKeyText(key))
  await pg.query('SELECT cdc.repair($1, $2, $3, true, $4, $5)', [stream.topic, id, how, text, gone])
}

/** Times of the oldest and newest events of keys, as far as the stream has any. */
async function boundsOf(at: Compared, i: number, keys: readonly string[]): Promise<Truth> {
  const {timeField} = at.stream
  if (timeField === null) return new Map()
  const stream = {...at.stream, measures: {oldest: min(timeField), newest: max(timeField)}}
  const rollup = {...at.stream.rollups[i]!, measures: ['oldest', 'newest'], split: []}
  const asked = {...askedOf({...at, stream}, i), rollup}
  if (!isByKey(at, i)) return await askKeys(asked, 'total', {keys})
  const firsts = new Set(keys.map(key => textsOfKey(asked.plan, key)[0]!))
  return await askTruth({...asked, only: (await scopeOf(at, [...firsts])).only}, 'total')
}

/** Parts that have to be computed again. */
async function partsOf(at: Compared, differences: readonly Difference[]): Promise<readonly Part[]> {
  const {plan, sides, partitions} = at
  const every = Array.from({length: partitions}, (_, partition) => partition)
  const places = placesOf(differences).flatMap(
    (place): readonly Omit<PlaceOf<'rollup'>, 'kind'>[] => {
      if (isOf(place, 'rollup')) return [place]
      return isOf(place, 'hash') ? [{...place, level: 'total', start: 0}] : []
    },
  )
  const parts: Part[] = []
  for (const [i, own] of Map.groupBy(places, ({rollup}) => rollup)) {
    const {id} = plan.rollups[i]!
    const bounds = await boundsOf(at, i, [...new Set(own.map(({key}) => key))])
    for (const {key, level, start} of own) {
      const {oldest = null, newest = null} = bounds.get(key)?.get(0)?.get('') ?? {}
      const first = textsOfKey(plan.rollups[i]!, key)[0]!
      parts.push({
        part: [id, key, level, start, oldest as number | null, newest as number | null],
        partitions: isByKey(at, i) ? sides[0].reads.partitionsOf(first) : every,
      })
    }
  }
  return parts
}

/** Finds a row of each partition, to carry what its owner has to know. */
function createCarriers(at: Compared): (partition: number) => Promise<string | undefined> {
  const {pg, stream, plan, partitions} = at
  const known = new Map<number, string>()
  let after: string | null = null
  let isAll = false
  const note = async (key: string | null): Promise<void> => {
    for (const {id, event} of await truthOfEvents(pg, stream, {key, limit: 20})) {
      const partition = partitionFor(plan.keyOf(event), textOf(id), partitions)
      if (!known.has(partition)) known.set(partition, textOf(id))
    }
  }
  return async partition => {
    while (!known.has(partition) && !isAll) {
      const page: readonly string[] = await readKeys(at, after)
      for (const key of page) {
        if (!known.has(partitionFor(key, '', partitions))) await note(key)
      }
      after = page.at(-1) ?? after
      isAll = page.length === 0
      if (isAll) await note(null)
    }
    return known.get(partition)
  }
}

async function sendParts(
  at: Compared,
  parts: readonly Part[],
  carrierOf: (partition: number) => Promise<string | undefined>,
): Promise<void> {
  for (let partition = 0; partition < at.partitions; partition++) {
    const own = parts.filter(({partitions}) => partitions.includes(partition))
    for (const some of chunksOf(own, REPAIR_PARTS_MAX)) {
      const id = await carrierOf(partition)
      if (id === undefined) break
      const how = JSON.stringify({parts: some.map(({part}) => part)})
      await at.pg.query('SELECT cdc.repair($1, $2, $3)', [at.stream.topic, id, how])
    }
  }
}

/** Waits until everything that was sent until now is in Cassandra. */
async function arrived(at: Compared, {admin, positions, topic}: RepairDeps): Promise<void> {
  const deadline = performance.now() + ARRIVAL_MS
  const {rows} = await at.pg.query<{last: string}>(
    'SELECT max(id)::text AS last FROM cdc.outbox_events WHERE topic = $1',
    [at.stream.topic],
  )
  const isPublished = async (): Promise<boolean> => {
    const pending = await at.pg.query(
      `SELECT FROM cdc.outbox_status WHERE topic = $1 AND id <= $2 AND status = 'pending' LIMIT 1`,
      [at.stream.topic, rows[0]!.last],
    )
    return pending.rowCount === 0
  }
  while (!(await isPublished()) && performance.now() < deadline) await sleep(LOOK_MS)
  for (const {partition, end} of await admin.offsets(topic)) {
    for (;;) {
      const offset = (await positions.load(topic, partition))?.offset ?? 0
      if (offset >= end || performance.now() > deadline) break
      await sleep(LOOK_MS)
    }
  }
}

/** What differs goes through the outbox again, in as many rounds as help. @returns what differs still */
export async function repair(
  {at, point}: Opened,
  decided: Decided,
  deps: RepairDeps,
): Promise<Decided> {
  const carrierOf = createCarriers(at)
  let last = decided
  for (let round = 0; round < ROUNDS_MAX && last.differences.length > 0; round++) {
    const {differences} = last
    const rows = rowsOf(differences)
    const isFolded = rows.length > 0 && (await sendRows(at, rows, differences))
    const parts = isFolded ? [] : await partsOf(at, differences)
    if (parts.length > 0) await sendParts(at, parts, carrierOf)
    if (rows.length === 0 && parts.length === 0) break
    await arrived(at, deps)
    const again = [...differences, ...last.undecided]
    last = await decide(at, {point, say: deps.say}, placesOf(again))
  }
  return last
}
