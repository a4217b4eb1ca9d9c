/**
 * Single events in Cassandra: one row per event, which is also the register of what was last applied.
 *
 * A row lies where its source partition and its id say, so that any record of the event finds it, whatever
 * else changed; neighbours in id are neighbours on disk.
 *
 * Guarantees    a write is fenced by its record's offset, whole rows win or lose (`put` that is not fresh
 *               writes every cell, null where there is no value).
 *               A register never goes back: what was deleted by a record is known beyond its row, durable
 *               before the row is gone.
 * Does not      leave tombstones for new events: cells without value stay unset.
 */
import type {Column, Stream} from '../contracts/stream.ts'
import {toLongBytes, type Cassandra, type CqlRow, type CqlValue} from '../platform/cassandra.ts'
import {placed, writeGrouped, type PlacedStatement} from './batches.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import {chunksOf} from './chunks.ts'
import {columnTypes, cqlTypeOf, fromCql, microsOf, toCql} from './cql-columns.ts'
import {eventColumns, type EventColumn} from './event-columns.ts'
import type {LiveEvent} from './event-hash.ts'
import {timestampBytes, markOfRaw, offsetOfWritetime} from './fence.ts'
import type {Fields} from './fields.ts'
import {kept, keptSeconds, REPEATED_S} from './kept.ts'
import type {StreamPlan} from './plan.ts'
import type {ShownPlan, ShownValues} from './shown.ts'
import {blockOf} from './slices.ts'

export type EventId = number | string

/** What was last applied, and by which record. */
export interface Register {
  /** Null: it was deleted, or stays outside. */
  readonly event: Fields | null
  /** A correction that came too late left it where nothing counts it: so it stays until it is deleted. */
  readonly isOutside?: boolean
  /** As it was computed when the row was written. */
  readonly shown: ShownValues
  readonly outboxId: number
  /** Microseconds since 1970. */
  readonly createdAt: number
  /** Milliseconds since 1970 when the owner took the record. */
  readonly processedAt: number
  readonly offset: number
}

/** A row as readers see it. */
export interface StoredEvent extends Register {
  readonly event: Fields
  readonly partition: number
}

/** A change of one row. Every write of a row has a higher offset, or a later takeover, than the one before. */
export interface RawWrite extends LiveEvent {
  readonly takeover: number
  /** First write of a new event: cells without value stay unset. Otherwise they are written as null. */
  readonly fresh: boolean
  /** An earlier owner may have written the row, with other references: what is shown is cleared. */
  readonly mayRepeat?: boolean
  /** Of `delete`: see `Register`. */
  readonly isOutside?: boolean
  /** Only what is shown changed: at the same offset it wins over the write before. */
  readonly isPatch?: boolean
}

/** The id is in the row's key. */
const columnsOf = ({stream}: StreamPlan, shown: ShownPlan): readonly EventColumn[] =>
  eventColumns(stream, shown).filter(({name}) => name !== stream.idField)

const idColumnOf = ({columns, idField}: Stream): Column =>
  columns.find(({field}) => field === idField)!

/** What people need not see. */
const META = {name: 'meta', kind: 'bytes'} as const

/** Raw rows are written once, more or less in the order of their ids. */
const COMPACTION = `compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T8'}`

/** What is kept of an event besides its id: names and types. */
export const rawColumns = (plan: StreamPlan, shown: ShownPlan): readonly string[] =>
  columnsOf(plan, shown).map(column => columnTypes([column]))

export function rawTable(
  plan: StreamPlan,
  shown: ShownPlan,
  columns: readonly string[] = rawColumns(plan, shown),
): string {
  const {stream} = plan
  return `CREATE TABLE IF NOT EXISTS ${stream.rawTable} (
    src_partition int, block bigint, ${stream.idField} ${cqlTypeOf(idColumnOf(stream))},
    ${[...columns, columnTypes([META])].join(', ')},
    PRIMARY KEY ((src_partition, block), ${stream.idField})) WITH ${COMPACTION}${kept(stream)}`
}

/** By which record an event was deleted. */
export const deletedTable = ({stream}: StreamPlan): string =>
  `CREATE TABLE IF NOT EXISTS ${stream.name}_deleted (
    src_partition int, block bigint, id ${cqlTypeOf(idColumnOf(stream))}, meta blob,
    PRIMARY KEY ((src_partition, block), id)) WITH ${COMPACTION}
    AND default_time_to_live = ${keptSeconds(stream) ?? REPEATED_S}`

/** Rows that one question names. */
const IDS_MAX = 100

export interface RawTable {
  /** Events of a source partition, in the order of the ids; null where there is none. */
  read(ids: readonly EventId[], partition: number): Promise<readonly (StoredEvent | null)[]>
  /** The same with what is known of those that were deleted. */
  registers(ids: readonly EventId[], partition: number): Promise<readonly (Register | null)[]>
  /** Resolves when all are durable. Parameters are taken before the first await. */
  write(writes: readonly RawWrite[], partition: number): Promise<void>
  /** The event, whichever source partition it lies in; of several rows the one of the newest record. */
  find(id: EventId, partitions: number): Promise<StoredEvent | null>
}

export function createRawTable(cassandra: Cassandra, plan: StreamPlan, shown: ShownPlan): RawTable {
  const {stream} = plan
  const {idField, rawTable: table} = stream
  const columns = columnsOf(plan, shown)
  const idColumn = idColumnOf(stream)
  const times = columns.filter(({kind}) => kind === 'timestamp')
  const names = ['src_partition', 'block', idField, ...columns.map(({name}) => name), 'meta']
  const insert = `INSERT INTO ${table} (${names.join(', ')})
    VALUES (${names.map(() => '?').join(', ')}) USING TIMESTAMP ?`
  const remove = `DELETE FROM ${table} USING TIMESTAMP ?
    WHERE src_partition = ? AND block = ? AND ${idField} = ?`
  const select = `SELECT ${names.slice(2).join(', ')}, writetime(meta) AS written FROM ${table}
    WHERE src_partition = ? AND block = ? AND ${idField} IN ?`
  const insertDeleted = `INSERT INTO ${stream.name}_deleted (src_partition, block, id, meta)
    VALUES (?, ?, ?, ?) USING TIMESTAMP ?`
  const selectDeleted = `SELECT id, meta, writetime(meta) AS written FROM ${stream.name}_deleted
    WHERE src_partition = ? AND block = ? AND id IN ?`
  const writer = new ByteWriter()

  /** What people need not see: by which record, when, and microseconds of times. */
  const toMeta = (write: RawWrite): Buffer => {
    const {kind, event, shown: values, outboxId, createdAt, processedAt} = write
    writer.count(outboxId)
    writer.signed(createdAt)
    writer.count(processedAt)
    if (kind === 'delete') {
      writer.byte(write.isOutside === true ? 1 : 0)
      return writer.take()
    }
    for (const {get} of times) {
      const us = get(event, values) as number | null
      writer.count(us === null ? 0 : microsOf(us))
    }
    return writer.take()
  }

  const placeOf = ({event}: RawWrite, partition: number) => {
    const id = plan.idOf(event)
    const block = blockOf(id)
    return {block, place: [partition, toLongBytes(block), toCql(idColumn, id)]}
  }

  const toStatement = (write: RawWrite, partition: number): PlacedStatement => {
    const {event, fresh, takeover, isPatch = false, mayRepeat = false} = write
    const {block, place} = placeOf(write, partition)
    const timestamp = timestampBytes(write.offset, markOfRaw(takeover, isPatch))
    const lies = `${table}/${partition}/${block}`
    if (write.kind === 'delete') return placed(lies, remove, [timestamp, ...place])
    const none = fresh ? undefined : null
    // References may have gone since an earlier owner wrote this row; what the event lacks it always did.
    const unknown = fresh && !mayRepeat ? undefined : null
    const params: CqlValue[] = place
    for (const column of columns) {
      const value = column.get(event, write.shown)
      params.push(value === null ? (column.isShown ? unknown : none) : toCql(column, value))
    }
    params.push(toMeta(write), timestamp)
    return placed(lies, insert, params)
  }

  const toDeletedStatement = (write: RawWrite, partition: number): PlacedStatement => {
    const {block, place} = placeOf(write, partition)
    const timestamp = timestampBytes(write.offset, markOfRaw(write.takeover))
    const params = [...place, toMeta(write), timestamp]
    return placed(`${stream.name}_deleted/${partition}/${block}`, insertDeleted, params)
  }

  /** By which record a row was written, and the rest of its meta. */
  const readMeta = (row: CqlRow) => {
    const reader = new ByteReader(row['meta'] as Buffer)
    const [outboxId, createdAt, processedAt] = [reader.count(), reader.signed(), reader.count()]
    const offset = offsetOfWritetime(row['written'])
    return {reader, by: {outboxId, createdAt, processedAt, offset}}
  }

  const toStored = (row: CqlRow, partition: number): StoredEvent => {
    const {reader, by} = readMeta(row)
    const event: Record<string, unknown> = {[idField]: fromCql(idColumn, row[idField])}
    const values: Record<string, unknown> = {}
    for (const column of columns) {
      const {name, kind, isShown} = column
      let value = fromCql(column, row[name])
      if (kind === 'timestamp') {
        // A column that the row is older than.
        const rest = reader.isAtEnd ? 0 : reader.count()
        if (value !== null) value = (value as number) + rest
      }
      ;(isShown ? values : event)[name] = value
    }
    for (const [alias, {columns: added}] of Object.entries(stream.enrich)) {
      event[alias] = Object.fromEntries(
        added.map(({field}) => [field, event[`${alias}_${field}`] ?? null]),
      )
    }
    // Streams without a time of their own go by that of the commit.
    if (stream.timeField === null) event['created_at'] = by.createdAt
    plan.readPaths(event)
    return {...by, event, shown: values, partition}
  }

  /** Rows of a table that has one per event. */
  const rowsOf = async (
    query: string,
    ids: readonly EventId[],
    partition: number,
  ): Promise<readonly CqlRow[]> => {
    const blocks = Map.groupBy(new Set(ids), blockOf)
    const questions = [...blocks].flatMap(([block, some]) =>
      chunksOf(some, IDS_MAX).map(chunk => ({block, chunk})),
    )
    const found = await Promise.all(
      questions.map(({block, chunk}) =>
        cassandra.rows(query, [partition, block, chunk.map(id => toCql(idColumn, id))]),
      ),
    )
    return found.flat()
  }

  const read: RawTable['read'] = async (ids, partition) => {
    const found = new Map<EventId, StoredEvent>()
    for (const row of await rowsOf(select, ids, partition)) {
      const stored = toStored(row, partition)
      found.set(plan.idOf(stored.event), stored)
    }
    return ids.map(id => found.get(id) ?? null)
  }

  return {
    read,
    async registers(ids, partition) {
      const rows = await read(ids, partition)
      const gone = ids.filter((_, i) => rows[i] === null)
      const deleted = new Map<unknown, Register>()
      for (const row of await rowsOf(selectDeleted, gone, partition)) {
        const {reader, by} = readMeta(row)
        const isOutside = reader.byte() === 1
        deleted.set(fromCql(idColumn, row['id']), {...by, event: null, isOutside, shown: {}})
      }
      return ids.map((id, i) => rows[i] ?? deleted.get(id) ?? null)
    },
    async write(writes, partition) {
      const statements = writes.map(write => toStatement(write, partition))
      const deletes = writes.filter(({kind}) => kind === 'delete')
      // First: whoever does not find the row has to find that it was deleted.
      const deleted = deletes.map(write => toDeletedStatement(write, partition))
      if (deleted.length > 0) await writeGrouped(cassandra, deleted)
      await writeGrouped(cassandra, statements)
    },
    async find(id, partitions) {
      const all = Array.from({length: partitions}, (_, partition) => read([id], partition))
      const rows = (await Promise.all(all)).flat().filter(row => row !== null)
      return rows.toSorted((a, b) => b.outboxId - a.outboxId)[0] ?? null
    },
  }
}
