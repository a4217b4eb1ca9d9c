/** The simulation against real tables: its rows fit, and what comes back or is corrected is found. */
import {spawnSync} from 'node:child_process'
import {expect, test} from 'vitest'
import {createPool} from '../platform/postgres.ts'
import {
  STREAM_NAMES,
  type Change,
  type LineKey,
  type OrderLineRow,
} from '../scripts/simulated/changes.ts'
import {createFeed} from '../scripts/simulated/feed.ts'
import {createWriter, insertContents, insertUsers} from '../scripts/simulated/inserts.ts'
import type {Planted} from '../scripts/simulated/planted.ts'
import {createTestDatabase} from './isolation.ts'
import {openOutboxWorld} from './outbox-world.ts'
import {makeSimulatedTables} from './simulated-tables.ts'

const COUNTS = `
  SELECT (SELECT count(*)::int FROM content) AS content,
         (SELECT count(*)::int FROM engagement_events) AS engagement,
         (SELECT count(*)::int FROM activity_events) AS activity,
         (SELECT count(*)::int FROM users) AS users,
         (SELECT count(*)::int FROM order_lines) AS orders,
         (SELECT count(*)::int FROM readings) AS readings,
         (SELECT count(*)::int FROM logs) AS logs`

const OPTIONS = {
  streams: STREAM_NAMES,
  seed: 1,
  startMs: Date.UTC(2026, 0, 7, 20),
  rate: 2000,
  contents: 20,
  users: 100,
  products: 50,
  devices: 3,
  isCalm: false,
} as const

const nameOf = ({order_id, product}: LineKey): string => `${order_id} ${product}`

/** What the lines of orders have to be after all changes. */
function linesAfter(changes: readonly Change[]): ReadonlyMap<string, OrderLineRow> {
  const lines = new Map<string, OrderLineRow>()
  for (const {stream, op, row} of changes) {
    if (stream !== 'orders') continue
    if (op === 'insert') lines.set(nameOf(row), row)
    else if (op === 'delete') lines.delete(nameOf(row))
    else lines.set(nameOf(row), {...lines.get(nameOf(row))!, ...row})
  }
  return lines
}

test('every row of every stream fits its table, and lines of orders end as they were told to', async () => {
  await using world = await openOutboxWorld()
  await makeSimulatedTables(world.url)
  const pool = createPool(world.url, {applicationName: 'test', connectionsMax: 2})
  const feed = createFeed(OPTIONS)
  const changes: Change[] = []
  try {
    await insertContents(pool, feed.contents, OPTIONS.startMs)
    await insertContents(pool, feed.contents, OPTIONS.startMs)
    await insertUsers(pool, feed.firstUsers())
    await insertUsers(pool, feed.firstUsers())
    const writer = createWriter(pool)
    for (let step = 0; step < 100; step++) {
      const some = feed.step()
      await writer.write(some)
      changes.push(...some)
    }
  } finally {
    await pool.end()
  }
  const insertsOf = (name: string): number =>
    changes.filter(({stream, op}) => stream === name && op === 'insert').length
  const lines = linesAfter(changes)
  expect(lines.size).toBeLessThan(insertsOf('orders'))
  const {rows} = await world.client.query(COUNTS)
  expect(rows[0]).toEqual({
    content: 20,
    engagement: insertsOf('engagement'),
    activity: insertsOf('activity'),
    users: 100 + insertsOf('users'),
    orders: lines.size,
    readings: insertsOf('readings'),
    logs: insertsOf('logs'),
  })
  const stored = await world.client.query<OrderLineRow>(
    'SELECT order_id, product, price::float8, quantity, place, user_id FROM order_lines',
  )
  for (const {price, quantity, place, user_id, ...key} of stored.rows) {
    expect(lines.get(nameOf(key))).toMatchObject({price, quantity, place, user_id})
  }
})

const simulate = (url: string, ...args: readonly string[]) =>
  spawnSync(process.execPath, ['scripts/simulate.ts', ...args], {
    encoding: 'utf8',
    env: {...process.env, DATABASE_URL: url, STREAMS_FOLDER: 'streams/sample'},
  })

test('the command writes all streams, and says what it wrote and planted', async () => {
  await using world = await openOutboxWorld()
  await makeSimulatedTables(world.url)
  const {status, stderr, stdout} = simulate(
    world.url,
    '--streams=all',
    '--rate=1000',
    '--since=5s',
    '--for=1s',
    '--users=50',
    '--json',
  )
  expect({status, stderr}).toEqual({status: 0, stderr: ''})
  const told = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
    readonly inserted: Readonly<Record<string, number>>
    readonly planted: readonly Planted[]
  }
  const {rows} = await world.client.query<Record<string, number>>(COUNTS)
  for (const name of ['engagement', 'activity', 'readings', 'logs'] as const) {
    expect(told.inserted[name]).toBe(rows[0]![name])
  }
  expect(rows[0]!['readings']).toBeGreaterThan(1000)
  expect(told.planted.map(({what}) => what)).toContain('new message')
  expect(stdout).toContain('planted, to be found:')
})

test('a database without the tables of a stream is not written to, and they are named', async () => {
  await using database = await createTestDatabase({migrated: false})
  const {status, stderr} = simulate(database.url, '--streams', 'readings,logs', '--for', '1s')
  expect(status).toBe(2)
  expect(stderr).toContain('--streams readings: there is no table public.readings')
  expect(stderr).toContain('--streams logs: there is no table public.logs')
})
