/** INV-106: what is done to a captured table's definition is followed, or refused with what to do instead. */
import {expect, test} from 'vitest'
import type {Client} from '../platform/postgres.ts'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'
import {postgresVersion} from './postgres-version.ts'

const WAIT = {timeout: 20_000}

const show = (row: Record<string, unknown>): string => `${String(row['id'])}=${String(row['v'])}`

/** A captured table `t (id, k, v)`, keyed by `k`. */
async function openTable(columns = "id int PRIMARY KEY, k text DEFAULT 'a', v int") {
  const world = await openOutboxWorld()
  await world.run(`CREATE TABLE t (${columns}); SELECT cdc.attach('t', 'topic-t', 'k')`)
  return world
}

const checkOf = async (world: OutboxWorld): Promise<readonly unknown[]> =>
  (await world.client.query('SELECT source::text, problem FROM cdc.check()')).rows

/** Statements after which `t2` is what `t` was. */
const RENAMES = {
  'a table': 'ALTER TABLE t RENAME TO t2',
  'a table, with another one under the old name':
    "ALTER TABLE t RENAME TO t2; CREATE TABLE t (id int PRIMARY KEY, k text, v int); INSERT INTO t VALUES (1, 'other', 9)",
  'a table to another schema':
    'CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s; SET search_path = s, public; ALTER TABLE t RENAME TO t2',
} as const

/** A trigger of the application: then images are compared with the row as it is. */
const TRIGGER = `CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE TRIGGER a AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing()`

for (const followed of [true, false]) {
  for (const [what, sql] of Object.entries(RENAMES)) {
    test(`${what} that is renamed is captured on, ${followed ? 'followed at once' : 'followed by nobody'}`, async () => {
      await using world = await openTable()
      await world.run(TRIGGER)
      await world.run('INSERT INTO t VALUES (1), (2)')
      if (!followed) await world.run('SET cdc.is_attaching = on')
      await world.run(
        `${sql}; UPDATE t2 SET v = 2; UPDATE t2 SET id = 5 WHERE id = 1; DELETE FROM t2 WHERE id = 2`,
      )
      expect(await world.story('topic-t', show)).toEqual([
        'c a 1=null',
        'c a 2=null',
        'u a 1=null→1=2',
        'u a 2=null→2=2',
        'd a 1=2',
        'c a 5=2',
        'd a 2=2',
      ])
      if (followed) expect(await checkOf(world)).toEqual([])
      else expect(await checkOf(world)).not.toEqual([])
      await world.run('SELECT cdc.follow()')
      expect(await checkOf(world)).toEqual([])
    })
  }
}

test('a schema that is renamed changes nothing', async () => {
  await using world = await openOutboxWorld()
  await world.run(`CREATE SCHEMA old; CREATE TABLE old.t (id int PRIMARY KEY, k text DEFAULT 'a', v int); SELECT cdc.attach('old.t', 'topic-t', 'k');
    SET search_path = public, old; ${TRIGGER}; ALTER SCHEMA old RENAME TO new; INSERT INTO new.t VALUES (1); UPDATE new.t SET id = 2`)
  expect(await world.story('topic-t', show)).toEqual(['c a 1=null', 'd a 1=null', 'c a 2=null'])
  expect(await checkOf(world)).toEqual([])
})

test('a key column that is renamed is the key on', async () => {
  await using world = await openTable()
  await world.run(
    "ALTER TABLE t RENAME COLUMN k TO other; INSERT INTO t VALUES (1); UPDATE t SET other = 'b'",
  )
  expect(await world.story('topic-t', show)).toEqual(['c a 1=null', 'd a 1=null', 'c b 1=null'])
  const {rows} = await world.client.query(
    "SELECT key_column FROM cdc.captured_tables WHERE topic = 'topic-t'",
  )
  expect(rows).toEqual([{key_column: 'other'}])
  expect(await checkOf(world)).toEqual([])
})

const CASCADES = {
  'a domain': ['CREATE DOMAIN mail AS text', 'mail', 'DROP DOMAIN mail CASCADE'],
  'a type': ["CREATE TYPE mail AS ENUM ('a')", 'mail', 'DROP TYPE mail CASCADE'],
  'its schema': [
    "CREATE SCHEMA s; CREATE TYPE s.mail AS ENUM ('a')",
    's.mail',
    'DROP SCHEMA s CASCADE',
  ],
} as const

test.each(Object.entries(CASCADES))(
  'a key column that goes with %s is refused there; tables of others are changed on',
  async (_, [make, type, drop]) => {
    await using world = await openOutboxWorld()
    await world.run(
      `${make}; CREATE TABLE t (id int PRIMARY KEY, k ${type}); SELECT cdc.attach('t', 'topic-t', 'k')`,
    )
    await expect(world.run(drop)).rejects.toMatchObject({
      message: expect.stringContaining('has no column for the key') as string,
      hint: expect.stringContaining("cdc.detach('public.t')") as string,
    })
    // As it was where nobody looked.
    await world.run(`SET cdc.is_attaching = on; ${drop}; RESET cdc.is_attaching`)
    await world.run(
      'CREATE TABLE other (id int PRIMARY KEY); ALTER TABLE other ADD COLUMN b int; CREATE TEMP TABLE x (); DROP TABLE other',
    )
    expect(await checkOf(world)).toEqual([
      {source: 't', problem: 'table public.t has no column for the key any more'},
    ])
  },
)

test.each([
  ['ALTER TABLE t DROP CONSTRAINT t_pkey', 'has no primary key'],
  ['ALTER TABLE t DROP COLUMN k', 'has no column'],
  ['ALTER TABLE t SET UNLOGGED', 'is temporary or unlogged'],
  ['CREATE TABLE child () INHERITS (t)', 'takes part in table inheritance'],
  ['CREATE TABLE child (LIKE t); ALTER TABLE child INHERIT t', 'takes part in table inheritance'],
  ['ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) DEFERRABLE', 'is deferrable'],
  [
    "CREATE TABLE p (id int PRIMARY KEY, k text DEFAULT 'a', v int) PARTITION BY RANGE (id); ALTER TABLE p ATTACH PARTITION t DEFAULT",
    'is a partition',
  ],
])('%s of a captured table is refused', async (ddl, reason) => {
  await using world = await openTable()
  await expect(world.run(ddl)).rejects.toThrow(reason)
  await world.run('INSERT INTO t VALUES (1)')
  expect(await world.captured('topic-t')).toHaveLength(1)
})

test('a table whose primary key is deferrable is refused', async () => {
  await using world = await openOutboxWorld()
  await world.run('CREATE TABLE d (id int PRIMARY KEY DEFERRABLE, k text)')
  await expect(world.run("SELECT cdc.attach('d', 'x', 'k')")).rejects.toThrow('is deferrable')
})

test.each(['cdc.outbox_events', 'cdc.dead_letters'])(
  '%s is no table to be captured',
  async table => {
    await using world = await openOutboxWorld()
    await expect(world.run(`SELECT cdc.attach('${table}', 'x', 'id')`)).rejects.toThrow(
      'belongs to the capture itself',
    )
  },
)

if (postgresVersion >= 18)
  test('a generated column that is not stored is in every record, as it is in the table', async () => {
    await using world = await openTable(
      "id int PRIMARY KEY, k text GENERATED ALWAYS AS ('k' || id) VIRTUAL, qty int, v int GENERATED ALWAYS AS (qty * 10) VIRTUAL, h int DEFAULT 3",
    )
    await world.run('INSERT INTO t (id, qty) VALUES (1, 2); UPDATE t SET qty = 3; DELETE FROM t')
    expect(await world.story('topic-t', show)).toEqual(['c k1 1=20', 'u k1 1=20→1=30', 'd k1 1=30'])
    await world.run(`${TRIGGER}; INSERT INTO t (id, qty) VALUES (1, 2); ALTER TABLE t ALTER COLUMN v SET EXPRESSION AS (qty * 100), ADD COLUMN w int DEFAULT 5;
    UPDATE t SET qty = 3`)
    expect(await world.story('topic-t', show)).toEqual(['c k1 1=20', 'u k1 1=200→1=300'])
  })

test('triggers that are switched off are put back, and it is said', async () => {
  await using world = await openTable()
  const said: string[] = []
  world.client.on('notice', notice => said.push(String(notice.message)))
  await world.run('ALTER TABLE t DISABLE TRIGGER ALL')
  expect(said).toEqual([expect.stringContaining('capture of public.t stays on')])
  await world.run(
    'ALTER TABLE t ENABLE TRIGGER ALL; SET session_replication_role = replica; INSERT INTO t VALUES (1)',
  )
  expect(await world.captured('topic-t')).toHaveLength(1)
  expect(await checkOf(world)).toEqual([])
})

test.each([
  ['has put triggers in order', 'ALTER TABLE t ENABLE TRIGGER ALL'],
  ['has made triggers anew', 'ALTER TABLE t ADD COLUMN w int'],
])(
  'a transaction that is older than one that %s cannot leave them off, nor does it fail',
  async (_, between) => {
    await using world = await openTable()
    const older = await world.session()
    await older.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
    await world.run(between)
    await older.query('ALTER TABLE t DISABLE TRIGGER ALL; COMMIT')
    expect(await checkOf(world)).toEqual([])
    await world.run('INSERT INTO t VALUES (1)')
    expect(await world.captured('topic-t')).toHaveLength(1)
  },
)

test('where nobody looked, cdc.check() names what was switched off, and cdc.follow() puts it back', async () => {
  await using world = await openTable()
  await world.run(
    'SET cdc.is_attaching = on; ALTER TABLE t DISABLE TRIGGER cdc_update; RESET cdc.is_attaching',
  )
  const problem = 'trigger cdc_update on public.t is not enabled always'
  expect(await checkOf(world)).toEqual([{source: 't', problem}])
  const {rows} = await world.client.query('SELECT * FROM cdc.follow()')
  expect(rows).toEqual([{source: 'public.t', done: `attached again: ${problem}`}])
  expect(await checkOf(world)).toEqual([])
})

const PARTITIONED = `CREATE TABLE t (id int PRIMARY KEY, k text DEFAULT 'a', v int) PARTITION BY RANGE (id);
  CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE t_rest PARTITION OF t DEFAULT;
  SELECT cdc.attach('t', 'topic-t', 'k'); INSERT INTO t VALUES (1), (2), (20), (21)`

async function openPartitioned(): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(PARTITIONED)
  await world.captured('topic-t')
  return world
}

/** Does what a relay does with backfills. */
async function backfill(client: Client): Promise<void> {
  while ((await client.query('SELECT FROM cdc.backfill_step()')).rowCount! > 0) {
    await client.query('UPDATE cdc.backfills SET next_at = clock_timestamp()')
  }
}

test('a partition with rows is detached only with a word of what becomes of them', async () => {
  await using world = await openPartitioned()
  await expect(world.run('ALTER TABLE t DETACH PARTITION t_low')).rejects.toMatchObject({
    message: expect.stringContaining('has rows') as string,
    hint: expect.stringContaining('SET LOCAL cdc.detached_rows') as string,
  })
  await world.run(
    "BEGIN; SET LOCAL cdc.detached_rows = 'delete'; ALTER TABLE t DETACH PARTITION t_low; COMMIT",
  )
  expect(await world.story('topic-t', show)).toEqual(['d a 1=null', 'd a 2=null'])
  // It is a table like any other.
  await world.run('UPDATE t_low SET v = 1; TRUNCATE t_low; DROP TABLE t_low')
  expect(await world.captured('topic-t')).toEqual([])
  expect(await checkOf(world)).toEqual([])
})

test('rows of a detached partition can stay in the numbers', async () => {
  await using world = await openPartitioned()
  await world.run(
    "BEGIN; SET LOCAL cdc.detached_rows = 'keep'; ALTER TABLE t DETACH PARTITION t_low; COMMIT; UPDATE t_low SET v = 1",
  )
  expect(await world.captured('topic-t')).toEqual([])
})

test('a partition that was detached while nobody looked is named, and released', async () => {
  await using world = await openPartitioned()
  await world.run(
    'SET cdc.is_attaching = on; ALTER TABLE t DETACH PARTITION t_low; RESET cdc.is_attaching; CREATE TABLE other ()',
  )
  expect(await checkOf(world)).toEqual([
    {
      source: 't_low',
      problem: expect.stringContaining("cdc.release('public.t_low', 'delete')") as string,
    },
  ])
  await world.run("SELECT cdc.release('t_low', 'delete')")
  expect(await world.story('topic-t', show)).toEqual(['d a 1=null', 'd a 2=null'])
  expect(await checkOf(world)).toEqual([])
})

test('a partition is not dropped while its rows count, the whole table is', async () => {
  await using world = await openPartitioned()
  await expect(world.run('DROP TABLE t_low')).rejects.toMatchObject({
    hint: expect.stringContaining('DETACH PARTITION') as string,
  })
  await world.run('DROP TABLE t')
})

test('a partition that comes with rows is read; rows moved out of the default partition are told twice, rightly', async () => {
  await using world = await openPartitioned()
  await world.run(`CREATE TABLE t_20 (LIKE t INCLUDING ALL);
    WITH moved AS (DELETE FROM ONLY t_rest WHERE id = 20 RETURNING *) INSERT INTO t_20 SELECT * FROM moved;
    ALTER TABLE t ATTACH PARTITION t_20 FOR VALUES FROM (20) TO (21)`)
  await backfill(world.client)
  expect(await world.story('topic-t', show)).toEqual(['d a 20=null', 'r a 20=null'])
  await world.run('UPDATE t SET v = 7 WHERE id = 20; UPDATE t_20 SET v = 8')
  expect(await world.story('topic-t', show)).toEqual(['u a 20=null→20=7', 'u a 20=7→20=8'])
  expect(await checkOf(world)).toEqual([])
})

test('odd names of columns are columns', async () => {
  await using world = await openOutboxWorld()
  await world.run(`CREATE TABLE odd (id int PRIMARY KEY, "{op}" text, "!n" int, "!o" int, "!t" int, p int, q int, x int, h int, "$body$" int, "%s" int, key text, slot int);
    SELECT cdc.attach('odd', 'topic-t', '{op}'); ${TRIGGER.replaceAll('ON t', 'ON odd')};
    INSERT INTO odd (id, "{op}", "!n", h) VALUES (1, 'k', 5, 6); UPDATE odd SET "!o" = 7; UPDATE odd SET id = 2; DELETE FROM odd`)
  const rows = await world.captured('topic-t')
  expect(rows.map(({op, key}) => `${op} ${key}`)).toEqual(['c k', 'u k', 'd k', 'c k', 'd k'])
  expect(rows[0]!.payload).toMatchObject({'{op}': 'k', '!n': 5, h: 6})
})

if (postgresVersion >= 15)
  test('a MERGE that inserts into a partitioned table, then updates, has every row as it is', async () => {
    await using world = await openPartitioned()
    await world.run(`MERGE INTO t USING (VALUES (3), (1), (30), (20), (2)) s (i) ON id = i
    WHEN MATCHED THEN UPDATE SET v = i WHEN NOT MATCHED THEN INSERT VALUES (i, 'a', 0)`)
    expect((await world.story('topic-t', show)).toSorted()).toEqual([
      'c a 30=0',
      'c a 3=0',
      'u a 1=null→1=1',
      'u a 20=null→20=20',
      'u a 2=null→2=2',
    ])
  })

test('a partition that is made with its schema is captured like any other', async () => {
  await using world = await openPartitioned()
  await world.run(`CREATE SCHEMA made CREATE TABLE made.t_30 PARTITION OF public.t FOR VALUES FROM (30) TO (40);
    INSERT INTO t VALUES (30); UPDATE made.t_30 SET v = 1; DELETE FROM t WHERE id = 30`)
  expect(await world.story('topic-t', show)).toEqual([
    'c a 30=null',
    'u a 30=null→30=1',
    'd a 30=1',
  ])
})

test('a partition with parts of its own is detached whole', async () => {
  await using world = await openPartitioned()
  await world.run(`CREATE TABLE t_30 PARTITION OF t FOR VALUES FROM (30) TO (40) PARTITION BY RANGE (id);
    CREATE TABLE t_30_all PARTITION OF t_30 DEFAULT; INSERT INTO t VALUES (30);
    BEGIN; SET LOCAL cdc.detached_rows = 'delete'; ALTER TABLE t DETACH PARTITION t_30; COMMIT; UPDATE t_30 SET v = 1`)
  expect(await world.story('topic-t', show)).toEqual(['c a 30=null', 'd a 30=null'])
  expect(await checkOf(world)).toEqual([])
})

test('statements about other tables do not wait for those that change the captured one', async () => {
  await using world = await openPartitioned()
  const other = await world.session()
  await other.query("CREATE TABLE own (id int); SET lock_timeout = '200ms'")
  await world.run('BEGIN; ALTER TABLE t ADD COLUMN w int')
  await other.query('ALTER TABLE own ADD COLUMN b int; CREATE TABLE more (); DROP TABLE more')
  await world.run('ROLLBACK')
})

test('what is done under session_replication_role = replica is followed and refused too', async () => {
  await using world = await openTable()
  await world.run('SET session_replication_role = replica')
  await expect(world.run('ALTER TABLE t DROP COLUMN k')).rejects.toThrow('has no column')
  await expect(
    world.run('DROP TYPE IF EXISTS x; ALTER TABLE t DROP CONSTRAINT t_pkey'),
  ).rejects.toThrow('has no primary key')
  await world.run('ALTER TABLE t RENAME COLUMN k TO key; INSERT INTO t VALUES (1)')
  expect(await world.story('topic-t', show)).toEqual(['c a 1=null'])
})

test('ids that are equal and other texts move, also where they became numbers of many digits later', async () => {
  await using world = await openTable()
  await world.run(
    'INSERT INTO t VALUES (1); ALTER TABLE t ALTER COLUMN id TYPE numeric; UPDATE t SET id = 1.00',
  )
  const rows = await world.captured('topic-t')
  expect(rows.map(row => `${row.op} ${row.aggregate_id}`)).toEqual(['c 1', 'd 1', 'c 1.00'])
})

test.each([false, true])(
  'a session that changed rows before has every column of now in its records (row triggers: %s)',
  async perRow => {
    await using world = await openTable()
    await world.run(`SELECT cdc.attach('t', 'topic-t', 'k', ${perRow})`)
    const session = await world.session()
    const change = 'INSERT INTO t (id) VALUES (1), (2); UPDATE t SET k = NULL; DELETE FROM t'
    await session.query(change)
    await world.captured('topic-t')
    for (const ddl of [
      'ADD COLUMN w int DEFAULT 5',
      "ALTER COLUMN v TYPE text, ALTER COLUMN v SET DEFAULT 'x'",
      'RENAME COLUMN w TO x',
      'DROP COLUMN v',
    ]) {
      await world.run(`ALTER TABLE t ${ddl}`)
      await session.query(change)
      const {rows} = await world.client.query<{name: string}>(
        "SELECT attname AS name FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
      )
      for (const {payload} of await world.captured('topic-t'))
        expect(Object.keys(payload['before'] ?? payload)).toEqual(rows.map(r => r.name))
    }
  },
)

test('what a table was attached with does not depend on plans', async () => {
  await using world = await openTable('id int, k text, v int, PRIMARY KEY (k, id)')
  for (const off of ['hashjoin', 'nestloop', 'mergejoin', 'indexscan', 'sort']) {
    await world.run(`SET enable_${off} = off`)
    const {rows} = await world.client.query<{sql: string}>(
      "SELECT cdc.same_id_sql('t', 'a', 'b') AS sql",
    )
    expect(rows).toEqual([{sql: 'a.k = b.k AND a.id = b.id'}])
  }
})

async function openOldSnapshot(): Promise<{world: OutboxWorld; other: Client}> {
  const world = await openPartitioned()
  await world.run(
    'CREATE TABLE t_30 PARTITION OF t FOR VALUES FROM (30) TO (40); CREATE TABLE t_40 (LIKE t INCLUDING ALL)',
  )
  const other = await world.session()
  await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t')
  await world.run('INSERT INTO t VALUES (30); INSERT INTO t_40 VALUES (40)')
  return {world, other}
}

test('under REPEATABLE READ, where rows of others are not seen, no partition is let go', async () => {
  const {world, other} = await openOldSnapshot()
  await using _ = world
  await expect(other.query('ALTER TABLE t DETACH PARTITION t_30')).rejects.toMatchObject({
    message: expect.stringContaining('under REPEATABLE READ') as string,
    hint: expect.stringContaining('READ COMMITTED') as string,
  })
})

test('under REPEATABLE READ no partition is let go either whose triggers were made anew meanwhile', async () => {
  await using world = await openPartitioned()
  const older = await world.session()
  await older.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
  await world.run('ALTER TABLE t ADD COLUMN w int')
  await expect(
    older.query("SET LOCAL cdc.detached_rows = 'keep'; ALTER TABLE t DETACH PARTITION t_low"),
  ).rejects.toMatchObject({message: expect.stringContaining('under REPEATABLE READ') as string})
  await older.query('ROLLBACK')
  expect(await checkOf(world)).toEqual([])
})

test('under REPEATABLE READ a partition is attached, and read whether rows are seen or not', async () => {
  const {world, other} = await openOldSnapshot()
  await using _ = world
  await other.query(
    'ALTER TABLE t ATTACH PARTITION t_40 FOR VALUES FROM (40) TO (50); ALTER TABLE t RENAME COLUMN k TO key; COMMIT',
  )
  const {rows} = await world.client.query('SELECT state FROM cdc.backfills')
  expect(rows).not.toEqual([])
  await world.run('INSERT INTO t VALUES (31)')
  expect((await world.story('topic-t', show)).at(-1)).toBe('c a 31=null')
})

const DETACH =
  "BEGIN; SET LOCAL cdc.detached_rows = 'delete'; ALTER TABLE t DETACH PARTITION t_low; COMMIT"
test.each([
  ['detached, captured by statement', false, DETACH],
  ['detached, captured by row', true, DETACH],
  ['detached and dropped', false, `${DETACH}; DROP TABLE t_low`],
  [
    'detached and attached elsewhere',
    false,
    `${DETACH}; ALTER TABLE u ATTACH PARTITION t_low DEFAULT`,
  ],
])(
  'a transaction that is older than one that let a partition go leaves that alone: %s',
  async (_, perRow, between) => {
    await using world = await openPartitioned()
    await world.run(
      `CREATE TABLE u (LIKE t INCLUDING ALL) PARTITION BY RANGE (id); SELECT cdc.attach('t', 'topic-t', 'k', ${perRow})`,
    )
    const older = await world.session()
    await older.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
    await world.run(between)
    await older.query(
      'CREATE TABLE t_40 (LIKE t INCLUDING ALL); ALTER TABLE t ATTACH PARTITION t_40 FOR VALUES FROM (40) TO (50); COMMIT',
    )
    expect(await checkOf(world)).toEqual([])
    const {rows} = await world.client.query(
      "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('t_low')",
    )
    expect(rows).toEqual([])
    await world.captured('topic-t')
    await world.run('INSERT INTO t VALUES (41)')
    expect(await world.captured('topic-t')).toHaveLength(1)
  },
)

test.each([
  ['changes the table', 'ALTER TABLE s.t RENAME COLUMN k TO key', 's2.t'],
  ['renames the table', 'ALTER TABLE s.t RENAME TO t2', 's2.t2'],
  ['moves the table', 'CREATE SCHEMA s3; ALTER TABLE s.t SET SCHEMA s3', 's3.t'],
  ['drops the table', 'DROP TABLE s.t', null],
])(
  'who renames a schema while somebody %s is followed, as that is',
  async (_, meanwhile, table) => {
    await using world = await openOutboxWorld()
    await world.run(
      "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, k text DEFAULT 'a', v int); SELECT cdc.attach('s.t', 'topic-t', 'k')",
    )
    const other = await world.session()
    await world.run(`BEGIN; ${meanwhile}`)
    // Within a transaction pg_stat_activity stays as it was looked at first.
    const watcher = await world.session()
    const renaming = other.query('ALTER SCHEMA s RENAME TO s2')
    await expect
      .poll(async () => {
        const {rowCount} = await watcher.query(
          "SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER SCHEMA%' AND wait_event_type = 'Lock'",
        )
        return rowCount
      }, WAIT)
      .toBe(1)
    await world.run('COMMIT')
    await renaming
    if (table !== null) {
      await world.run(`INSERT INTO ${table} VALUES (1)`)
      expect(await world.story('topic-t', show)).toEqual(['c a 1=null'])
    }
    expect(await checkOf(world)).toEqual([])
  },
)

test('while deferred triggers of the table are to run, a change that has to be followed waits for them by refusal', async () => {
  await using world = await openOutboxWorld()
  await world.run(
    `CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, k text DEFAULT 'a', v int); SELECT cdc.attach('s.t', 'topic-t', 'k');
    CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER later AFTER INSERT ON s.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION later()`,
  )
  await world.run('BEGIN; INSERT INTO s.t VALUES (1)')
  await expect(world.run('ALTER SCHEMA s RENAME TO s2')).rejects.toMatchObject({code: '55006'})
  await world.run('ROLLBACK; BEGIN; INSERT INTO s.t VALUES (2); SET CONSTRAINTS ALL IMMEDIATE')
  await world.run('ALTER SCHEMA s RENAME TO s2; INSERT INTO s2.t VALUES (3); COMMIT')
  expect(await world.story('topic-t', show)).toEqual(['c a 2=null', 'c a 3=null'])
  expect(await checkOf(world)).toEqual([])
})
