/** Raw rows against SQL: each with what it shows, its hash in Redis, and those that no row of the table has. */
import {KINDS} from '../../contracts/kinds.ts'
import {partitionFor} from '../../contracts/partition.ts'
import type {Column} from '../../contracts/stream.ts'
import {idSql, withIdsSql} from '../../db/truth/row-id.ts'
import {truthOfEvents, type SqlCondition, type TruthEvent} from '../../db/truth/truth.ts'
import {quote, quoteTable} from '../../platform/sql-names.ts'
import {fromCql} from '../../readmodel/cql-columns.ts'
import {createEventHash} from '../../readmodel/event-hash.ts'
import {textOf} from '../../readmodel/fields.ts'
import {outlives} from '../../readmodel/live-reads.ts'
import type {StoredEvent} from '../../readmodel/raw-table.ts'
import {planShown} from '../../readmodel/shown.ts'
import {equalOf, type Compared, type Equal} from './differences.ts'

/** Events that are compared together. */
const ROWS_AT_ONCE = 500

/** Rows with these ids. */
export const withIds = ({stream}: Compared, ids: readonly unknown[]): SqlCondition =>
  withIdsSql(stream, ids.map(String))

/** Rows of the table by their ids, all of them or some, in pages. What is stored meanwhile is left out. */
async function* pagesOf(
  at: Compared,
  only: SqlCondition = {text: 'true'},
): AsyncIterable<readonly TruthEvent[]> {
  const {pg, stream} = at
  const given = only.values ?? []
  const table = `${quoteTable(stream.table)} r`
  const columns = stream.idColumns.map(name => `r.${quote(name)}`)
  const key = `(${columns.join(', ')})`
  const texts = `ARRAY[${columns.map(column => `${column}::text`).join(', ')}]`
  const place = (n: number): string =>
    `(${columns.map((_, i) => `$${given.length + n * columns.length + i + 1}`).join(', ')})`
  // Beside a writer there would be new rows for ever.
  const last = await pg.query<{key: readonly string[]}>(
    `SELECT ${texts} AS key FROM ${table} WHERE (${only.text})
     ORDER BY ${columns.map(column => `${column} DESC`).join(', ')} LIMIT 1`,
    [...given],
  )
  const end = last.rows[0]?.key
  if (end === undefined) return
  for (let after: readonly string[] = []; ;) {
    const isAfter = after.length === 0 ? 'true' : `${key} > ${place(1)}`
    const {rows} = await pg.query<{id: string; key: readonly string[]}>(
      `SELECT ${idSql(stream)}::text AS id, ${texts} AS key FROM ${table}
       WHERE (${only.text}) AND ${key} <= ${place(0)} AND ${isAfter}
       ORDER BY ${columns.join(', ')} LIMIT ${ROWS_AT_ONCE}`,
      [...given, ...end, ...after],
    )
    if (rows.length === 0) return
    const ids = rows.map(row => row.id)
    yield await truthOfEvents(pg, stream, {only: withIds(at, ids), limit: ROWS_AT_ONCE})
    after = rows.at(-1)!.key
  }
}

function parsed(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    // Whatever is stored there, it is told as it is.
    return text
  }
}

/** JSON apart from spaces, and what is no single value as it is shown. */
function comparable(column: Column, value: unknown): unknown {
  if (value === null || value === undefined) return null
  const kind = KINDS[column.kind]
  if (kind.holds === 'other') return kind.print(value, column)
  return column.kind === 'json' ? parsed(value as string) : value
}

/** @returns compares rows of the table with what is stored of them */
function createEventComparison(at: Compared) {
  const {stream, plan, partitions, live, sides} = at
  const {raw} = sides[0].reads
  const shown = planShown(stream)
  const hash = createEventHash(plan, shown)
  const compareHash = async (what: string, stored: StoredEvent, equal: Equal): Promise<void> => {
    const found = await live.event(stream.hashes!, plan.idOf(stored.event))
    if (found === undefined) return
    const {fields, deletedBy} = found
    if (deletedBy !== null && outlives(stored, deletedBy)) return
    const texts = hash.valuesOf({...stored, kind: 'put'}, {...stored, run: fields['run']!})
    for (const [i, name] of hash.fields.entries()) {
      // Written at another moment, or by another record that changed nothing else.
      if (name === 'processed_at' || name === 'src_offset') continue
      equal(`redis ${what} ${name}`, texts[i] ?? null, fields[name] ?? null)
    }
  }
  const compareEvent = async ({event, id}: TruthEvent, stored: StoredEvent | null) => {
    const what = `${stream.name} event ${id}`
    const equal = equalOf(at, {kind: 'event', id: textOf(id)})
    if (stored === null) return equal(`raw ${what}`, 'a row', 'nothing')
    for (const column of stream.columns) {
      const {field} = column
      const expected = comparable(column, event[field])
      equal(`raw ${what} ${field}`, expected, comparable(column, stored.event[field]))
    }
    // What references said when the row was written, the row alone says.
    const values = shown.valuesOf(event, () => stored.shown)
    for (const [name, value] of Object.entries(values)) {
      equal(`raw ${what} ${name}`, value, stored.shown[name])
    }
    if (stream.hashes !== null) await compareHash(what, stored, equal)
  }
  return async (events: readonly TruthEvent[]): Promise<void> => {
    const places = Map.groupBy(events, ({event, id}) =>
      partitionFor(plan.keyOf(event), textOf(id), partitions),
    )
    for (const [partition, own] of places) {
      const rows = await raw.read(
        own.map(({id}) => id),
        partition,
      )
      await Promise.all(own.map((event, i) => compareEvent(event, rows[i]!)))
    }
  }
}

/** Raw rows, what they show, and hashes. */
export async function compareRaw(at: Compared, only?: SqlCondition): Promise<void> {
  const compare = createEventComparison(at)
  for await (const events of pagesOf(at, only)) await compare(events)
}

/** The same of given rows. @param ids as texts */
export async function compareEvents(at: Compared, ids: readonly string[]): Promise<void> {
  const question = {only: withIds(at, ids), limit: ids.length}
  await createEventComparison(at)(await truthOfEvents(at.pg, at.stream, question))
}

interface RowPlace {
  readonly id: number | string
  readonly partition: number
}

/** Raw rows without a row of the table, or beside the partition that their key says. */
async function comparePlaces(at: Compared, rows: readonly RowPlace[]): Promise<void> {
  const {stream, plan, partitions, pg} = at
  const only = withIds(
    at,
    rows.map(({id}) => id),
  )
  const events = await truthOfEvents(pg, stream, {only, limit: rows.length})
  const places = new Map(
    events.map(({id, event}) => [id, partitionFor(plan.keyOf(event), textOf(id), partitions)]),
  )
  for (const {id, partition} of rows) {
    const text = textOf(id)
    const equal = equalOf(at, {kind: 'stray', id: text, partition})
    equal(`raw ${stream.name} event ${text} in partition`, places.get(id) ?? 'none', partition)
  }
}

const idColumnOf = ({stream}: Compared): Column =>
  stream.columns.find(({field}) => field === stream.idField)!

/** Raw rows that should not be where they are. */
export async function compareStrayRows(at: Compared): Promise<void> {
  const {stream, cassandra} = at
  const {idField} = stream
  const column = idColumnOf(at)
  const query = `SELECT src_partition, ${idField} FROM ${stream.rawTable}`
  for await (const page of cassandra.pages(query, [], ROWS_AT_ONCE)) {
    const rows = page.map(row => ({
      id: fromCql(column, row[idField]) as number | string,
      partition: row['src_partition'] as number,
    }))
    await comparePlaces(at, rows)
  }
}

/** The same of given raw rows, as far as they are there. @param strays ids as texts */
export async function compareStrays(
  at: Compared,
  strays: readonly {readonly id: string; readonly partition: number}[],
): Promise<void> {
  const {kind} = idColumnOf(at)
  const isNumber = kind === 'int' || kind === 'long'
  for (const [partition, some] of Map.groupBy(strays, one => one.partition)) {
    const ids = some.map(({id}) => (isNumber ? Number(id) : id))
    const found = await at.sides[0].reads.raw.read(ids, partition)
    await comparePlaces(
      at,
      ids.filter((_, i) => found[i] !== null).map(id => ({id, partition})),
    )
  }
}
