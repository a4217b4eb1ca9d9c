/** The whole of PostgreSQL's part works where nobody is a superuser: init, capture, relay, API. */
import {expect, onTestFinished, test} from 'vitest'
import type {Stream} from '../contracts/stream.ts'
import {holdPublishing} from '../db/publishing-hold.ts'
import {saveCursor, takeLane} from '../ingestor/leases.ts'
import {keepCapture} from '../ingestor/capture-keeper.ts'
import {setLaneCount} from '../ingestor/lane-count.ts'
import {readOutbox} from '../ingestor/outbox-reader.ts'
import {rotate} from '../ingestor/retention.ts'
import {planRead} from '../ingestor/snapshot-cursor.ts'
import {createPool} from '../platform/postgres.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {activity} from '../streams/sample/activity.ts'
import {ORDER_TABLES, orders} from './order-stream.ts'
import {asUser, NOTHING_KNOWN, serverUrl} from './outbox-world.ts'
import {openOwnedDatabase, openOwnedWorld} from './owned-world.ts'
import {postgresVersion} from './postgres-version.ts'

const nobody = (): void => undefined

test('init works for the owner of a database who may do nothing else, and says what is less', async () => {
  await using world = await openOwnedWorld([activity])
  expect(world.said).toEqual([
    expect.stringMatching(/\d+ migrations applied/),
    'database: event triggers need a superuser: relays follow changes of captured tables every minute',
    'table public.activity_events: captured as user_activity',
  ])
  const again: string[] = []
  await initDatabase(world.url, [activity], what => void again.push(what))
  expect(again).toEqual(['database: 0 migrations applied', world.said[1]])
  expect(await world.ask('SELECT * FROM cdc.check()')).toEqual([])
})

test('event triggers are made when a superuser runs init later, and everything stays the property of the owner', async () => {
  await using world = await openOwnedWorld()
  const url = new URL(serverUrl())
  url.pathname = `/${world.name}`
  await world.run('CREATE TABLE t (id int PRIMARY KEY, v int)')
  const said: string[] = []
  await initDatabase(url.toString(), [], what => void said.push(what))
  expect(said).toEqual(['database: 0 migrations applied'])
  await world.admin.query("SELECT cdc.attach('t', 'topic-t', 'id')")
  const functions =
    "SELECT DISTINCT proowner::regrole::text AS owner FROM pg_proc WHERE pronamespace = 'cdc'::regnamespace"
  expect(await world.ask(functions)).toEqual([{owner: `owner_${world.name}`}])
  await expect(world.run('ALTER TABLE t DROP COLUMN id')).rejects.toThrow('has no primary key')
  await world.run('ALTER TABLE t RENAME COLUMN id TO other; INSERT INTO t VALUES (1)')
  expect(await world.story('topic-t', row => String(row['other']))).toEqual(['c 1 1'])
})

test('who may only change a source table is captured', async () => {
  await using world = await openOwnedWorld([activity])
  const writer = await world.user('writer')
  await world.run(
    `GRANT INSERT ON activity_events TO ${writer.name}; GRANT USAGE ON SEQUENCE activity_events_id_seq TO ${writer.name}`,
  )
  await writer.client.query(
    "INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'x')",
  )
  await expect(writer.client.query('SELECT * FROM outbox_events')).rejects.toThrow(
    'permission denied',
  )
  expect(await world.story('user_activity', row => String(row['activity_type']))).toEqual(['c u x'])
})

test("the relay's user takes a lane, reads, saves, looks after the capture and empties slots", async () => {
  await using world = await openOwnedWorld([activity])
  const {client, url} = await world.user('relay', 'IN ROLE cdc_relay')
  await world.run("INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'x')")
  await takeLane(client, 0, NOTHING_KNOWN)
  await world.run("UPDATE cdc.relay_cursor SET system_identifier = '1'")
  const taken = await takeLane(client, 0, NOTHING_KNOWN)
  expect(taken.wentBack).toBe('another database cluster')
  const plan = planRead({cursor: {...taken.cursor, snapTo: null}, takeover: null})
  expect(
    (await readOutbox(client, taken, plan, {rows: 100, bytes: 1_000_000, isWeighed: false})).rows,
  ).toHaveLength(1)
  await saveCursor(
    client,
    taken,
    {...taken.cursor, snapFrom: taken.takeover},
    {release: true, highestId: 0},
  )
  await world.run(
    "ALTER TABLE activity_events RENAME COLUMN user_id TO person; UPDATE cdc.outbox_slot SET opened_at = 'epoch'",
  )
  const pool = createPool(url, {applicationName: 'relay'})
  onTestFinished(async () => await pool.end())
  const warned: unknown[] = []
  const found = await keepCapture({
    pool,
    metrics: {
      captureFollowed: {inc: nobody},
      captureProblems: {set: nobody},
      changedColumns: {set: nobody},
    } as never,
    log: {warn: (fields: unknown) => void warned.push(fields)} as never,
  })
  expect(found).toEqual({problems: [], columns: []})
  expect(warned).toMatchObject([{table: 'public.activity_events'}])
  expect(await rotate(pool)).toBe('opened')
  expect(await rotate(pool)).toBe('truncated')
  await world.run("INSERT INTO cdc.backfills (topic) VALUES ('user_activity')")
  const step = async () =>
    (await client.query('SELECT state, problem FROM cdc.backfill_step()')).rows
  expect(await step()).toEqual([{state: 'running', problem: null}])
  expect(await step()).toEqual([{state: 'running', problem: null}])
  expect(await world.story('user_activity', row => String(row['person']))).toEqual(['r u u'])
})

test('the owner holds publishing and copies rows aside, as comparing does, and changes lanes', async () => {
  await using world = await openOwnedWorld([activity])
  const hold = await holdPublishing(world.client, {mostMs: 5_000, quietMs: 1_000})
  expect(await hold?.isHeld()).toBe(true)
  await world.run('CREATE TEMP TABLE pending AS SELECT * FROM cdc.outbox_events')
  await hold?.letGo()
  await setLaneCount(world.client, 4)
  expect(await world.ask('SELECT count(*)::int AS lanes FROM cdc.relay_cursor')).toEqual([
    {lanes: 4},
  ])
})

test("the API's user reads and writes source tables, sends a row again and looks after letters", async () => {
  await using world = await openOwnedWorld([activity])
  const {client} = await world.user('api', 'IN ROLE cdc_api')
  await client.query(`INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'x');
    UPDATE activity_events SET activity_type = 'y'; SELECT cdc.reread('user_activity', '1');
    SELECT * FROM cdc.check(); SELECT * FROM cdc.unpublished(); SELECT * FROM api.dead_letters; SELECT value FROM api.secrets`)
  await world.run(`INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, key, op, payload, reason, message)
    SELECT id, created_at, topic, aggregate_id, key, op, payload, 'TOPIC_UNKNOWN', 'm' FROM outbox_events LIMIT 1`)
  await client.query('SELECT cdc.dead_letter_redrive(id) FROM cdc.dead_letters')
  await world.run("SELECT cdc.repair('user_activity', '1', '{}')")
  expect(await world.story('user_activity', row => String(row['activity_type']))).toEqual([
    'c u x',
    'u u x→y',
    'r u y',
    'd u x',
    'r u y',
    'r u y',
  ])
})

test('a table of somebody else is refused until his rights are granted', async () => {
  await using world = await openOwnedWorld()
  const app = await world.user('app')
  await world.run(`GRANT CREATE ON SCHEMA public TO ${app.name}`)
  await app.client.query(
    'CREATE TABLE t (id int PRIMARY KEY, k text) PARTITION BY RANGE (id); CREATE TABLE t_all PARTITION OF t DEFAULT',
  )
  const owner = `owner_${world.name}`
  const attach = "SELECT cdc.attach('t', 'topic-t', 'k')"
  for (const [who, run] of [
    ['owner', async () => await world.run(attach)],
    ['superuser', async () => await world.admin.query(attach)],
  ] as const) {
    await expect(run(), who).rejects.toMatchObject({
      message: `public.t belongs to ${app.name}, and ${owner} has not its rights: only with them triggers are made and rows read again`,
      hint: `GRANT ${app.name} TO ${owner}. Or ALTER TABLE public.t OWNER TO ${owner}.`,
    })
  }
  await world.admin.query(`GRANT ${app.name} TO ${owner}`)
  await world.run(attach)
  await app.client.query("INSERT INTO t VALUES (1, 'a'); UPDATE t SET k = 'b'; DELETE FROM t")
  expect(await world.story('topic-t', row => String(row['k']))).toEqual([
    'c a a',
    'd a a',
    'c b b',
    'd b b',
  ])
  await app.client.query('ALTER TABLE t RENAME COLUMN k TO other')
  expect(await world.ask('SELECT source FROM cdc.follow()')).toEqual([{source: 'public.t'}])
  expect(await world.ask('SELECT * FROM cdc.check()')).toEqual([])
  await world.admin.query(`REVOKE ${app.name} FROM ${owner}`)
  expect(await world.ask('SELECT source::text FROM cdc.check()')).toEqual([{source: 't'}])
})

// Before, everybody may create in schema public.
if (postgresVersion >= 15)
  test('who may create nothing is told what to grant', async () => {
    await using database = await openOwnedDatabase()
    const other = await database.user('other')
    const url = asUser(database.url, other.name, 'secret')
    const init = async (streams: readonly Stream[] = []): Promise<void> =>
      await initDatabase(url, streams, nobody)
    await expect(init()).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringMatching(
        new RegExp(
          `${other.name} needs: GRANT CREATE ON DATABASE ${database.name} TO ${other.name}$`,
        ),
      ) as string,
    })
    await database.admin.query(`GRANT CREATE ON DATABASE ${database.name} TO ${other.name}`)
    await init()
    // Only the sample has tables in it.
    await expect(init([activity])).rejects.toThrow(
      `needs: GRANT CREATE ON SCHEMA public TO ${other.name}`,
    )
    await database.admin.query(`GRANT CREATE ON SCHEMA public TO ${other.name}`)
    await init([activity])
    await expect(initDatabase(database.url, [], nobody)).rejects.toThrow(
      `needs: GRANT ${other.name} TO owner_${database.name}`,
    )
  })

test('a database that is not there and that one may not make is asked for', async () => {
  await using database = await openOwnedDatabase()
  const url = new URL(database.url)
  url.pathname = '/not_there'
  await expect(initDatabase(url.toString(), [], nobody)).rejects.toThrow(
    `ask an administrator for CREATE DATABASE not_there OWNER owner_${database.name}`,
  )
})

test('a look-up in a table of somebody else is granted by him', async () => {
  await using world = await openOwnedWorld()
  await world.run(ORDER_TABLES)
  const shop = await world.user('shop')
  await world.admin.query(`ALTER TABLE products OWNER TO ${shop.name}`)
  const said: string[] = []
  await initDatabase(world.url, [orders], what => void said.push(what))
  const [grant] = said.flatMap(what => /products: its owner has to run (.*)/.exec(what)?.[1] ?? [])
  expect(grant).toContain('GRANT SELECT ("id", "name", ')
  await shop.client.query(grant!)
  said.length = 0
  await initDatabase(world.url, [orders], what => void said.push(what))
  expect(said.filter(what => what.startsWith('table'))).toEqual([])
})
