/**
 * Which seconds of a thing were watched, as whole numbers: where stretches begin and where they end.
 *
 * An event with a playhead position P and a duration D covers [P - D, P); one with a duration alone
 * covers [0, D), the approximation. Rows hold 1,800 seconds each; what lies beyond 12 hours counts
 * as its last second.
 */
import {toName} from '../../contracts/cql-names.ts'
import type {Special, Stream} from '../../contracts/stream.ts'
import type {Cassandra, CqlRow} from '../../platform/cassandra.ts'
import {placed} from '../batches.ts'
import {ByteReader, ByteWriter} from '../bytes.ts'
import {markOfAggregate, offsetOfWritetime, timestampBytes} from '../fence.ts'
import {getterOf, toKeyText, type Fields} from '../fields.ts'
import type {LiveReads, RowAt} from '../live-reads.ts'
import {collectSpill, createBodies, encodedRow, type PartReader} from '../parts.ts'
import {OTHER_VALUE, splitTextOf, VALUES_MAX} from '../places.ts'
import type {Projection} from '../projection.ts'
import {liveKey} from '../redis-keys.ts'
import {loadEach, type StateTable} from '../rows.ts'
import {shardOf, totalSlice} from '../slices.ts'

export const SEGMENT_SECONDS = 1800
export const SECONDS_MAX = 12 * 3600
export const SEGMENTS = SECONDS_MAX / SEGMENT_SECONDS
const FORMAT = 1
const LIVE_TTL_S = 900

/** Begins and ends with a position, ends without. */
export const MARKS = ['positionBegin', 'positionEnd', 'durationEnd'] as const
export type Mark = (typeof MARKS)[number]

export interface PlacedMark {
  readonly mark: Mark
  /** Second of the thing, capped. */
  readonly second: number
}

/** What an event marks: nothing without a duration above 0. */
export function marksOf(
  durationMs: number | null,
  positionMs: number | null,
): readonly PlacedMark[] {
  if (durationMs === null || durationMs <= 0) return []
  const capped = (ms: number): number =>
    Math.min(SECONDS_MAX - 1, Math.max(0, Math.floor(ms / 1000)))
  if (positionMs === null) return [{mark: 'durationEnd', second: capped(durationMs)}]
  return [
    {mark: 'positionBegin', second: capped(positionMs - durationMs)},
    {mark: 'positionEnd', second: capped(positionMs)},
  ]
}

export const segmentOf = (second: number): number => Math.floor(second / SEGMENT_SECONDS)

/** One count: which mark, split value and second of the thing. */
export interface CountedMark extends PlacedMark {
  /** As breakdowns name it. */
  readonly value: string
  readonly count: number
}

export class RetentionSegment {
  readonly segment: number
  /** Records up to this offset are included. */
  guard: number
  /** Split values, in the order of their coming. */
  readonly #values: string[] = []
  /** `(value * marks + mark) * SEGMENT_SECONDS + second in segment` to count. */
  readonly #counts = new Map<number, number>()

  constructor(segment: number, guard = -1) {
    this.segment = segment
    this.guard = guard
  }

  add({mark, second}: PlacedMark, value: string, times: 1 | -1): void {
    if (segmentOf(second) !== this.segment) return
    const line = this.#indexOf(value) * MARKS.length + MARKS.indexOf(mark)
    const key = line * SEGMENT_SECONDS + (second % SEGMENT_SECONDS)
    const next = (this.#counts.get(key) ?? 0) + times
    if (next === 0) this.#counts.delete(key)
    else this.#counts.set(key, next)
  }

  *marks(): IterableIterator<CountedMark> {
    for (const [key, count] of this.#counts) {
      const line = Math.floor(key / SEGMENT_SECONDS)
      yield {
        mark: MARKS[line % MARKS.length]!,
        value: this.#values[Math.floor(line / MARKS.length)]!,
        second: this.segment * SEGMENT_SECONDS + (key % SEGMENT_SECONDS),
        count,
      }
    }
  }

  get bytes(): number {
    return 200 + this.#counts.size * 40
  }

  encode(writer: ByteWriter): Buffer {
    writer.byte(FORMAT)
    writer.count(this.#values.length)
    for (const value of this.#values) writer.text(value)
    writer.count(this.#counts.size)
    for (const [key, count] of this.#counts) {
      writer.count(key)
      writer.signed(count)
    }
    return writer.take()
  }

  static decode(segment: number, body: Buffer, guard: number): RetentionSegment {
    const reader = new ByteReader(body)
    reader.format(FORMAT, 'a retention segment')
    const state = new RetentionSegment(segment, guard)
    for (let left = reader.count(); left > 0; left--) state.#values.push(reader.text())
    for (let left = reader.count(); left > 0; left--) {
      const key = reader.count()
      state.#counts.set(key, reader.signed())
    }
    return state
  }

  #indexOf(value: string): number {
    const known = this.#values.indexOf(value)
    if (known >= 0) return known
    if (this.#values.length >= VALUES_MAX && value !== OTHER_VALUE)
      return this.#indexOf(OTHER_VALUE)
    return this.#values.push(value) - 1
  }
}

type Retention = Extract<Special, {kind: 'retention'}>

const idOf = (stream: Stream): string => `${stream.name}_retention`

function retentionOf(stream: Stream): Retention {
  return stream.special.find(special => special.kind === 'retention')!
}
const columnOf = (stream: Stream): string => toName(retentionOf(stream).by)

export const retentionTable = (stream: Stream): string =>
  `CREATE TABLE IF NOT EXISTS ${idOf(stream)} (
  src_partition int, slice text, ${columnOf(stream)} text, segment int, body blob,
  PRIMARY KEY ((src_partition, slice), ${columnOf(stream)}, segment))
  WITH compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}`

const keyOf = (key: string, segment: number): string => `${segment} ${key}`
function partsOfKey(key: string): {readonly segment: number; readonly key: string} {
  const space = key.indexOf(' ')
  return {segment: Number(key.slice(0, space)), key: key.slice(space + 1)}
}

export interface RetentionTable extends StateTable<RetentionSegment> {
  /** All segments of a thing. */
  segments(key: string, partition: number): Promise<readonly RetentionSegment[]>
}

export function createRetentionTable(
  cassandra: Cassandra,
  stream: Stream,
  parts: PartReader,
): RetentionTable {
  const id = idOf(stream)
  const column = columnOf(stream)
  const insert = `INSERT INTO ${id} (src_partition, slice, ${column}, segment, body)
    VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
  const all = `SELECT segment, body, writetime(body) AS written FROM ${id}
    WHERE src_partition = ? AND slice = ? AND ${column} = ?`
  const one = `${all} AND segment = ?`
  const writer = new ByteWriter()
  const bodies = createBodies(parts, id)
  const toSegment = async (row: CqlRow, partition: number) => {
    const {body, keep} = await bodies.open(row, partition)
    const guard = offsetOfWritetime(row['written'])
    return keep(RetentionSegment.decode(row['segment'] as number, body, guard))
  }
  return {
    load: (keys, partition) =>
      loadEach(keys, async key => {
        const {segment, key: own} = partsOfKey(key)
        const params = [partition, totalSlice(shardOf(own)), own, segment]
        const [row] = await cassandra.rows(one, params)
        return row === undefined ? null : await toSegment(row, partition)
      }),
    encode(key, state, fence, naming) {
      const {segment, key: own} = partsOfKey(key)
      const slice = totalSlice(shardOf(own))
      const spill = collectSpill(id, fence, naming)
      const body = bodies.seal(state, state.encode(writer), spill)
      const timestamp = timestampBytes(fence.offset, markOfAggregate(0))
      const params = [fence.partition, slice, own, segment, body, timestamp]
      return encodedRow(spill, placed(`${id}/${fence.partition}/${slice}`, insert, params))
    },
    async segments(key, partition) {
      const rows = await cassandra.rows(all, [partition, totalSlice(shardOf(key)), key])
      return await Promise.all(rows.map(row => toSegment(row, partition)))
    },
  }
}

/** Segments of a thing: those that changed lately as Redis has them, the others as they are stored. */
export async function readSegments(
  stream: Stream,
  {live, table}: {readonly live: Pick<LiveReads, 'rows'>; readonly table: RetentionTable},
  {key, partition}: RowAt,
): Promise<readonly RetentionSegment[]> {
  const keys = Array.from({length: SEGMENTS}, (_, segment) => ({
    partition,
    key: keyOf(key, segment),
  }))
  // Redis first: what left it since is stored by now.
  const found = await live.rows(idOf(stream), ['body'], keys)
  const fresh = found.flatMap((row, segment) => {
    const body = row?.fieldOf('body')
    return body === undefined ? [] : [RetentionSegment.decode(segment, body, row!.offset)]
  })
  const stored = await table.segments(key, partition)
  const known = new Set(fresh.map(({segment}) => segment))
  return [...fresh, ...stored.filter(({segment}) => !known.has(segment))]
}

export function createRetention(
  stream: Stream,
  table: RetentionTable,
  space: string,
): Projection<RetentionSegment> {
  const {by, duration, position, split} = retentionOf(stream)
  const [getKey, getDuration] = [getterOf(by), getterOf(duration)]
  const getPosition = position === undefined ? () => null : getterOf(position)
  const getSplit = getterOf(split)
  const writer = new ByteWriter()
  const marksOfEvent = (event: Fields): readonly PlacedMark[] => {
    const positionMs = getPosition(event) as number | null
    // A playhead before the beginning is none.
    const isPlace = positionMs !== null && positionMs >= 0
    return marksOf(getDuration(event) as number | null, isPlace ? positionMs : null)
  }
  const fold = (state: RetentionSegment, event: Fields, offset: number, times: 1 | -1): boolean => {
    if (offset <= state.guard) return false
    const value = splitTextOf(getSplit(event))
    for (const mark of marksOfEvent(event)) state.add(mark, value, times)
    return true
  }
  return {
    id: idOf(stream),
    keysOf(event) {
      const key = getKey(event)
      if (key === null) return []
      const segments = new Set(marksOfEvent(event).map(({second}) => segmentOf(second)))
      return Array.from(segments, segment => keyOf(toKeyText(key), segment))
    },
    create: key => new RetentionSegment(partsOfKey(key).segment),
    apply: (state, event, offset) => fold(state, event, offset, 1),
    retract: (state, event, offset) => fold(state, event, offset, -1),
    bytesOf: state => state.bytes,
    table,
    liveOf(key, state, {partition}) {
      const fields = ['body', state.encode(writer)]
      const {id} = this
      return [{key: liveKey(space, partition, id, key), ttlS: LIVE_TTL_S, fields, isWhole: true}]
    },
  }
}
