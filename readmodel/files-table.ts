/**
 * Which events an entity has, by time: lists of ids, only ever appended to.
 *
 * Entities share 256 lists, so that a checkpoint appends to few rows however many entities there are; an
 * id carries sixteen bits of its entity's hash, so that a reader passes over those of most others.
 *
 * Which days (or months) a list has anything of stands beside it, so that a reader passes over the years
 * without.
 *
 * A list is a hint. It is durable before the row that counts its events, may name an event twice, and goes
 * on naming one that was changed or deleted since: whoever reads it looks at the raw row, and passes over
 * what is not there any more, or elsewhere.
 */
import {LRUCache} from 'lru-cache'
import {toLongBytes, toNumber, type Cassandra} from '../platform/cassandra.ts'
import {placed, writeGrouped, type PlacedStatement} from './batches.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import {packsOf, type PackLimits} from './chunks.ts'
import {timestampBytes} from './fence.ts'
import {kept} from './kept.ts'
import {BODY_BYTES_MAX, IDS_PER_ROW} from './limits.ts'
import type {StreamPlan} from './plan.ts'
import {US_PER_SECOND} from './levels.ts'
import type {EventId} from './raw-table.ts'
import {fileOf, SHARDS, type TimeRange} from './slices.ts'
import {hashText} from './text-hash.ts'

/** An event that was put: its id and time at that moment. */
export interface FiledEvent {
  readonly id: EventId
  /** Microseconds since 1970; null when it has no time. */
  readonly timeUs: number | null
}

/** What is to be filed of a source partition. */
export interface Filing extends FiledEvent {
  /** Text of the entity's key. */
  readonly key: string
  readonly offset: number
}

export const filesTable = ({stream}: StreamPlan): string =>
  `CREATE TABLE IF NOT EXISTS ${stream.name}_files (
    src_partition int, slice text, list int, slot bigint, ids blob,
    PRIMARY KEY ((src_partition, slice), list, slot))
   WITH compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T8'}${kept(stream)}`

/** When the events of a list were filed, by the day where they are filed by the hour. */
export const periodsTable = ({stream}: StreamPlan): string =>
  `CREATE TABLE IF NOT EXISTS ${stream.name}_periods (
    src_partition int, list int, period bigint,
    PRIMARY KEY ((src_partition, list), period))`

const PERIOD_S = {hour: 86_400, day: 30 * 86_400} as const
/** Periods that are known to be noted. */
const NOTED_MAX = 100_000

export interface FilesTable {
  /**
   * Resolves when all are durable. Parameters are taken before the first await.
   *
   * @param nextSlot numbers that no other row has, nor ever will: what is filed again after a crash
   *   stands beside what was filed before
   */
  readonly append: (
    filings: readonly Filing[],
    partition: number,
    nextSlot: () => number,
  ) => Promise<void>
  /** What is filed of an entity in the slice that a time lies in, and perhaps of others. */
  read(key: string, partition: number, timeUs: number | null): Promise<readonly FiledEvent[]>
  /**
   * Stretches of a range that hold everything filed of an entity (null: of all), newest first; seconds since
   * 1970.
   */
  periods(key: string | null, partition: number, range: TimeRange): Promise<readonly TimeRange[]>
  /** The same of all entities of the source partition, page by page of each shard. */
  page(
    at: FilesPage,
  ): Promise<{readonly events: readonly FiledEvent[]; readonly next: string | null}>
}

export interface FilesPage {
  readonly partition: number
  readonly timeUs: number | null
  readonly shard: number
  /** Where the page begins; null: the first one. */
  readonly from: string | null
}

const LISTS = 256
const MARKS = 2 ** 16

/** Rows of one page. */
const PAGE = 200

const NUMBERS = 0
const TEXTS = 1

interface Place {
  readonly list: number
  /** Tells most entities of a list apart. */
  readonly mark: number
}

function placeOf(key: string): Place {
  const {low} = hashText(key)
  return {list: low % LISTS, mark: Math.floor(low / LISTS) % MARKS}
}

interface Marked extends FiledEvent {
  readonly mark: number
}

const OF_ROW: PackLimits<Marked> = {
  countMax: IDS_PER_ROW,
  sizeOf: ({id}) => (typeof id === 'string' ? Buffer.byteLength(id) : 0),
  sizeMax: BODY_BYTES_MAX,
}

/** Ids and times one after the other, each as its difference to the one before. */
function encodeIds(events: readonly Marked[], writer: ByteWriter): Buffer {
  const isNumbers = typeof events[0]?.id === 'number'
  writer.byte(isNumbers ? NUMBERS : TEXTS)
  let [id, time] = [0, 0]
  for (const event of events) {
    writer.count(event.mark)
    if (isNumbers) {
      writer.step(id, event.id as number)
      id = event.id as number
    } else writer.text(event.id as string)
    writer.step(time, event.timeUs ?? 0)
    time = event.timeUs ?? 0
  }
  return writer.take()
}

/** @param only of the entities with this mark; of all when left out */
function decodeIds(bytes: Buffer, hasTime: boolean, only?: number): readonly FiledEvent[] {
  const reader = new ByteReader(bytes)
  const isNumbers = reader.byte() === NUMBERS
  const events: FiledEvent[] = []
  for (let id = 0, time = 0; !reader.isAtEnd;) {
    const mark = reader.count()
    const own: EventId = isNumbers ? (id = reader.step(id)) : reader.text()
    time = reader.step(time)
    if (only === undefined || mark === only) {
      events.push({id: own, timeUs: hasTime ? time : null})
    }
  }
  return events
}

export function createFilesTable(cassandra: Cassandra, {stream}: StreamPlan): FilesTable {
  const table = `${stream.name}_files`
  const insert = `INSERT INTO ${table} (src_partition, slice, list, slot, ids)
    VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
  const ofAll = `SELECT ids FROM ${table} WHERE src_partition = ? AND slice = ?`
  const ofList = `${ofAll} AND list = ?`
  const note = `INSERT INTO ${stream.name}_periods (src_partition, list, period) VALUES (?, ?, ?)`
  const noted = `SELECT period FROM ${stream.name}_periods
    WHERE src_partition = ? AND list = ? AND period <= ? AND period >= ?`
  const periodS = PERIOD_S[stream.filed]
  const known = new LRUCache<string, true>({max: NOTED_MAX})
  const writer = new ByteWriter()

  /** What is not noted yet, and a call for when it is. */
  const notesOf = (filings: readonly Filing[], partition: number) => {
    const missing = new Map<string, PlacedStatement>()
    for (const {key, timeUs} of filings) {
      if (timeUs === null) continue
      const {list} = placeOf(key)
      const period = Math.floor(timeUs / US_PER_SECOND / periodS)
      const name = `${partition} ${list} ${period}`
      if (known.get(name) === true || missing.has(name)) continue
      const params = [partition, list, toLongBytes(period)]
      missing.set(name, placed(`${stream.name}_periods/${partition}/${list}`, note, params))
    }
    const done = (): void => {
      for (const name of missing.keys()) known.set(name, true)
    }
    return {statements: [...missing.values()], done}
  }

  return {
    async append(filings, partition, nextSlot) {
      const events = filings.map(filing => {
        const place = placeOf(filing.key)
        return {
          ...filing,
          ...place,
          slice: fileOf(stream.filed, filing.timeUs, place.list % SHARDS),
        }
      })
      const groups = Map.groupBy(events, ({slice, list}) => `${slice} ${list}`)
      const statements = [...groups.values()].flatMap(group =>
        packsOf(group, OF_ROW).map(some => {
          const {slice, list, offset} = some.at(-1)!
          const slot = toLongBytes(nextSlot())
          const ids = encodeIds(some, writer)
          const params = [partition, slice, list, slot, ids, timestampBytes(offset, 0)]
          return placed(`${table}/${partition}/${slice}`, insert, params)
        }),
      )
      const notes = notesOf(filings, partition)
      await writeGrouped(cassandra, [...notes.statements, ...statements])
      notes.done()
    },
    async periods(key, partition, {from, to}) {
      const [first, last] = [Math.floor(from / periodS), Math.floor((to - 1) / periodS)]
      const bounds = [toLongBytes(last), toLongBytes(first)]
      const periods = new Set<number>()
      const lists = key === null ? Array.from({length: LISTS}, (_, i) => i) : [placeOf(key).list]
      for (const list of lists) {
        for await (const rows of cassandra.pages(noted, [partition, list, ...bounds])) {
          for (const row of rows) periods.add(toNumber(row['period']))
        }
      }
      return [...periods]
        .toSorted((a, b) => b - a)
        .map(period => period * periodS)
        .map(start => ({from: Math.max(from, start), to: Math.min(to, start + periodS)}))
    },
    async read(key, partition, timeUs) {
      const {list, mark} = placeOf(key)
      const slice = fileOf(stream.filed, timeUs, list % SHARDS)
      const events: FiledEvent[] = []
      for await (const rows of cassandra.pages(ofList, [partition, slice, list])) {
        for (const row of rows) {
          events.push(...decodeIds(row['ids'] as Buffer, timeUs !== null, mark))
        }
      }
      return events
    },
    async page({partition, timeUs, shard, from}) {
      const slice = fileOf(stream.filed, timeUs, shard)
      const {rows, next} = await cassandra.page(ofAll, [partition, slice], {size: PAGE, from})
      const events = rows.flatMap(row => decodeIds(row['ids'] as Buffer, timeUs !== null))
      return {events, next}
    },
  }
}
