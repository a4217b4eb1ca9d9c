/** Row level security on captured tables, where the owner of the capture is no superuser. */
import {expect, test} from 'vitest'
import {openOwnedWorld, type OwnedWorld} from './owned-world.ts'

const show = (row: Record<string, unknown>): string => `${String(row['id'])}=${String(row['v'])}`

const POLICIES = `ALTER TABLE t ENABLE ROW LEVEL SECURITY;
  CREATE POLICY read ON t FOR SELECT USING (tenant = current_user);
  CREATE POLICY write ON t FOR ALL USING (tenant = current_user) WITH CHECK (tenant = current_user)`

/** A trigger of the application: then images are compared with the row as it is. */
const TRIGGER = `CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE TRIGGER a AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION nothing()`

async function openTable(before = ''): Promise<OwnedWorld> {
  const world = await openOwnedWorld()
  await world.run(`CREATE TABLE t (id int PRIMARY KEY, tenant text DEFAULT current_user, v int);
    ${POLICIES}; ${before}; SELECT cdc.attach('t', 'topic-t', 'id')`)
  return world
}

test.each([
  ['by statement', ''],
  ['where statements nest', TRIGGER],
])(
  'what a writer changes under policies is captured whole, and so is what he may not see, %s',
  async (_, before) => {
    await using world = await openTable(before)
    const [one, two] = [await world.user('one'), await world.user('two')]
    await world.run(`GRANT SELECT, INSERT, UPDATE, DELETE ON t TO ${one.name}, ${two.name};
    CREATE POLICY blind ON t FOR INSERT TO ${two.name} WITH CHECK (true)`)
    await one.client.query(
      'INSERT INTO t VALUES (1), (2); UPDATE t SET v = 1; UPDATE t SET id = 3 WHERE id = 2',
    )
    await two.client.query(`INSERT INTO t (id, tenant) VALUES (7, 'somebody else')`)
    expect((await two.client.query('UPDATE t SET v = 9')).rowCount).toBe(0)
    await one.client.query('DELETE FROM t')
    expect(await world.story('topic-t', show)).toEqual([
      'c 1 1=null',
      'c 2 2=null',
      'u 1 1=null→1=1',
      'u 2 2=null→2=1',
      'd 2 2=1',
      'c 3 3=1',
      'c 7 7=null',
      'd 1 1=1',
      'd 3 3=1',
    ])
    expect(await world.ask("SELECT cdc.reread('topic-t', '7')")).toEqual([{reread: true}])
    await world.run(`INSERT INTO cdc.backfills (topic) VALUES ('topic-t'); SELECT cdc.backfill_step();
    SELECT cdc.backfill_step()`)
    expect(await world.story('topic-t', show)).toEqual(['r 7 7=null', 'r 7 7=null'])
    expect(await world.ask('SELECT * FROM cdc.check()')).toEqual([])
  },
)

test('row level security that is forced on the owner is refused, with both ways out', async () => {
  const forced = openTable('ALTER TABLE t FORCE ROW LEVEL SECURITY')
  await expect(forced).rejects.toMatchObject({
    message: 'row level security is forced on public.t for its owner: some rows could not be read',
    hint: expect.stringMatching(/NO FORCE ROW LEVEL SECURITY.* BYPASSRLS/) as string,
  })
})

test('an owner that passes by policies captures tables on which they are forced', async () => {
  await using world = await openOwnedWorld()
  await world.admin.query(`ALTER ROLE owner_${world.name} BYPASSRLS`)
  await world.run(`CREATE TABLE t (id int PRIMARY KEY, tenant text, v int); ${POLICIES}; ALTER TABLE t FORCE ROW LEVEL SECURITY;
    ${TRIGGER}; SELECT cdc.attach('t', 'topic-t', 'id'); INSERT INTO t VALUES (1, 'one'); UPDATE t SET v = 1`)
  expect(await world.story('topic-t', show)).toEqual(['c 1 1=null', 'u 1 1=null→1=1'])
  expect(await world.ask('SELECT * FROM cdc.check()')).toEqual([])
})

test('forced while nobody looked, it is named, and what is written meanwhile is captured whole', async () => {
  await using world = await openTable(TRIGGER)
  await world.run(`ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY all_in ON t FOR INSERT WITH CHECK (true);
    INSERT INTO t VALUES (1, 'one'); INSERT INTO t VALUES (2); UPDATE t SET v = 1`)
  expect(await world.story('topic-t', show)).toEqual(['c 1 1=null', 'c 2 2=null', 'u 2 2=null→2=1'])
  expect(await world.ask('SELECT problem FROM cdc.check()')).toEqual([
    {
      problem:
        'row level security is forced on public.t for its owner: some rows could not be read',
    },
  ])
  await world.run('ALTER TABLE t NO FORCE ROW LEVEL SECURITY')
  expect(await world.ask('SELECT * FROM cdc.check()')).toEqual([])
})
