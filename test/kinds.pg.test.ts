/**
 * Values of every kind from the table to what people see: captured, encoded, in Avro, decoded, kept in Cassandra and
 * in Redis, and served. What SQL prints of the row is the truth; what no record can carry is told apart.
 */
import fc from 'fast-check'
import {bigint, customType, numeric, pgTable} from 'drizzle-orm/pg-core'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {parseExact} from '../api/exact-json.ts'
import {toServed} from '../api/reads/events.ts'
import type {Column} from '../contracts/columns.ts'
import {KINDS} from '../contracts/kinds.ts'
import {stream, type Stream} from '../contracts/stream.ts'
import {truthOfEvents} from '../db/truth/truth.ts'
import {fitsSql} from '../db/truth/values.ts'
import {toRecord} from '../ingestor/encode.ts'
import type {OutboxRow} from '../ingestor/outbox-reader.ts'
import {createRowWriter} from '../ingestor/row-writer.ts'
import {createDecoder, createEncoder} from '../platform/avro-codec.ts'
import type {PipelineError} from '../platform/errors.ts'
import {PRINT_SETTINGS, type Client} from '../platform/postgres.ts'
import {textOf} from '../readmodel/fields.ts'
import {createEventHash} from '../readmodel/event-hash.ts'
import {planStream} from '../readmodel/plan.ts'
import {createRawTable, deletedTable, rawTable, type RawWrite} from '../readmodel/raw-table.ts'
import {planShown} from '../readmodel/shown.ts'
import {connectTo, FakeCassandra} from './fakes/cassandra.ts'
import {KIND_CASES, KIND_TYPES, type KindCase} from './kind-cases.ts'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'
import {maybe, SEED} from './truth-world.ts'

const STAMP = {lanes: 1, lane: 0, epoch: 1, redelivered: false}
/** A writer whose settings print everything otherwise. */
const HOSTILE = `SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kolkata'; SET IntervalStyle = 'sql_standard';
  SET extra_float_digits = -15; SET bytea_output = 'escape'`

let world: OutboxWorld
let writer: Client
let made = 0

beforeAll(async () => {
  world = await openOutboxWorld()
  await world.run(`${KIND_TYPES} ${PRINT_SETTINGS.join('; ')}`)
  writer = await world.session()
  await writer.query(HOSTILE)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

/** A captured table of one column of a type, and the stream that is declared of it. */
async function declare({type, declared = type}: KindCase): Promise<Stream> {
  made += 1
  const name = `kind_${made}`
  await world.run(
    `CREATE TABLE ${name} (id bigint PRIMARY KEY, v ${type}); SELECT cdc.attach('${name}', '${name}', 'id')`,
  )
  const table = pgTable(name, {
    id: bigint('id', {mode: 'number'}).primaryKey(),
    v: customType<{data: unknown}>({dataType: () => declared})('v'),
  })
  return stream({name, table, topic: name, key: 'id'})
}

let lastId = 0

/** Rows of these values. @returns their ids, in order */
async function insert(
  {name}: Stream,
  type: string,
  values: readonly (string | null)[],
): Promise<readonly number[]> {
  const ids = values.map(() => ++lastId)
  await writer.query(
    `INSERT INTO public.${name} SELECT i, v::${type} FROM unnest($1::bigint[], $2::text[]) u (i, v)`,
    [ids, values],
  )
  return ids
}

/** What the relay reads of the topic, without what it read before. */
async function captured({topic}: Stream, after: number): Promise<readonly OutboxRow[]> {
  const {rows} = await world.client.query<Omit<OutboxRow, 'id' | 'createdAt'> & {id: string}>(
    `SELECT id, topic, aggregate_id AS "aggregateId", key, op::text, payload::text, NULL AS headers
       FROM public.outbox_events WHERE topic = $1 AND aggregate_id::bigint > $2 ORDER BY id`,
    [topic, after],
  )
  return rows.map(row => ({...row, id: Number(row.id), createdAt: 0}))
}

interface Coded {
  readonly id: number
  readonly v: unknown
}

function createPath(of: Stream) {
  const encoder = createEncoder(of.schema, 1, 900_000)
  const decoder = createDecoder<Coded>(of.schema, async () => of.schema)
  const quick = createRowWriter(of, 1)
  return async (row: OutboxRow): Promise<Coded> => {
    const bytes = encoder.encode(toRecord(of, row, STAMP))
    const other = quick.write(row, STAMP)
    if (other !== undefined) expect(other).toEqual(bytes)
    await decoder.prepare(bytes)
    return decoder.decode(bytes)!
  }
}

const columnOf = ({columns}: Stream): Column => columns.find(({field}) => field === 'v')!

/** As the API serves them: of their hashes, and of their rows in Cassandra, which say the same. */
async function serve(of: Stream, records: readonly Coded[]): Promise<readonly unknown[]> {
  const [plan, column] = [planStream(of), columnOf(of)]
  const shown = planShown(of)
  const server = new FakeCassandra()
  server.create([rawTable(plan, shown), deletedTable(plan)])
  const raw = createRawTable(connectTo(server), plan, shown)
  const hash = createEventHash(plan, shown)
  const writes = records.map((event, offset): RawWrite => {
    const by = {outboxId: offset, createdAt: 0, processedAt: 0, offset, takeover: 1}
    return {kind: 'put', event: {...event}, shown: {}, fresh: true, ...by}
  })
  await raw.write(writes, 0)
  const stored = await raw.read(
    records.map(({id}) => id),
    0,
  )
  return writes.map((write, i) => {
    const text = hash.valuesOf(write, {partition: 0, run: ''})[hash.fields.indexOf('v')] ?? null
    const value = stored[i]!.event['v']
    expect(value === null ? null : KINDS[column.kind].print(value, column)).toBe(text)
    return JSON.parse(JSON.stringify(toServed(column, text ?? undefined))) as unknown
  })
}

/** Numbers by what they are, everything else by its text. */
function comparable(column: Pick<Column, 'kind' | 'element'>, text: unknown): unknown {
  if (text === null) return null
  return column.kind === 'double' ? String(Number(text) + 0) : textOf(text)
}

function toExpected(column: Column, text: string | null): unknown {
  if (text === null) return null
  if (column.kind === 'json') return JSON.parse(JSON.stringify(parseExact(text)))
  if (column.kind !== 'array') return comparable(column, text)
  return (JSON.parse(text) as readonly unknown[]).map(one => comparable(column.element!, one))
}

function toSeen(column: Column, served: unknown): unknown {
  if (column.kind === 'json') return served
  if (column.kind !== 'array' || served === null) return comparable(column, served)
  return (served as readonly unknown[]).map(one => comparable(column.element!, one))
}

test.each(Object.entries(KIND_CASES))(
  'INV-122: %s is shown as SQL prints it, whoever wrote it',
  async (_, one) => {
    const of = await declare(one)
    const column = columnOf(of)
    const path = createPath(of)
    await fc.assert(
      fc.asyncProperty(
        fc.array(maybe(one.values), {minLength: 1, maxLength: 100}),
        async values => {
          const before = lastId
          const ids = await insert(of, one.type, values)
          const {rows} = await world.client.query<{text: string | null}>(
            `SELECT ${one.shown ?? 'v::text'} AS text FROM public.${of.name} WHERE id = ANY($1) ORDER BY id`,
            [ids],
          )
          const records: Coded[] = []
          for (const row of await captured(of, before)) records.push(await path(row))
          expect(records.map(({id}) => id)).toEqual(ids)
          const served = await serve(of, records)
          expect(served.map(value => toSeen(column, value))).toEqual(
            rows.map(({text}) => toExpected(column, text)),
          )
          const only = {text: 'r.id = ANY($1)', values: [ids]}
          const truths = await truthOfEvents(world.client, of, {only, limit: ids.length})
          expect(truths.map(({event}) => event['v']).toReversed()).toEqual(records.map(({v}) => v))
        },
      ),
      {...SEED, numRuns: 4},
    )
  },
)

const UNFIT = Object.entries(KIND_CASES).filter(([, {unfit = []}]) => unfit.length > 0)

test.each(UNFIT)(
  'INV-126: %s that no record can carry is a dead letter that names it, and no row that counts in SQL',
  async (_, one) => {
    const of = await declare(one)
    const column = columnOf(of)
    const values = fc.sample(one.values, {...SEED, numRuns: 20})
    const ids = await insert(of, one.type, [null, ...one.unfit!, ...values])
    const carried: number[] = []
    for (const row of await captured(of, ids[0]! - 1)) {
      try {
        carried.push((toRecord(of, row, STAMP) as Coded).id)
      } catch (error) {
        expect(error).toMatchObject({code: 'ENCODE_FAILED', disposition: 'dead-letter'})
        expect((error as PipelineError).message).toMatch(/^v = .*: expected a/)
      }
    }
    expect(carried).toEqual([ids[0], ...ids.slice(1 + one.unfit!.length)])
    const {rows} = await world.client.query<{id: string}>(
      `SELECT id FROM public.${of.name} r WHERE ${fitsSql(column, 'r.v')} ORDER BY id`,
    )
    expect(rows.map(({id}) => Number(id))).toEqual(carried)
  },
)

test('values that an enum gets later travel as those that it had', async () => {
  await world.run("CREATE TYPE later AS ENUM ('a')")
  const of = await declare({type: 'later', values: fc.constant('a')})
  const path = createPath(of)
  await world.run(
    "ALTER TYPE later ADD VALUE 'b' BEFORE 'a'; ALTER TYPE later RENAME VALUE 'a' TO 'A'",
  )
  const [first] = await insert(of, 'later', ['b', 'A'])
  const records = await Promise.all((await captured(of, first! - 1)).map(path))
  expect(records.map(({v}) => v)).toEqual(['b', 'A'])
})

test('a generated column travels with its value, also one that is not stored', async () => {
  const {rows} = await world.client.query<{has: boolean}>(
    "SELECT current_setting('server_version_num')::int >= 180000 AS has",
  )
  const how = rows[0]!.has ? 'VIRTUAL' : 'STORED'
  const expression = 'numeric(38, 2) GENERATED ALWAYS AS (n * 90071992547409930.01)'
  await world.run(
    `CREATE TABLE made (id bigint PRIMARY KEY, n int, v ${expression} ${how}); SELECT cdc.attach('made', 'made', 'id')`,
  )
  const table = pgTable('made', {
    id: bigint('id', {mode: 'number'}).primaryKey(),
    v: numeric('v', {precision: 38, scale: 2}),
  })
  const of = stream({name: 'made', table, topic: 'made', key: 'id'})
  await world.run('INSERT INTO made VALUES (1, 3), (2, NULL); UPDATE made SET n = 5 WHERE id = 2')
  const values = await Promise.all((await captured(of, 0)).map(createPath(of)))
  expect(values.map(({v}) => v)).toEqual(['270215977642229790.03', null, '450359962737049650.05'])
})

test('a message whose interval is printed in another style is told apart, never taken for another one', async () => {
  const of = await declare({type: 'interval', values: fc.constant('')})
  await writer.query(`SELECT cdc.emit('${of.topic}', '7', '{"id": 7, "v": "1 2:03:04"}')`)
  const [row] = await captured(of, 6)
  expect(() => toRecord(of, row!, STAMP)).toThrow(
    /v = "1 2:03:04": expected an interval in ISO 8601/,
  )
})
