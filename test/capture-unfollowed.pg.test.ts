/**
 * INV-110: where nobody follows what is done to a captured table (its owner is no superuser, so there are no event
 * triggers), no statement on it fails for the capture, what can be told is told, and cdc.follow() and cdc.check() do
 * and say the rest.
 */
import {expect, test} from 'vitest'
import {openOwnedWorld, type OwnedWorld} from './owned-world.ts'
import {postgresVersion} from './postgres-version.ts'

const show = (row: Record<string, unknown>): string => `${String(row['id'])}=${String(row['v'])}`

/** A trigger of the application: then images are compared with the row as it is. */
const TRIGGER = `CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE TRIGGER a AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing()`

interface Kind {
  readonly perRow: boolean
  readonly nested: boolean
}

/** How a table can be captured. */
const KINDS: Readonly<Record<string, Kind>> = {
  'by statement': {perRow: false, nested: false},
  'by row': {perRow: true, nested: false},
  'where statements nest': {perRow: false, nested: true},
  'by row where statements nest': {perRow: true, nested: true},
}

/** A captured table `t (id, k, v)` with rows 1 and 2, keyed by `k`. */
async function openTable({perRow, nested}: Kind = KINDS['by statement']!): Promise<OwnedWorld> {
  const world = await openOwnedWorld()
  await world.run(`CREATE TABLE t (id int PRIMARY KEY, k text DEFAULT 'a', v int);
    ${nested ? TRIGGER : ''}; SELECT cdc.attach('t', 'topic-t', 'k', per_row => ${perRow});
    INSERT INTO t VALUES (1), (2)`)
  await world.story('topic-t', show)
  return world
}

const checkOf = async (world: OwnedWorld): Promise<readonly unknown[]> =>
  (await world.ask('SELECT problem FROM cdc.check()')).map(row => row['problem'])
const followOf = async (world: OwnedWorld): Promise<readonly unknown[]> =>
  (await world.ask('SELECT done FROM cdc.follow()')).map(row => row['done'])

const CHANGED = 'the table changed since it was attached: attach it again'

for (const [what, kind] of Object.entries(KINDS)) {
  test(`a key column that is renamed is the key on, captured ${what}`, async () => {
    await using world = await openTable(kind)
    const change = 'UPDATE t SET v = coalesce(v, 0) + 1 WHERE id = 1; INSERT INTO t VALUES (3)'
    await world.run(`ALTER TABLE t RENAME COLUMN k TO other; ${change};
      UPDATE t SET other = 'b' WHERE id = 2; DELETE FROM t WHERE id = 3`)
    expect(await world.story('topic-t', show)).toEqual([
      'u a 1=null→1=1',
      'c a 3=null',
      'd a 2=null',
      'c b 2=null',
      'd a 3=null',
    ])
    expect(await checkOf(world)).toEqual([CHANGED])
    expect(await followOf(world)).toEqual([`attached again: ${CHANGED}`])
    expect(await checkOf(world)).toEqual([])
    await world.run(change)
    expect(await world.story('topic-t', show)).toEqual(['u a 1=1→1=2', 'c a 3=null'])
  })

  test(`without its key column a table is captured without keys, captured ${what}`, async () => {
    await using world = await openTable(kind)
    const change = `INSERT INTO t (id) VALUES (3); UPDATE t SET v = coalesce(v, 0) + 1 WHERE id = 1;
      UPDATE t SET id = 4 WHERE id = 3; DELETE FROM t WHERE id = 4`
    await world.run(`ALTER TABLE t DROP COLUMN k; ${change}`)
    const told = ['c null 3=null', 'd null 3=null', 'c null 4=null', 'd null 4=null']
    const story = (from: string): string[] => [told[0]!, `u null ${from}`, ...told.slice(1)]
    expect(await world.story('topic-t', show)).toEqual(story('1=null→1=1'))
    const problem = 'table public.t has no column for the key any more'
    expect(await checkOf(world)).toEqual([problem])
    expect(await followOf(world)).toEqual([`captured as far as it can be: ${problem}`])
    await world.run(change)
    expect(await world.story('topic-t', show)).toEqual(story('1=1→1=2'))
    expect(await checkOf(world)).toEqual([problem])
    expect(await followOf(world)).toEqual([])
    await world.run(`SELECT cdc.attach('t', 'topic-t', 'v', ${kind.perRow}); UPDATE t SET v = 9`)
    expect(await checkOf(world)).toEqual([])
    expect((await world.story('topic-t', show)).length).toBeGreaterThan(0)
  })

  test(`without its primary key an update is d and c, captured ${what}`, async () => {
    await using world = await openTable(kind)
    await world.run(`ALTER TABLE t DROP COLUMN id;
      INSERT INTO t VALUES ('b', 7); UPDATE t SET v = 8 WHERE k = 'b'; DELETE FROM t WHERE k = 'b'`)
    const told = ['c b 7', 'd b 7', 'c b 8', 'd b 8']
    const showV = (row: Record<string, unknown>): string => String(row['v'])
    expect(await world.story('topic-t', showV)).toEqual(told)
    const problem = 'table public.t has no primary key: changes of one row could not be told apart'
    expect(await checkOf(world)).toEqual([problem])
    expect(await followOf(world)).toEqual([`captured as far as it can be: ${problem}`])
    await world.run(`INSERT INTO t VALUES ('b', 7); UPDATE t SET v = 8 WHERE k = 'b'; DELETE FROM t WHERE k = 'b';
      ALTER TABLE t ADD COLUMN id serial PRIMARY KEY`)
    expect(await world.story('topic-t', showV)).toEqual(told)
    expect(await followOf(world)).toEqual([`attached again: ${CHANGED}`])
    expect(await checkOf(world)).toEqual([])
    await world.run('UPDATE t SET v = 8')
    expect(await world.story('topic-t', show)).toEqual(['u a 1=null→1=8', 'u a 2=null→2=8'])
  })

  test(`another primary key gives other ids, captured ${what}`, async () => {
    await using world = await openTable(kind)
    await world.run(`UPDATE t SET v = id; ALTER TABLE t DROP COLUMN id, ADD PRIMARY KEY (v)`)
    await world.story('topic-t', show)
    const change = "UPDATE t SET k = 'b' WHERE v = 1; UPDATE t SET k = 'a' WHERE v = 1"
    const told = ['d a 1', 'c b 1', 'd b 1', 'c a 1']
    const showV = (row: Record<string, unknown>): string => String(row['v'])
    await world.run(change)
    expect(await world.story('topic-t', showV)).toEqual(told)
    expect(await followOf(world)).toEqual([`attached again: ${CHANGED}`])
    await world.run(change)
    expect(await world.story('topic-t', showV)).toEqual(told)
    expect(await checkOf(world)).toEqual([])
  })
}

test('sessions that have written before see each change, whoever makes it', async () => {
  await using world = await openTable()
  const writer = await world.user('writer')
  await world.run(`GRANT INSERT, UPDATE, DELETE, SELECT ON t TO ${writer.name}`)
  const write = async (id: number): Promise<string[]> => {
    await writer.client.query('INSERT INTO t (id) VALUES ($1)', [id])
    await writer.client.query('UPDATE t SET v = 1 WHERE id = $1', [id])
    await writer.client.query('DELETE FROM t WHERE id = $1', [id])
    return (await world.story('topic-t', show)).map(told => told.split(' ', 2).join(' '))
  }
  const keyed = ['c a', 'u a', 'd a']
  expect(await write(3)).toEqual(keyed)
  await world.run('ALTER TABLE t RENAME COLUMN k TO other')
  expect(await write(3)).toEqual(keyed)
  await world.run('ALTER TABLE t RENAME COLUMN other TO k')
  expect(await write(3)).toEqual(keyed)
  await world.run(
    "ALTER TABLE t RENAME COLUMN k TO other; ALTER TABLE t ADD COLUMN k text DEFAULT 'b'",
  )
  expect(await write(3)).toEqual(keyed)
  await followOf(world)
  expect(await write(3)).toEqual(keyed)
  await world.run('ALTER TABLE t DROP COLUMN other')
  expect(await write(3)).toEqual(['c null', 'u null', 'd null'])
})

test('a row is read again, and a table, under the name that the key column has by now', async () => {
  await using world = await openTable()
  await world.run('ALTER TABLE t RENAME COLUMN k TO other')
  await world.story('topic-t', show)
  await world.run(
    "SELECT cdc.reread('topic-t', '1'); INSERT INTO cdc.backfills (topic) VALUES ('topic-t')",
  )
  for (let step = 0; step < 3; step++) {
    await world.run(
      'UPDATE cdc.backfills SET next_at = clock_timestamp(); SELECT FROM cdc.backfill_step()',
    )
  }
  expect((await world.story('topic-t', show)).every(told => told.startsWith('r a '))).toBe(true)
  const {rows} = await world.client.query('SELECT state, problem FROM cdc.backfills')
  expect(rows).toEqual([{state: 'done', problem: null}])
})

test('a transaction whose snapshot is older than a rename is asked to try again', async () => {
  await using world = await openTable()
  const writer = await world.user('writer')
  await world.run(`GRANT INSERT ON t TO ${writer.name}`)
  const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1'
  await writer.client.query(begin)
  await world.run('ALTER TABLE t RENAME COLUMN k TO other')
  const insert = writer.client.query('INSERT INTO t VALUES (3)')
  await expect(insert).rejects.toMatchObject({code: '40001'})
  await writer.client.query(`ROLLBACK; ${begin}`)
  await writer.client.query('INSERT INTO t VALUES (3); COMMIT')
  expect(await world.story('topic-t', show)).toEqual(['c a 3=null'])
})

test('columns that are added, dropped, renamed and retyped need nobody', async () => {
  await using world = await openTable()
  await world.run(`ALTER TABLE t ADD COLUMN w int DEFAULT 5; UPDATE t SET v = 1 WHERE id = 1;
    ALTER TABLE t RENAME COLUMN w TO x; ALTER TABLE t ALTER COLUMN v TYPE bigint; ALTER TABLE t ALTER COLUMN k TYPE varchar(20);
    UPDATE t SET v = 2 WHERE id = 1; ALTER TABLE t DROP COLUMN x; DELETE FROM t WHERE id = 1`)
  expect(await world.story('topic-t', row => JSON.stringify(row))).toEqual([
    'u a {"id":1,"k":"a","v":null,"w":5}→{"id":1,"k":"a","v":1,"w":5}',
    'u a {"id":1,"k":"a","v":1,"x":5}→{"id":1,"k":"a","v":2,"x":5}',
    'd a {"id":1,"k":"a","v":2}',
  ])
  await followOf(world)
  expect(await checkOf(world)).toEqual([])
})

if (postgresVersion >= 18)
  test('a column beside one that is computed when it is read can be renamed and dropped', async () => {
    await using world = await openOwnedWorld()
    await world.run(`CREATE TABLE t (id int PRIMARY KEY, k text DEFAULT 'a', w int, v int GENERATED ALWAYS AS (id * 10) VIRTUAL);
    SELECT cdc.attach('t', 'topic-t', 'k'); ALTER TABLE t RENAME COLUMN w TO x; INSERT INTO t (id) VALUES (1);
    ALTER TABLE t DROP COLUMN x; UPDATE t SET k = 'b'; DELETE FROM t`)
    expect(await world.story('topic-t', show)).toEqual([
      'c a 1=10',
      'd a 1=10',
      'c b 1=10',
      'd b 1=10',
    ])
    await followOf(world)
    expect(await checkOf(world)).toEqual([])
  })

const PARTITIONED = `CREATE TABLE t (id int PRIMARY KEY, k text DEFAULT 'a', v int) PARTITION BY RANGE (id);
  CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10);
  SELECT cdc.attach('t', 'topic-t', 'k'); INSERT INTO t VALUES (1), (2)`

async function openPartitioned(): Promise<OwnedWorld> {
  const world = await openOwnedWorld()
  await world.run(PARTITIONED)
  await world.story('topic-t', show)
  return world
}

test('a partition that comes with rows is captured and read when it is followed', async () => {
  await using world = await openPartitioned()
  // Columns in another order than those of the table.
  await world.run(`CREATE TABLE t_high (v int, k text DEFAULT 'a', id int PRIMARY KEY); INSERT INTO t_high VALUES (7, 'a', 20);
    ALTER TABLE t ATTACH PARTITION t_high FOR VALUES FROM (10) TO (100); INSERT INTO t VALUES (30)`)
  expect(await world.story('topic-t', show)).toEqual(['c a 30=null'])
  expect(await checkOf(world)).toEqual(['trigger !cdc_delete on public.t_high is missing'])
  await followOf(world)
  expect(await checkOf(world)).toEqual([])
  await world.run('SELECT cdc.backfill_step()')
  await world.run(`UPDATE cdc.backfills SET next_at = now(); SELECT cdc.backfill_step()`)
  expect(await world.story('topic-t', show)).toEqual(['r a 20=7', 'r a 30=null'])
  await world.run(
    `ALTER TABLE t RENAME COLUMN k TO other; UPDATE t_high SET v = 8 WHERE id = 20; DELETE FROM t`,
  )
  expect(await world.story('topic-t', show)).toEqual([
    'u a 20=7→20=8',
    'd a 1=null',
    'd a 2=null',
    'd a 30=null',
    'd a 20=8',
  ])
})

test('a detached partition can be changed as it likes, and goes with the capture of its table', async () => {
  await using world = await openPartitioned()
  await world.run(`ALTER TABLE t DETACH PARTITION t_low; ALTER TABLE t_low RENAME COLUMN k TO other;
    INSERT INTO t_low VALUES (3); ALTER TABLE t_low DROP COLUMN id; UPDATE t_low SET v = 1 WHERE v IS NULL; DELETE FROM t_low`)
  expect(await checkOf(world)).toEqual([
    expect.stringContaining("cdc.release('public.t_low', 'delete')"),
  ])
  await world.run('DROP TABLE t')
  expect(await followOf(world)).toEqual(['its table is gone: it is not captured any more'])
  await world.story('topic-t', show)
  await world.run('INSERT INTO t_low VALUES (1); TRUNCATE t_low')
  expect(await world.story('topic-t', show)).toEqual([])
  expect(await checkOf(world)).toEqual([])
})

test('a table that goes to a stranger is captured on, and it is said that it belongs to him', async () => {
  await using world = await openTable({perRow: false, nested: true})
  const stranger = await world.user('stranger')
  await world.admin.query(`ALTER TABLE t OWNER TO ${stranger.name}`)
  await stranger.client.query(
    'INSERT INTO t VALUES (3); UPDATE t SET id = 4 WHERE id = 3; DELETE FROM t',
  )
  expect(await world.story('topic-t', show)).toEqual([
    'c a 3=null',
    'd a 3=null',
    'c a 4=null',
    'd a 1=null',
    'd a 2=null',
    'd a 4=null',
  ])
  const problem = `public.t belongs to ${stranger.name}, and owner_${world.name} has not its rights`
  expect(await checkOf(world)).toEqual([expect.stringContaining(problem)])
  await world.admin.query(`ALTER TABLE t OWNER TO owner_${world.name}`)
  expect(await checkOf(world)).toEqual([])
})
