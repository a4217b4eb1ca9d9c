/** Logical replication into a captured table: its workers fire triggers that are ALWAYS enabled, and row triggers only. */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openClient} from '../platform/postgres.ts'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'
import {openOwnServer, type OwnServer} from './own-server.ts'
import {until} from './relay-stack.ts'

const TABLE = 'CREATE TABLE t (id int PRIMARY KEY, k text, v int)'
const show = (row: Record<string, unknown>): string => `${String(row['id'])}=${String(row['v'])}`

let publisher: OwnServer

function publisherUrl(): URL {
  const url = new URL(publisher.connection['DATABASE_URL']!)
  url.pathname = '/postgres'
  return url
}

async function onPublisher(sql: string): Promise<void> {
  const client = await openClient(publisherUrl().toString(), {applicationName: 'test'})
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  publisher = await openOwnServer('postgres')
  await onPublisher('ALTER SYSTEM SET wal_level = logical')
  await publisher.stop()
  await publisher.startAgain()
})
afterAll(async () => await publisher?.[Symbol.asyncDispose]())

/** A subscriber whose `t` is captured, and is filled by nobody but its subscription. */
async function openSubscriber(): Promise<OutboxWorld> {
  await onPublisher(`DROP TABLE IF EXISTS t; DROP PUBLICATION IF EXISTS p; ${TABLE};
    INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20); CREATE PUBLICATION p FOR TABLE t`)
  const world = await openOutboxWorld()
  await world.run(`${TABLE}; SELECT cdc.attach('t', 'topic-t', 'k')`)
  return world
}

async function subscribe(world: OutboxWorld): Promise<AsyncDisposable> {
  const {hostname, port, username, password, pathname} = publisherUrl()
  const from = `host=${hostname} port=${port} user=${username} password=${password} dbname=${pathname.slice(1)}`
  await world.run(`CREATE SUBSCRIPTION s CONNECTION '${from}' PUBLICATION p`)
  // A database with a subscription is not dropped.
  return {[Symbol.asyncDispose]: async () => await world.run('DROP SUBSCRIPTION s')}
}

/** Resolves when `t` has these rows. */
async function whenRows(world: OutboxWorld, rows: string): Promise<void> {
  await until(`the rows ${rows}`, async () => {
    const found = await world.client.query<{rows: string}>(
      `SELECT coalesce(string_agg(id || '=' || v, ' ' ORDER BY id), '') AS rows FROM t`,
    )
    return found.rows[0]!.rows === rows
  })
}

const CHANGES = `UPDATE t SET v = 11 WHERE id = 1; INSERT INTO t VALUES (3, 'c', 30);
  UPDATE t SET k = 'z' WHERE id = 2; DELETE FROM t WHERE id = 1`
const CHANGED = ['u a 1=10→1=11', 'c c 3=30', 'd b 2=20', 'c z 2=20', 'd a 1=11']

test('INV-15: rows that a subscription copies, and every change that it applies, are captured', async () => {
  await using world = await openSubscriber()
  await using _ = await subscribe(world)
  await whenRows(world, '1=10 2=20')
  await onPublisher(CHANGES)
  await whenRows(world, '2=20 3=30')
  expect(await world.story('topic-t', show)).toEqual(['c a 1=10', 'c b 2=20', ...CHANGED])
  // What the subscriber writes itself is captured as before.
  await world.run("INSERT INTO t VALUES (4, 'd', 40), (5, 'd', 50)")
  expect(await world.story('topic-t', show)).toEqual(['c d 4=40', 'c d 5=50'])
  expect((await world.client.query('SELECT * FROM cdc.check()')).rows).toEqual([])
})

test('a subscription that nobody saw is named, and followed', async () => {
  await using world = await openSubscriber()
  await world.run('DROP EVENT TRIGGER cdc_follow_ddl')
  await using _ = await subscribe(world)
  await whenRows(world, '1=10 2=20')
  const {rows} = await world.client.query<{problem: string}>('SELECT problem FROM cdc.check()')
  expect(rows).toEqual([{problem: expect.stringContaining('logical replication') as string}])
  await world.run('SELECT cdc.follow()')
  expect((await world.client.query('SELECT * FROM cdc.check()')).rows).toEqual([])
  await world.captured('topic-t')
  await onPublisher(CHANGES)
  await whenRows(world, '2=20 3=30')
  expect(await world.story('topic-t', show)).toEqual(CHANGED)
})
