/** What docs/MANAGED.md tells to do works as it stands there, on a server on which nobody of the page is a superuser. */
import {readFileSync} from 'node:fs'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openClient, type Client} from '../platform/postgres.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {openOwnServer, type OwnServer} from './own-server.ts'
import {asUser} from './outbox-world.ts'

let server: OwnServer
let superuser: Client

/** `user` in a database of the server. */
function urlOf(user: string, database: string): string {
  const url = new URL(asUser(server.connection['DATABASE_URL']!, user, 'change-me'))
  url.pathname = `/${database}`
  return url.toString()
}

const openAs = async (user: string, database: string): Promise<Client> =>
  await openClient(urlOf(user, database), {applicationName: user})

beforeAll(async () => {
  server = await openOwnServer('postgres')
  const url = new URL(server.connection['DATABASE_URL']!)
  url.pathname = '/postgres'
  superuser = await openClient(url.toString(), {applicationName: 'superuser'})
  await superuser.query(
    "CREATE ROLE administrator LOGIN PASSWORD 'change-me' NOSUPERUSER CREATEROLE CREATEDB",
  )
})

afterAll(async () => {
  await superuser.end()
  await server[Symbol.asyncDispose]()
})

const said: string[] = []
const init = async (user: string, database: string): Promise<readonly string[]> => {
  said.length = 0
  await initDatabase(urlOf(user, database), [], what => void said.push(what))
  return said.slice(1)
}

const NO_EVENT_TRIGGERS =
  'database: event triggers need a superuser: relays follow changes of captured tables every minute'

test('without the roles init goes on and says what to run; they are granted when they are there', async () => {
  await superuser.query("CREATE ROLE alone LOGIN PASSWORD 'change-me'; CREATE ROLE sole LOGIN")
  await superuser.query('CREATE DATABASE alone OWNER alone')
  const missing = [
    NO_EVENT_TRIGGERS,
    'database: alone may not run CREATE ROLE cdc_relay NOLOGIN; CREATE ROLE cdc_api NOLOGIN; CREATE ROLE cdc_worker NOLOGIN: ask an administrator, then run init again; or let relay, API and worker log in as alone',
  ]
  expect(await init('alone', 'alone')).toEqual(missing)
  expect(await init('alone', 'alone')).toEqual(missing)
  const owner = await openAs('alone', 'alone')
  await owner.query(
    "CREATE TABLE notes (id int PRIMARY KEY, who text); SELECT cdc.attach('notes', 'notes', 'who'); INSERT INTO notes VALUES (1, 'u')",
  )
  expect((await owner.query('SELECT FROM outbox_events')).rowCount).toBe(1)
  await superuser.query(
    'CREATE ROLE cdc_relay NOLOGIN; CREATE ROLE cdc_api NOLOGIN; CREATE ROLE cdc_worker NOLOGIN; REVOKE CONNECT ON DATABASE alone FROM PUBLIC',
  )
  expect(await init('alone', 'alone')).toEqual([NO_EVENT_TRIGGERS])
  const {rows} = await owner.query<Record<string, boolean>>(
    `SELECT has_table_privilege('cdc_relay', 'cdc.outbox_events', 'SELECT') AS reads,
            has_function_privilege('cdc_relay', 'cdc.rotate()', 'EXECUTE') AS rotates,
            has_table_privilege('cdc_api', 'api.keys', 'INSERT') AS writes,
            has_database_privilege('cdc_api', 'alone', 'CONNECT') AS connects,
            has_table_privilege('cdc_api', 'cdc.outbox_events', 'SELECT') AS api_reads,
            has_table_privilege('cdc_worker', 'jobs.queue', 'INSERT') AS queues`,
  )
  expect(rows).toEqual([
    {reads: true, rotates: true, writes: true, connects: true, api_reads: false, queues: true},
  ])
  await owner.query('CREATE TABLE api.later (id int)')
  const later = "SELECT has_table_privilege('cdc_api', 'api.later', 'INSERT') AS may"
  expect((await owner.query(later)).rows).toEqual([{may: true}])
  expect((await owner.query('SELECT * FROM cdc.missing_grants()')).rows).toEqual([])
  await owner.end()
  await superuser.query('DROP DATABASE alone; ')
  await superuser.query(
    'DROP ROLE alone; DROP ROLE sole; DROP ROLE cdc_relay; DROP ROLE cdc_api; DROP ROLE cdc_worker',
  )
})

interface Block {
  readonly by: string
  readonly database: string
  readonly statements: readonly string[]
}

/** The blocks of the page, in order. */
function readBlocks(page: string): readonly Block[] {
  const marked = page.matchAll(
    /<!-- run (?:as (\w+)(?: in (\w+))?|(init)) -->\n```\w+ run\n(.*?)```/gs,
  )
  return [...marked].map(([, user, database, isInit, text]) => ({
    by: isInit ?? user!,
    database: database ?? (user === 'administrator' ? 'postgres' : 'shop'),
    statements: text!.split(/;\n/).filter(statement => statement.trim() !== ''),
  }))
}

test('every block of the page runs in order, as the role that it names', async () => {
  const page = readFileSync('docs/MANAGED.md', 'utf8')
  const blocks = readBlocks(page)
  expect(blocks).toHaveLength([...page.matchAll(/^```(sql|sh) run$/gm)].length)
  const answers = new Map<string, readonly unknown[]>()
  for (const {by, database, statements} of blocks) {
    if (by === 'init') {
      expect(await init('pipeline', 'shop')).toEqual([NO_EVENT_TRIGGERS])
      continue
    }
    const client = await openAs(by, database)
    for (const statement of statements) {
      answers.set(statement.trim(), (await client.query<Record<string, unknown>>(statement)).rows)
    }
    await client.end()
  }
  const {rows} = await superuser.query('SELECT rolname FROM pg_roles WHERE rolsuper')
  expect(rows, 'nobody became a superuser').toHaveLength(1)
  expect(answers.get('SELECT cdc.make_event_triggers()')).toEqual([{make_event_triggers: false}])
  expect(answers.get('SELECT source, problem FROM cdc.check()')).toEqual([])
  const relay = await openAs('relay', 'shop')
  const outbox = await relay.query(
    "SELECT op::text, key, payload -> 'note' AS note FROM cdc.outbox_events WHERE topic = 'bookings' ORDER BY id",
  )
  expect(outbox.rows).toEqual([
    {op: 'c', key: 'anna', note: null},
    {op: 'u', key: 'anna', note: null},
    {op: 'c', key: 'berta', note: 'first'},
  ])
  await expect(relay.query('SELECT * FROM sales.bookings')).rejects.toThrow('permission denied')
  await relay.end()
  expect(answers.get('SELECT source, done FROM cdc.follow()')).toMatchObject([
    {source: 'sales.bookings'},
  ])
})
