/** INV-15: every committed change of a captured table is in the outbox, and nothing else is. */
import {expect, test} from 'vitest'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {content} from '../streams/sample/content.ts'
import {postgresVersion} from './postgres-version.ts'

const show = (row: Record<string, unknown>): string =>
  `${String(row['id'])}=${String(row['v'] ?? row['value'])}`

/** A captured table `t (id, k, v)`, keyed by `k`. */
async function openTable(columns = 'id int PRIMARY KEY, k text, v int'): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(`CREATE TABLE t (${columns}); SELECT cdc.attach('t', 'topic-t', 'k')`)
  return world
}

test('INV-15: insert, update and delete are captured with the row before', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'a', 10); UPDATE t SET v = 11; DELETE FROM t")
  expect(await world.story('topic-t', show)).toEqual(['c a 1=10', 'u a 1=10→1=11', 'd a 1=11'])
})

test('a payload is the row as PostgreSQL prints it, with times in UTC whoever writes', async () => {
  await using world = await openOutboxWorld()
  await world.run(`CREATE TABLE t (id int PRIMARY KEY, at timestamptz, f float8, j jsonb, b bytea);
    SELECT cdc.attach('t', 'topic-t', 'at')`)
  await world.run(`SET TimeZone = 'Asia/Kolkata'; SET extra_float_digits = -5;
    INSERT INTO t VALUES (1, '2026-01-01 00:00:00.123456+00', 0.1::float8 + 0.2, '{"a": [1]}', '\\x00ff')`)
  const [row] = await world.captured('topic-t')
  expect(row?.payload).toEqual({
    id: 1,
    at: '2026-01-01T00:00:00.123456+00:00',
    f: 0.30000000000000004,
    j: {a: [1]},
    b: '\\x00ff',
  })
  expect(row?.key).toBe('2026-01-01 00:00:00.123456+00')
})

test('an update of the key is a delete under the old key and an insert under the new one', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'a', 10); UPDATE t SET k = 'b', v = 11")
  expect(await world.story('topic-t', show)).toEqual(['c a 1=10', 'd a 1=10', 'c b 1=11'])
})

test('a key that becomes null or stops being null moves too', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'a', 1); UPDATE t SET k = NULL; UPDATE t SET k = 'b'")
  expect(await world.story('topic-t', show)).toEqual([
    'c a 1=1',
    'd a 1=1',
    'c null 1=1',
    'd null 1=1',
    'c b 1=1',
  ])
})

test('A → B → A leaves each key its own history', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'A', 1); UPDATE t SET k = 'B'; UPDATE t SET k = 'A'")
  expect(await world.story('topic-t', show)).toEqual([
    'c A 1=1',
    'd A 1=1',
    'c B 1=1',
    'd B 1=1',
    'c A 1=1',
  ])
})

test('an update of the primary key is a delete and an insert', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'a', 10); UPDATE t SET id = 2")
  expect(await world.story('topic-t', show)).toEqual(['c a 1=10', 'd a 1=10', 'c a 2=10'])
})

test('two rows that swap their keys in one statement both move', async () => {
  await using world = await openTable()
  await world.run(`INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)`)
  await world.captured('topic-t')
  await world.run(`UPDATE t SET k = CASE k WHEN 'a' THEN 'b' ELSE 'a' END`)
  const story = await world.story('topic-t', show)
  expect(story.slice(0, 2).toSorted()).toEqual(['d a 1=1', 'd b 2=2'])
  expect(story.slice(2).toSorted()).toEqual(['c a 2=2', 'c b 1=1'])
})

test('primary keys that shift in one statement keep every row', async () => {
  await using world = await openTable()
  await world.run(`INSERT INTO t VALUES (2, 'a', 2), (3, 'a', 3), (4, 'a', 4)`)
  await world.captured('topic-t')
  await world.run('UPDATE t SET id = id - 1')
  const story = await world.story('topic-t', show)
  expect(story[0]).toBe('d a 4=4')
  expect(story.slice(1).toSorted()).toEqual(['c a 1=2', 'u a 2=2→2=3', 'u a 3=3→3=4'])
})

test('a null key is published as null, and its hash comes from the row', async () => {
  await using world = await openTable()
  await world.run('INSERT INTO t SELECT i, NULL, i FROM generate_series(1, 50) i')
  const rows = await world.captured('topic-t')
  expect(rows.every(row => row.key === null)).toBe(true)
  expect(new Set(rows.map(row => row.hash)).size).toBeGreaterThan(30)
  await world.run('UPDATE t SET v = 0 WHERE id = 7')
  const [update] = await world.captured('topic-t')
  expect(update?.hash).toBe(rows.find(row => row.aggregate_id === '7')?.hash)
})

test('rows of one key have one hash, in every table', async () => {
  await using world = await openTable()
  await world.run(`CREATE TABLE s (id int PRIMARY KEY, owner text); SELECT cdc.attach('s', 'topic-s', 'owner');
    INSERT INTO t VALUES (1, 'same', 1), (2, 'same', 1); INSERT INTO s VALUES (1, 'same')`)
  const hashes = [...(await world.captured('topic-t'))].map(row => row.hash)
  const {rows} = await world.client.query<{hash: number}>(
    "SELECT hash FROM outbox_events WHERE topic = 'topic-s'",
  )
  expect(new Set([...hashes, rows[0]?.hash]).size).toBe(1)
})

test('INSERT … ON CONFLICT is captured as what it did', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  await world.captured('topic-t')
  await world.run(`INSERT INTO t VALUES (1, 'a', 5), (2, 'a', 6)
    ON CONFLICT (id) DO UPDATE SET v = excluded.v`)
  expect((await world.story('topic-t', show)).toSorted()).toEqual(['c a 2=6', 'u a 1=1→1=5'])
  await world.run("INSERT INTO t VALUES (1, 'a', 9) ON CONFLICT DO NOTHING")
  expect(await world.story('topic-t', show)).toEqual([])
})

if (postgresVersion >= 17)
  test('MERGE is captured as what it did', async () => {
    await using world = await openTable()
    await world.run("INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 2)")
    await world.captured('topic-t')
    await world.run(`MERGE INTO t USING (VALUES (1, 10), (3, 30)) s (id, v) ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET v = s.v
    WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'a', s.v)
    WHEN NOT MATCHED BY SOURCE THEN DELETE`)
    expect((await world.story('topic-t', show)).toSorted()).toEqual([
      'c a 3=30',
      'd a 2=2',
      'u a 1=1→1=10',
    ])
  })

if (postgresVersion >= 17)
  test('a MERGE that deletes a row and stores one under its primary key ends with the new row', async () => {
    await using world = await openTable()
    await world.run("INSERT INTO t VALUES (1, 'a', 1)")
    await world.captured('topic-t')
    await world.run(`MERGE INTO t USING (VALUES (1, 2)) s (id, v) ON t.id = s.id AND t.v = s.v
    WHEN NOT MATCHED BY SOURCE THEN DELETE
    WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'a', s.v)`)
    expect(await world.story('topic-t', show)).toEqual(['d a 1=1', 'c a 1=2'])
  })

test('rows that change parts of one statement (WITH) are captured in their order', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  await world.captured('topic-t')
  await world.run(`WITH gone AS (DELETE FROM t WHERE id = 1 RETURNING *)
    INSERT INTO t SELECT id, k, v + 1 FROM gone`)
  expect(await world.story('topic-t', show)).toEqual(['d a 1=1', 'c a 1=2'])
})

test('one statement that moves a row away and stores another under its primary key ends with both', async () => {
  await using world = await openTable()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  await world.captured('topic-t')
  await world.run(`WITH moved AS (UPDATE t SET id = 2 WHERE id = 1 RETURNING id)
      INSERT INTO t SELECT 1, 'a', 9 FROM moved`)
  // Readers do not look up what they store for a c.
  expect(await world.story('topic-t', show)).toEqual(['d a 1=1', 'c a 2=1', 'c a 1=9'])
  // Nor where it is the same as one that the transaction stored before.
  await world.run('BEGIN')
  await world.run("INSERT INTO t VALUES (3, 'a', 7)")
  await world.run(`WITH moved AS (UPDATE t SET id = 4 WHERE id = 3 RETURNING *)
      INSERT INTO t SELECT 3, k, v FROM moved; COMMIT`)
  expect(await world.story('topic-t', show)).toEqual(['c a 3=7', 'd a 3=7', 'c a 4=7', 'c a 3=7'])
  await world.run(`WITH moved AS (UPDATE t SET id = id + 20 RETURNING id)
      INSERT INTO t SELECT id - 20, 'a', 8 FROM moved LIMIT 1`)
  const [first, ...rest] = await world.story('topic-t', show)
  expect(first).toMatch(/^c a (1|2|3|4)=8$/)
  expect(rest.indexOf(first!.replace('c', 'r'))).toBeGreaterThan(1)
})

test('a statement of many rows is captured row by row, in order', async () => {
  await using world = await openTable()
  await world.run(`INSERT INTO t SELECT i, 'k' || i % 7, i FROM generate_series(1, 1000) i`)
  const rows = await world.captured('topic-t')
  expect(rows.map(row => row.payload['id'])).toEqual(Array.from({length: 1000}, (_, i) => i + 1))
})

test('COPY is captured', async () => {
  await using world = await openTable()
  await world.run(`COPY t FROM PROGRAM 'printf "1\\ta\\t10\\n2\\tb\\t20\\n"'`)
  expect(await world.story('topic-t', show)).toEqual(['c a 1=10', 'c b 2=20'])
})

test('a statement that changes nothing writes nothing', async () => {
  await using world = await openTable()
  await world.run('UPDATE t SET v = 1; DELETE FROM t; INSERT INTO t SELECT 1, NULL, 1 WHERE false')
  expect(await world.captured('topic-t')).toEqual([])
})

test('what is rolled back, to a savepoint too, leaves nothing', async () => {
  await using world = await openTable()
  await world.run(`BEGIN; INSERT INTO t VALUES (1, 'a', 1); SAVEPOINT s; INSERT INTO t VALUES (2, 'a', 2);
    UPDATE t SET v = 9; ROLLBACK TO s; INSERT INTO t VALUES (3, 'a', 3); RELEASE s; COMMIT;
    BEGIN; INSERT INTO t VALUES (4, 'a', 4); ROLLBACK`)
  expect(await world.story('topic-t', show)).toEqual(['c a 1=1', 'c a 3=3'])
})

test('savepoints do not change which transaction a row belongs to', async () => {
  await using world = await openTable()
  await world.run(
    `BEGIN; INSERT INTO t VALUES (1, 'a', 1); SAVEPOINT s; INSERT INTO t VALUES (2, 'a', 2); COMMIT`,
  )
  const {rows} = await world.client.query('SELECT DISTINCT txid FROM outbox_events')
  expect(rows).toHaveLength(1)
})

test('a prepared transaction is captured when it commits', async () => {
  await using world = await openTable()
  await world.run(`SET cdc.wake = off; BEGIN; INSERT INTO t VALUES (1, 'a', 1);
    PREPARE TRANSACTION '${world.database.name}'`)
  expect(await world.captured('topic-t')).toEqual([])
  await world.run(`COMMIT PREPARED '${world.database.name}'`)
  expect(await world.story('topic-t', show)).toEqual(['c a 1=1'])
})

test('foreign keys that cascade or set null are captured in the tables they change', async () => {
  await using world = await openTable()
  await world.run(`CREATE TABLE child (id int PRIMARY KEY, value int REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE note (id int PRIMARY KEY, value int REFERENCES t ON DELETE SET NULL);
    SELECT cdc.attach('child', 'topic-child', 'value'), cdc.attach('note', 'topic-note', 'id');
    INSERT INTO t VALUES (1, 'a', 1); INSERT INTO child VALUES (7, 1)`)
  await world.run('UPDATE t SET id = 2; INSERT INTO note VALUES (8, 2); DELETE FROM t')
  expect(await world.story('topic-child', show)).toEqual([
    'c 1 7=1',
    'd 1 7=1',
    'c 2 7=2',
    'd 2 7=2',
  ])
  const {rows} = await world.client.query<{op: string; v: string}>(
    `SELECT op, payload -> 'after' ->> 'value' AS v FROM outbox_events WHERE topic = 'topic-note' ORDER BY id`,
  )
  expect(rows).toEqual([
    {op: 'c', v: null},
    {op: 'u', v: null},
  ])
})

test('session_replication_role = replica does not switch capture off', async () => {
  await using world = await openTable()
  await world.run(`SET session_replication_role = replica; INSERT INTO t VALUES (1, 'a', 1);
    UPDATE t SET v = 2; DELETE FROM t`)
  expect(await world.story('topic-t', show)).toEqual(['c a 1=1', 'u a 1=1→1=2', 'd a 1=2'])
})

test('rows are captured whatever forced row security hides', async () => {
  await using world = await openTable()
  await world.run(`ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
    CREATE POLICY p ON t FOR ALL USING (v < 10) WITH CHECK (true);
    INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 20); UPDATE t SET v = v + 10; DELETE FROM t`)
  const rows = ['c a 1=1', 'c a 2=20', 'u a 1=1→1=11', 'u a 2=20→2=30', 'd a 1=11', 'd a 2=30']
  expect(await world.story('topic-t', show)).toEqual(rows)
})

test('TRUNCATE is refused with what to do instead, also through a foreign key', async () => {
  await using world = await openTable()
  await world.run(
    'CREATE TABLE parent (id int PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES parent',
  )
  await expect(world.run('TRUNCATE t')).rejects.toMatchObject({
    message: expect.stringContaining('TRUNCATE of captured table public.t is refused') as string,
    hint: expect.stringContaining('Use DELETE') as string,
  })
  await expect(world.run('TRUNCATE parent CASCADE')).rejects.toThrow('is refused')
})

test('a composite primary key names the row', async () => {
  await using world = await openOutboxWorld()
  await world.run(`CREATE TABLE t (a int, b text, k text, v int, PRIMARY KEY (b, a)); SELECT cdc.attach('t', 'topic-t', 'k');
    INSERT INTO t VALUES (1, 'x', 'k', 1); UPDATE t SET v = 2; UPDATE t SET a = 2`)
  const rows = await world.captured('topic-t')
  expect(rows.map(({op, aggregate_id: id}) => `${op} ${id}`)).toEqual([
    'c x,1',
    'u x,1',
    'd x,1',
    'c x,2',
  ])
})

test('names that need quotes, and a column named like an alias, are captured', async () => {
  await using world = await openOutboxWorld()
  await world.run(`CREATE SCHEMA "My ""Schema"; CREATE TABLE "My ""Schema"."Ta-ble's" ("I d" int PRIMARY KEY, "o" text, "n" int, x int);
    SELECT cdc.attach('"My ""Schema"."Ta-ble''s"', 'topic-q', 'o');
    INSERT INTO "My ""Schema"."Ta-ble's" VALUES (1, 'k', 1, 1); UPDATE "My ""Schema"."Ta-ble's" SET n = 2; DELETE FROM "My ""Schema"."Ta-ble's"`)
  const rows = await world.captured('topic-q')
  expect(rows.map(row => `${row.op} ${row.key}`)).toEqual(['c k', 'u k', 'd k'])
})

test('headers come from settings of the transaction and end with it', async () => {
  await using world = await openTable()
  await world.run(`BEGIN; SET LOCAL cdc.traceparent = '00-abc-def-01'; SET LOCAL cdc.annotations = '{"by": "anna"}';
    INSERT INTO t VALUES (1, 'a', 1); COMMIT; INSERT INTO t VALUES (2, 'a', 1)`)
  const rows = await world.captured('topic-t')
  expect(rows.map(row => row.headers)).toEqual([
    {traceparent: '00-abc-def-01', annotations: {by: 'anna'}},
    null,
  ])
})

test('an annotation that is not JSON travels as a string and fails no writer', async () => {
  await using world = await openTable()
  await world.run(`SET cdc.annotations = '{oops'; INSERT INTO t VALUES (1, 'a', 1)`)
  expect((await world.captured('topic-t'))[0]?.headers).toEqual({annotations: '{oops'})
})

test('a table is captured until it is detached, and its functions go with it', async () => {
  await using world = await openTable()
  await world.run(
    `INSERT INTO t VALUES (1, 'a', 1); SELECT cdc.detach('t'); UPDATE t SET v = 2; TRUNCATE t`,
  )
  expect(await world.story('topic-t', show)).toEqual(['c a 1=1'])
  const {rows} = await world.client.query(
    "SELECT FROM pg_proc WHERE proname LIKE 'capture_public_t_%'",
  )
  expect(rows).toHaveLength(0)
})

test('a topic that no stream declares is refused, once streams were declared', async () => {
  await using world = await openOutboxWorld()
  await world.run('CREATE TABLE t (id int PRIMARY KEY)')
  await initDatabase(world.url, [content], () => undefined)
  await expect(world.run("SELECT cdc.attach('t', 'nobodys', 'id')")).rejects.toMatchObject({
    message: expect.stringContaining('no stream is declared for topic nobodys') as string,
    hint: expect.stringContaining('npm run init') as string,
  })
  await world.run("UPDATE content SET title = 'x'")
})

test('attaching again moves a table to another topic and key', async () => {
  await using world = await openTable()
  await world.run(`SELECT cdc.attach('t', 'topic-2', 'v'); INSERT INTO t VALUES (1, 'a', 5)`)
  expect(await world.captured('topic-t')).toEqual([])
  expect(await world.story('topic-2', show)).toEqual(['c 5 1=5'])
})

test.each([
  ["cdc.attach('bare', 'x', 'id')", 'has no primary key'],
  ["cdc.attach('t', 'x', 'nothing')", 'has no column'],
  ["cdc.attach('keyed', 'topic-t', 'id')", 'has another table: public.t'],
  ["cdc.attach('scratch', 'x', 'id')", 'is temporary or unlogged'],
  ["cdc.attach('t', 'not a topic', 'k')", 'is not a Kafka topic name'],
  ["cdc.attach('a_view', 'x', 'k')", 'is not a table'],
  ["cdc.attach('parts_1', 'x', 'id')", 'is a partition: attach public.parts instead'],
  ["cdc.detach('bare')", 'is not captured'],
])('%s is refused with the reason', async (call, reason) => {
  await using world = await openTable()
  await world.run(`CREATE TABLE bare (id int); CREATE TABLE keyed (id int PRIMARY KEY); CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY); CREATE VIEW a_view AS SELECT * FROM t;
    CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)`)
  await expect(world.run(`SELECT ${call}`)).rejects.toThrow(reason)
})

test('a message of the application goes with its transaction', async () => {
  await using world = await openTable()
  await world.run(`BEGIN; SELECT cdc.emit('mail', 'anna', '{"hello": 1}'); ROLLBACK;
    SELECT cdc.emit('mail', 'anna', '{"hello": 2}', '{"h": 1}'); SELECT cdc.emit('mail', NULL, '{}')`)
  const rows = await world.captured('mail')
  expect(rows.map(({key, payload, headers, op}) => ({key, payload, headers, op}))).toEqual([
    {key: 'anna', payload: {hello: 2}, headers: {h: 1}, op: 'c'},
    {key: null, payload: {}, headers: null, op: 'c'},
  ])
})
