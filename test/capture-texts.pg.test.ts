/** INV-107: a key, an id and an image are one text, whatever the settings of who writes or reads again. */
import {expect, test} from 'vitest'
import {openOutboxWorld} from './outbox-world.ts'

/** Settings that change how PostgreSQL prints something. */
const SETTINGS = `SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kolkata'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = -15;
  SET bytea_output = 'escape'; SET quote_all_identifiers = on; SET search_path = pg_temp; SET standard_conforming_strings = off;
  SET xmloption = document; SET xmlbinary = hex; SET lc_numeric = 'C'; SET transform_null_equals = on`

/** Of each type a value that such a setting prints otherwise, where there is one. */
const VALUES = {
  date: "'2026-06-03'",
  timestamptz: "'2026-06-03 01:02:03.000004+00'",
  timestamp: "'2026-06-03 01:02:03'",
  timetz: "'01:02:03+02'",
  interval: "'1 day 02:03:04'",
  float8: '0.1::float8 + 0.2',
  float4: '0.1',
  bytea: "E'\\\\001\\\\377'",
  money: '12.5',
  numeric: '1.50',
  regclass: "'public.content'",
  regtype: "'int8'",
  daterange: "'[2026-06-03,2026-07-04)'",
  'date[]': "'{2026-06-03}'",
  'interval[]': "'{1 day 02:03:04}'",
  'bytea[]': "ARRAY[E'\\\\377'::bytea]",
  xml: "'<a/>'",
  jsonb: `'{"b": 1.50, "a": [1]}'`,
  uuid: "'00000000-0000-4000-8000-00000000000a'",
  text: "'it''s \\ \"x\"'",
  'char(4)': "'ab'",
  bool: 'true',
  inet: "'10.0.0.1/8'",
  tsvector: "'a b'",
  point: "'(0.1,0.2)'",
} as const

test.each(Object.entries(VALUES))('%s is one text under every setting', async (type, value) => {
  await using world = await openOutboxWorld()
  await world.run(`SET standard_conforming_strings = on; CREATE TABLE t (id int PRIMARY KEY, k ${type}, v int DEFAULT 0); SELECT cdc.attach('t', 'topic-t', 'k');
    INSERT INTO t VALUES (1, ${value}, 0)`)
  const other = await world.session()
  await other.query(SETTINGS)
  await other.query('UPDATE public.t SET v = 1')
  await other.query("SELECT cdc.reread('topic-t', '1')")
  await other.query("INSERT INTO cdc.backfills (topic) VALUES ('topic-t')")
  for (let step = 0; step < 3; step++) {
    await other.query('UPDATE cdc.backfills SET next_at = clock_timestamp()')
    await other.query('SELECT FROM cdc.backfill_step()')
  }
  await other.query("SELECT cdc.repair('topic-t', '1', NULL)")
  await other.query('DELETE FROM public.t')
  const rows = await world.captured('topic-t')
  expect(rows.map(({op}) => op)).toEqual(['c', 'u', 'r', 'r', 'r', 'd'])
  expect(new Set(rows.map(({key}) => key)).size).toBe(1)
  expect(new Set(rows.map(({hash}) => hash)).size).toBe(1)
  const texts = rows.map(({payload, op}) => {
    const row = op === 'u' ? payload['after'] : op === 'd' ? payload['before'] : payload
    return JSON.stringify((row as {k: unknown}).k)
  })
  expect(new Set(texts).size).toBe(1)
})

test('ids of every type are one text too, by whatever setting a row is found again', async () => {
  await using world = await openOutboxWorld()
  await world.run(`CREATE TABLE t (a date, b bytea, c interval, v int, PRIMARY KEY (a, b, c)); SELECT cdc.attach('t', 'topic-t', 'a');
    INSERT INTO t VALUES ('2026-06-03', E'\\\\377', '1 day')`)
  const [{aggregate_id: id} = {aggregate_id: ''}] = await world.captured('topic-t')
  const other = await world.session()
  await other.query(SETTINGS)
  await other.query('UPDATE public.t SET v = 1')
  expect((await other.query("SELECT cdc.reread('topic-t', $1) AS found", [id])).rows).toEqual([
    {found: true},
  ])
  expect((await world.captured('topic-t')).map(row => row.aggregate_id)).toEqual([id, id])
})

const EQUAL = {
  'a collation that ignores case': ['text COLLATE same', "'Anna'", "'ANNA'"],
  'a number with more digits': ['numeric', '1.0', '1.00'],
  'an interval': ['interval', "'1 day'", "'24:00:00'"],
  'a zero below zero': ['float8', "'0'", "'-0'"],
} as const
const COLLATION =
  "CREATE COLLATION same (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"

test.each(Object.entries(EQUAL))(
  '%s: equal but not identical keys move',
  async (_, [type, one, other]) => {
    await using world = await openOutboxWorld()
    await world.run(`${COLLATION}; CREATE TABLE t (id int PRIMARY KEY, k ${type}); SELECT cdc.attach('t', 'topic-t', 'k');
    INSERT INTO t VALUES (1, ${one}); UPDATE t SET k = ${other}`)
    const rows = await world.captured('topic-t')
    expect(rows.map(({op}) => op)).toEqual(['c', 'd', 'c'])
    expect(rows[1]!.key).toBe(rows[0]!.key)
    expect(rows[2]!.key).not.toBe(rows[0]!.key)
  },
)

test.each(Object.entries(EQUAL))(
  '%s: equal but not identical primary keys move',
  async (_, [type, one, other]) => {
    await using world = await openOutboxWorld()
    await world.run(`${COLLATION}; CREATE TABLE t (id ${type} PRIMARY KEY, k text DEFAULT 'a'); SELECT cdc.attach('t', 'topic-t', 'k');
    INSERT INTO t VALUES (${one}); UPDATE t SET id = ${other}; UPDATE t SET k = 'a'`)
    const rows = await world.captured('topic-t')
    expect(rows.map(({op}) => op)).toEqual(['c', 'd', 'c', 'u'])
    expect(rows[1]!.aggregate_id).toBe(rows[0]!.aggregate_id)
    expect(rows[3]!.aggregate_id).toBe(rows[2]!.aggregate_id)
    expect(rows[2]!.aggregate_id).not.toBe(rows[0]!.aggregate_id)
  },
)

test('no two rows of a composite primary key have one id', async () => {
  await using world = await openOutboxWorld()
  const parts = ['a', 'a,b', 'b,c', 'c', 'a\\', '\\,b', ',', '\\', ''].flatMap((a, _, all) =>
    all.map(b => [a, b]),
  )
  await world.run(
    "CREATE TABLE t (a text, b text, k int, PRIMARY KEY (a, b)); SELECT cdc.attach('t', 'topic-t', 'k')",
  )
  await world.client.query('INSERT INTO t SELECT * FROM unnest($1::text[], $2::text[])', [
    parts.map(([a]) => a),
    parts.map(([, b]) => b),
  ])
  const rows = await world.captured('topic-t')
  expect(new Set(rows.map(row => row.aggregate_id)).size).toBe(parts.length)
  for (const row of rows.slice(0, 9)) {
    const {rows: found} = await world.client.query("SELECT cdc.reread('topic-t', $1) AS found", [
      row.aggregate_id,
    ])
    expect(found).toEqual([{found: true}])
  }
})

const ANNOTATIONS = [
  ['{"by": "a\\u0000b"}', {by: 'a\0b'}],
  ['{"by": null, "deep": {"x": null}}', {by: null, deep: {x: null}}],
  ['null', null],
  ['[1, null]', [1, null]],
  ['{oops', '{oops'],
  ['"\\ud800"', '\ud800'],
  [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, expect.stringMatching(/^\[{20}/) as string],
] as const

test.each(ANNOTATIONS)(
  'annotations %j travel as they are, and no writer fails',
  async (text, expected) => {
    await using world = await openOutboxWorld()
    await world.run(
      "CREATE TABLE t (id int PRIMARY KEY, k text); SELECT cdc.attach('t', 'topic-t', 'k')",
    )
    await world.client.query("SELECT set_config('cdc.annotations', $1, false)", [text])
    await world.run("INSERT INTO t VALUES (1, 'a')")
    await world.run("SELECT cdc.emit('topic-t', 'a', '{}')")
    const rows = await world.captured('topic-t')
    expect(rows.map(({headers}) => headers)).toEqual([
      {annotations: expected},
      {annotations: expected},
    ])
  },
)
