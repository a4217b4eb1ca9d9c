/** What npm run attach reads of a table in PostgreSQL, and that what it proposes carries every row of it. */
import avsc from 'avsc'
import {expect, test} from 'vitest'
import {truthOfEvents} from '../db/truth/truth.ts'
import {carriedSql, toValue} from '../db/truth/values.ts'
import {toRecord} from '../ingestor/encode.ts'
import type {OutboxRow} from '../ingestor/outbox-reader.ts'
import {compileSchema} from '../platform/avro-codec.ts'
import {readTable} from '../scripts/attach/catalog.ts'
import {propose} from '../scripts/attach/propose.ts'
import {render} from '../scripts/attach/render.ts'
import {loadDeclaration} from './declaration.ts'
import {quote} from '../platform/sql-names.ts'
import {PRINT_SETTINGS} from '../platform/postgres.ts'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

const FOREIGN = `CREATE SCHEMA "Shop"; CREATE EXTENSION IF NOT EXISTS plpgsql;
  CREATE TYPE "Shop".state AS ENUM ('new', 'paid');
  CREATE TYPE "Shop".place AS (city text, zip text);
  CREATE DOMAIN "Shop".money2 AS numeric(12, 2) CHECK (VALUE >= 0);
  CREATE DOMAIN "Shop".price AS "Shop".money2;
  CREATE TABLE "Shop"."Customers ""A""" (id uuid PRIMARY KEY);
  CREATE TABLE "Shop"."Orders, all" (
    tenant int NOT NULL, "No." bigint GENERATED ALWAYS AS IDENTITY UNIQUE, "Customer" uuid NOT NULL REFERENCES "Shop"."Customers ""A""",
    state "Shop".state NOT NULL, price "Shop".price NOT NULL, cost numeric(5, -2), loose numeric, tags text[], lines jsonb, place "Shop".place,
    paid boolean, on_day date, at time, took interval, raw bytea, span int4range, "created_at" timestamptz NOT NULL, ip inet, weight real,
    "op" text, PRIMARY KEY (tenant, "No.")
  );
  CREATE UNIQUE INDEX ON "Shop"."Orders, all" (paid) WHERE paid`

const ROW = `INSERT INTO "Shop"."Customers ""A""" VALUES ('11111111-1111-1111-1111-111111111111');
  INSERT INTO "Shop"."Orders, all" (tenant, "Customer", state, price, cost, loose, tags, lines, place, paid, on_day, at, took, raw, span, created_at, ip, weight, op)
  VALUES (1, '11111111-1111-1111-1111-111111111111', 'paid', 12345678.9, 1234, 'NaN', '{a,NULL,"b c"}', '{"b" : 1.0}', '(Bern,"3000 x")', true,
    '2026-01-31', '12:34:56.789', '1 mon 2 days', '\\x00ff', '[1,3)', '2026-01-02 03:04:05.678901+00', '10.0.0.1/8', 1.5, 'x')`

const STAMP = {lanes: 1, lane: 0, epoch: 1, redelivered: false}

/** What the relay reads of a topic. */
async function outboxOf(world: OutboxWorld, topic: string): Promise<readonly OutboxRow[]> {
  const {rows} = await world.client.query<{payload: string; key: string}>(
    'SELECT payload::text, key FROM public.outbox_events WHERE topic = $1 ORDER BY id',
    [topic],
  )
  const base = {id: 1, topic, aggregateId: '1', op: 'c', headers: null, createdAt: 0} as const
  return rows.map(row => ({...base, ...row}))
}

test('a table of odd names and many types is read as it is', async () => {
  await using world = await openOutboxWorld()
  await world.run(FOREIGN)
  const table = await readTable(world.client, '"Shop"."Orders, all"')
  expect(table).toMatchObject({
    schema: 'Shop',
    name: 'Orders, all',
    primaryKey: ['tenant', 'No.'],
    uniqueColumns: ['No.'],
    foreignKeys: ['Customer'],
    hasRows: false,
  })
  const of = (name: string) => table.columns.find(column => column.name === name)
  expect(of('price')).toMatchObject({type: 'numeric', precision: 12, scale: 2, notNull: true})
  expect(of('cost')).toMatchObject({type: 'numeric', precision: 5, scale: -2})
  expect(of('loose')).toMatchObject({type: 'numeric', precision: null, scale: null})
  expect(of('state')).toMatchObject({isEnum: true, isNested: false})
  expect(of('tags')).toMatchObject({isNested: true, element: {type: 'text', isNested: false}})
  expect(of('place')).toMatchObject({isNested: true, element: null})
})

test('what has few values is known from the statistics of PostgreSQL', async () => {
  await using world = await openOutboxWorld()
  await world.run(
    "CREATE TABLE t (id int PRIMARY KEY, few text, many text); INSERT INTO t SELECT i, 'f' || i % 3, 'm' || i FROM generate_series(1, 500) i; ANALYZE t",
  )
  const table = await readTable(world.client, 't')
  expect(table.columns.map(({distinct}) => distinct)).toEqual([-1, 3, -1])
  expect(table.hasRows).toBe(true)
  expect(propose(table).rollups[0]?.split).toEqual(['few'])
})

test('every value of a proposed stream is carried from the table into Avro and back', async () => {
  await using world = await openOutboxWorld()
  await world.run(FOREIGN)
  const proposal = propose(await readTable(world.client, '"Shop"."Orders, all"'))
  const stream = await loadDeclaration(render(proposal))
  await world.client.query('SELECT cdc.attach($1::regclass, $2, $3)', [
    '"Shop"."Orders, all"',
    stream.topic,
    stream.keyColumn,
  ])
  await world.run(ROW)
  const rows = await outboxOf(world, stream.topic)
  expect(rows).toHaveLength(1)
  const record = toRecord(stream, rows[0]!, STAMP)
  expect(record).toMatchObject({
    tenant: 1,
    no_: 1,
    customer: '11111111-1111-1111-1111-111111111111',
    state: 'paid',
    price: '12345678.90',
    cost: '1200',
    loose: 'NaN',
    tags: ['a', null, 'b c'],
    lines: '{"b": 1.0}',
    place: '{"city":"Bern","zip":"3000 x"}',
    paid: true,
    on_day: 20_484,
    at: 45_296_789_000,
    took: 'P1M2D',
    raw: Buffer.from([0, 255]),
    span: '[1,3)',
    row_created_at: 1_767_323_045_678_901,
    ip: '10.0.0.1/8',
    weight: 1.5,
    row_op: 'x',
  })
  // What reconcile takes for the truth is the same.
  const sql = stream.columns.map(
    one => `(${carriedSql(one, `t.${quote(one.column)}`)})::text AS ${quote(one.field)}`,
  )
  await world.run(PRINT_SETTINGS.join('; '))
  const {rows: truths} = await world.client.query<Record<string, string | null>>(
    `SELECT ${sql.join(', ')} FROM "Shop"."Orders, all" t`,
  )
  const truth = Object.fromEntries(
    stream.columns.map(one => [one.field, toValue(one, truths[0]![one.field]!)]),
  )
  expect(record).toMatchObject(truth)
  expect(avsc.Type.forSchema(stream.schema as unknown as avsc.Schema).typeName).toBe('record')
})

/** Puts into each column of the one row of `every` the first of some texts that its type takes. */
const FILL = `CREATE FUNCTION fill(types text[], literals text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE i int; literal text;
BEGIN
  FOR i IN 1 .. cardinality(types) LOOP
    FOREACH literal IN ARRAY literals LOOP
      BEGIN
        EXECUTE format('UPDATE every SET c%s = %L::%s', i - 1, literal, types[i]);
        EXIT;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
  END LOOP;
END $$`

/** Texts of which most types take one. */
const LITERALS = [
  '1; 1.5; true; a; 2026-01-01; 12:34:56; 1 day; 10.0.0.1; 08:00:2b:01:02:03; <a/>; $.a; {1}; {a}; [1,2); {[1,2)}',
  '[2026-01-01,2026-01-02); {[2026-01-01,2026-01-02)}; (1,2); ((1,2),(3,4)); {1,2,3}; <(1,2),3>; (0,1); 1/1; 1:2:',
  'pg_class; now(); english; simple; C; public; +; abs(int); =(int,int); a=r/postgres; {"{}"}; {"[1,2)"}',
  '00000000-0000-4000-8000-00000000000a; 08:00:2b:01:02:03:04:05; {"a": [1.50, null]}; {}',
].flatMap(line => line.split('; '))

test('every built-in type is proposed, and a value of it carried from the table into Avro and back', async () => {
  await using world = await openOutboxWorld()
  await world.run(PRINT_SETTINGS.join('; '))
  const {rows: types} = await world.client.query<{type: string}>(
    `SELECT format_type(t.oid, NULL) AS type FROM pg_type t
      WHERE t.typtype IN ('b', 'r', 'm') AND t.typnamespace = 'pg_catalog'::regnamespace AND t.oid < 10000
        AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typtype IN ('c', 'p')) ORDER BY t.oid`,
  )
  expect(types.length).toBeGreaterThan(120)
  const columns = types.map(({type}, i) => `c${i} ${type}`).join(', ')
  await world.run(
    `${FILL}; CREATE TABLE every (id int PRIMARY KEY, ${columns}); INSERT INTO every VALUES (1)`,
  )
  await world.client.query('SELECT fill($1, $2)', [types.map(({type}) => type), LITERALS])
  const stream = await loadDeclaration(render(propose(await readTable(world.client, 'every'))))
  await world.run("SELECT cdc.attach('every', 'every', 'id'); UPDATE every SET id = 2")
  const row = (await outboxOf(world, 'every')).at(-1)
  const record = toRecord(stream, row!, STAMP) as Readonly<Record<string, unknown>>
  const type = compileSchema(stream.schema)
  const decoded = type.fromBuffer(type.toBuffer(record)) as object
  const values = Object.fromEntries(stream.columns.map(({field}) => [field, record[field]]))
  expect(decoded).toMatchObject(values)
  const [truth] = await truthOfEvents(world.client, stream, {limit: 1})
  expect(truth?.event).toEqual(values)
  // Of few types no value is tried: pg_node_tree and its like are not written by hand.
  const untried = types.filter((_, i) => values[`c${i}`] === null).map(one => one.type)
  expect(untried.filter(one => !/^pg_|acl|gtsvector/.test(one))).toEqual([])
})

test.each([
  ['nothing', /^there is no table nothing; there are /],
  ['v', /^v is a view: name the table that it shows$/],
  ['s', /^s is a sequence$/],
])('%s is refused with the reason', async (name, sentence) => {
  await using world = await openOutboxWorld()
  await world.run('CREATE VIEW v AS SELECT 1 AS x; CREATE SEQUENCE s')
  await expect(readTable(world.client, name)).rejects.toThrow(sentence)
})
