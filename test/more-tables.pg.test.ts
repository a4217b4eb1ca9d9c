/** Tables of users, orders, readings and logs: made where they are declared, and what PostgreSQL makes of their rows. */
import {getTableConfig} from 'drizzle-orm/pg-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {orderLines, users} from '../db/shop-tables.ts'
import {logs, readings} from '../db/telemetry-tables.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {loadStreams} from '../streams/load.ts'
import {createTestDatabase, type TestDatabase} from './isolation.ts'

const streams = await loadStreams('streams')
const named = (...names: readonly string[]) => streams.filter(({name}) => names.includes(name))

let database: TestDatabase
let client: Client

const said: string[] = []
const init = async (...names: readonly string[]): Promise<void> =>
  await initDatabase(database.url, named(...names), what => void said.push(what))

beforeAll(async () => {
  database = await createTestDatabase({migrated: false})
  client = await openClient(database.url, {applicationName: 'test'})
  await init('readings')
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

const tablesOf = async (): Promise<readonly string[]> =>
  (
    await client.query<{name: string}>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    )
  ).rows.map(({name}) => name)

test('INV-139: a set of tables is made for a declaration of one of them, and no other set is', async () => {
  expect(await tablesOf()).toEqual(['logs', 'readings'])
  await client.query('CREATE TABLE users (id int PRIMARY KEY)')
  await expect(init('orders')).rejects.toMatchObject({
    code: 'STATE_CONTRADICTS',
    message: expect.stringContaining(
      'needs tables public.order_lines, and the database has public.users of its own',
    ) as string,
  })
  await client.query('DROP TABLE users')
  await init('users', 'orders', 'readings', 'logs')
  expect(await tablesOf()).toEqual(['logs', 'order_lines', 'readings', 'users'])
  expect(said).toContain('table public.users: the relay may read id, age_band, country')
  said.length = 0
  await init('users', 'orders', 'readings', 'logs')
  expect(said).toEqual(['database: 0 migrations applied'])
  const {rows} = await client.query('SELECT * FROM cdc.check()')
  expect(rows).toEqual([])
})

test.each([users, orderLines, readings, logs].map(table => getTableConfig(table)))(
  'the drizzle table $name is the one that its migration makes',
  async ({name, columns}) => {
    const {rows} = await client.query<{
      column: string
      type: string
      required: boolean
      made: boolean
    }>(
      `SELECT attname AS column, format_type(atttypid, atttypmod) AS type, attnotnull AS required, attgenerated <> '' AS made
         FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
      [`public.${name}`],
    )
    expect(rows).toEqual(
      columns.map(column => ({
        column: column.name,
        type: column.getSQLType().replace(', ', ','),
        required: column.notNull,
        made: column.generated !== undefined,
      })),
    )
  },
)

test('INV-140: every age is in one band, and none in no band', async () => {
  await client.query(`INSERT INTO users (id, age, registered_at)
    SELECT gen_random_uuid(), age, now() FROM generate_series(0, 120) age UNION ALL SELECT gen_random_uuid(), NULL, now()`)
  const {rows} = await client.query<{band: string | null; from: number; to: number}>(
    `SELECT age_band AS band, min(age) AS from, max(age) AS to FROM users GROUP BY 1 ORDER BY 2`,
  )
  expect(rows.map(({band, from, to}) => [band, from, to])).toEqual([
    ['under 18', 0, 17],
    ['18-24', 18, 24],
    ['25-34', 25, 34],
    ['35-44', 35, 44],
    ['45-54', 45, 54],
    ['55-64', 55, 64],
    ['65+', 65, 120],
    [null, null, null],
  ])
})

describe('INV-141: messages of one kind have one fingerprint', () => {
  test.each([
    ['user 17 logged in after 2.5 s', 'user ? logged in after ? s'],
    ['order 5A3B1E00-0000-4000-8000-00000000000f is paid', 'order ? is paid'],
    ['retry 3/5 of worker-12 in 250ms', 'retry ?/? of worker-? in ?ms'],
    ['2026-01-31T12:00:00.123Z 10.0.0.1:5432 refused', '?-?-?T?:?:?Z ?:? refused'],
    ['at 0xDEADBEEF, commit 3f2a9bc, trace 4bf92f3577b34da6', 'at ?, commit ?, trace ?'],
    [`column "user" of 'a b', not \`c\``, 'column ? of ?, not ?'],
    // Words of the letters a to f, and apostrophes within words, say what kind it is.
    ["can't add the facade, he's dead: 'x'", "can't add the facade, he's dead: ?"],
    ['{"id": "a", "n": [1, 2]}', '{?: ?, ?: [?, ?]}'],
    ['', ''],
    ['Größe 7 überschritten 📺', 'Größe ? überschritten 📺'],
    ['no\nline 1', 'no\nline ?'],
    ['x'.repeat(300), 'x'.repeat(200)],
    [`${'9'.repeat(999)} and more`, '? '],
  ])('%s', async (message, fingerprint) => {
    const {rows} = await client.query<{fingerprint: string}>(
      `INSERT INTO logs (service, level, message, logged_at) VALUES ('s', 'info', $1, now()) RETURNING fingerprint`,
      [message],
    )
    expect(rows).toEqual([{fingerprint}])
  })

  test('a message of a megabyte costs no more than its beginning', async () => {
    const began = performance.now()
    await client.query(
      `INSERT INTO logs (service, level, message, logged_at)
       SELECT 's', 'error', repeat('a1"', 350000), now() FROM generate_series(1, 20)`,
    )
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})

test('the amount of a line is price by quantity; what makes no sense is refused by name', async () => {
  const insert = async (price: string, quantity: number): Promise<unknown> =>
    await client.query(
      `INSERT INTO order_lines (order_id, product, category, price, quantity, ordered_at)
       VALUES (gen_random_uuid(), 'p', 'c', $1, $2, now()) RETURNING amount`,
      [price, quantity],
    )
  expect(await insert('0.07', 3)).toMatchObject({rows: [{amount: '0.21'}]})
  await expect(insert('-1', 1)).rejects.toThrow('order_lines_price_check')
  await expect(insert('1', 0)).rejects.toThrow('order_lines_quantity_check')
  await expect(
    client.query(
      `INSERT INTO logs (service, level, message, logged_at) VALUES ('s', 'loud', 'm', now())`,
    ),
  ).rejects.toThrow('logs_level_check')
})

test('what PostgreSQL makes of a row is in its record', async () => {
  const {rows: before} = await client.query<{last: string}>(
    'SELECT max(id) AS last FROM cdc.outbox_events',
  )
  const {rows: made} = await client.query<{id: string}>(
    `INSERT INTO users (id, age, registered_at) VALUES (gen_random_uuid(), 30, now()) RETURNING id`,
  )
  await client.query('UPDATE users SET age = 40 WHERE id = $1', [made[0]!.id])
  await client.query(
    `INSERT INTO logs (service, level, message, logged_at) VALUES ('s', 'info', 'take 5', now())`,
  )
  const {rows} = await client.query<{topic: string; made: string[]}>(
    `SELECT topic, CASE topic WHEN 'logs' THEN ARRAY[payload ->> 'fingerprint']
       ELSE ARRAY[coalesce(payload -> 'before', payload) ->> 'age_band', payload -> 'after' ->> 'age_band'] END AS made
       FROM cdc.outbox_events WHERE id > $1 ORDER BY id`,
    [before[0]!.last],
  )
  expect(rows).toEqual([
    {topic: 'users_created', made: ['25-34', null]},
    {topic: 'users_created', made: ['25-34', '35-44']},
    {topic: 'logs', made: ['take ?']},
  ])
})
