/** Look-ups by the relay's own code, from the outbox to the bytes of a record. */
import {pino} from 'pino'
import {expect, onTestFinished, test} from 'vitest'
import type {RecordMeta} from '../contracts/record.ts'
import {createLaneMemory, runLane, type LaneDeps, type LaneOptions} from '../ingestor/lane.ts'
import {openLeaseClient} from '../ingestor/leases.ts'
import {createRouteTable} from '../ingestor/routes.ts'
import {grantsOf, lookUpRead, lookUpSql} from '../ingestor/look-up-sql.ts'
import {createLookUp} from '../ingestor/look-ups.ts'
import {createLaneMonitor} from '../ingestor/monitor.ts'
import {createPartitioner, type Route} from '../ingestor/publish.ts'
import {createRowWriter} from '../ingestor/row-writer.ts'
import {createTurns} from '../ingestor/suspects.ts'
import {createWake} from '../ingestor/wake.ts'
import {createDecoder, createEncoder} from '../platform/avro-codec.ts'
import type {TopicRecords} from '../platform/kafka.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createPool} from '../platform/postgres.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {ORDER_TABLES, orders} from './order-stream.ts'
import {noCeiling, asUser, openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

const SOFA = '11111111-1111-1111-1111-11111111111a'
const OPTIONS: LaneOptions = {
  owner: 'test',
  topicPrefix: '',
  pageRows: 1_000,
  pageBytes: 1_000_000,
  saveEveryMs: 100,
  holdMs: 1_000,
  graceMs: 0,
  leaseMs: 10_000,
  gatherMs: 0,
  closePollMs: 1,
  safetyPollMs: 20,
  cloudEvents: false,
  debeziumId: false,
  partitionOf: createPartitioner(),
}
const route: Route = {
  stream: orders,
  writer: createRowWriter(orders, 1),
  encoder: createEncoder(orders.schema, 1, 100_000),
  recordBytesMax: 100_000,
  partitions: 1,
}

type Order = RecordMeta & Readonly<Record<string, unknown>>

interface Relay {
  /** Owns the lane until everything is published; the records of that. */
  publish(): Promise<readonly Order[]>
  /** Statements that looked something up until now. */
  readonly queries: readonly string[]
}

/** Until nothing waits to be published. */
async function whenPublished(world: OutboxWorld, signal: AbortSignal): Promise<void> {
  for (;;) {
    if (signal.aborted) return
    const {rows} = await world.client.query<{rows: string}>('SELECT rows FROM cdc.unpublished()')
    if (rows[0]!.rows === '0') return
  }
}

/** A relay that sends nowhere. */
function openRelay(world: OutboxWorld, url = world.url, statementTimeoutMs = 10_000): Relay {
  const queries: string[] = []
  const openPool = (applicationName: string) => {
    const pool = createPool(url, {applicationName, connectionsMax: 2, statementTimeoutMs})
    onTestFinished(() => pool.end())
    return pool
  }
  const lookUp = createLookUp([orders], () => {
    const pool = openPool('look-up')
    const query = pool.query.bind(pool) as (what: {readonly name: string}) => Promise<unknown>
    const count = async (what: {readonly name: string}): Promise<unknown> => {
      queries.push(what.name)
      return await query(what)
    }
    return Object.assign(pool, {query: count as unknown as typeof pool.query})
  })
  const pool = openPool('relay')
  return {
    queries,
    async publish() {
      const sent: Buffer[] = []
      const deps: LaneDeps = {
        openLease: async () =>
          await openLeaseClient(url, {applicationName: 'lane', leaseMs: OPTIONS.leaseMs}),
        openPublisher: async () =>
          await Promise.resolve({
            maxOutstandingMs: 0,
            async send(batch: readonly TopicRecords[]) {
              for (const {records} of batch) sent.push(...records.map(({value}) => value!))
              await Promise.resolve()
            },
            close: async () => await Promise.resolve(),
          }),
        routes: createRouteTable(
          async () => await Promise.resolve(new Map([['orders', route]])),
          () => performance.now(),
        ),
        lookUp,
        ceiling: noCeiling(),
        pool,
        wake: createWake(),
        turns: createTurns(),
        monitor: createLaneMonitor(createMetrics(), () => performance.now()),
        log: pino({level: 'silent'}),
      }
      const stop = new AbortController()
      const running = runLane(0, createLaneMemory(), deps, OPTIONS, stop.signal)
      const ended = running.finally(() => stop.abort())
      await Promise.all([ended, whenPublished(world, stop.signal).then(() => stop.abort())])
      const decoder = createDecoder<Order>(orders.schema, async () => orders.schema)
      return await Promise.all(
        sent.map(async value => {
          await decoder.prepare(value)
          return decoder.decode(value)!
        }),
      )
    },
  }
}

async function openShop(): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(`${ORDER_TABLES}
    INSERT INTO products VALUES ('${SOFA}', 'sofa', 1250, 30.5, 7, '2026-11-21', '2026-01-01+00', 's');
    INSERT INTO countries VALUES ('NO', 'Norway');
    INSERT INTO "Clerks" VALUES (7, true)`)
  await initDatabase(world.url, [orders], () => undefined)
  return world
}

/** A login of the relay's role. */
async function relayLogin(world: OutboxWorld) {
  const user = `user_${world.database.name}`
  await world.run(`CREATE ROLE ${user} LOGIN PASSWORD 'secret' IN ROLE cdc_relay`)
  return {
    url: asUser(world.url, user, 'secret'),
    [Symbol.asyncDispose]: async () => await world.run(`DROP ROLE ${user}`),
  }
}

const NOTHING = {of: null, to: null, by: null}

test('records carry the columns of other tables, one query each for a whole page', async () => {
  await using world = await openShop()
  await world.run(`INSERT INTO orders (product, country, clerk, total, day)
    SELECT '${SOFA}', 'NO', '7', 12.5, '2026-11-21' FROM generate_series(1, 50)`)
  const relay = openRelay(world)
  const records = await relay.publish()
  expect(records).toHaveLength(50)
  expect(records[49]).toMatchObject({
    total: '12.50',
    day: 20_778,
    of: {
      name: 'sofa',
      price: '1250.00',
      weight: 30.5,
      stock: 7,
      added_on: 20_778,
      changed_at: Date.UTC(2026, 0, 1) * 1_000,
    },
    to: {name: 'Norway'},
    by: {is_here: true},
  })
  expect(relay.queries.toSorted()).toEqual(['look_up_0_0', 'look_up_0_1', 'look_up_0_2'])
})

test('a look-up follows the index on the key, whatever the types of text and key', async () => {
  await using world = await openShop()
  await world.run(`INSERT INTO products SELECT gen_random_uuid(), 'p' FROM generate_series(1, 5000);
    INSERT INTO countries SELECT i::text, 'c' FROM generate_series(100, 999) i;
    INSERT INTO "Clerks" SELECT i, true FROM generate_series(10, 5000) i;
    ANALYZE products, countries, "Clerks"`)
  for (const lookup of Object.values(orders.enrich)) {
    const {rows} = await world.client.query<{'QUERY PLAN': string}>(
      `EXPLAIN ${lookUpSql(lookup).replace('$1', "'{}'")}`,
    )
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    expect(plan, lookup.table).toMatch(/Index Scan using \S+_pkey/)
    expect(plan).not.toMatch(/Seq Scan/)
  }
})

test('what names no row is null, whatever it is, and the others of the page have theirs', async () => {
  await using world = await openShop()
  await world.run(`INSERT INTO countries VALUES ('', 'Nowhere');
    INSERT INTO orders (product, country, clerk) VALUES
    (NULL, NULL, NULL),
    ('22222222-2222-2222-2222-222222222222', 'SE', '8'),
    ('a sofa', '', '99999999999999999999'),
    ('${SOFA.toUpperCase()}', 'NO ', '007'),
    ('{}', 'NOR', '-1e3')`)
  const records = await openRelay(world).publish()
  expect(records.map(({of, to, by}) => ({of, to, by}))).toMatchObject([
    NOTHING,
    NOTHING,
    {...NOTHING, to: {name: 'Nowhere'}},
    {of: {name: 'sofa'}, to: {name: 'Norway'}, by: {is_here: true}},
    NOTHING,
  ])
})

test('a column that cannot be carried is null, the row and the other columns are not lost', async () => {
  await using world = await openShop()
  await world.run(`UPDATE products SET price = 'NaN', stock = ${2n ** 60n}, added_on = 'infinity',
      changed_at = '-infinity', weight = 'Infinity';
    INSERT INTO orders (product, total) VALUES ('${SOFA}', 1)`)
  const [record] = await openRelay(world).publish()
  expect(record).toMatchObject({
    total: '1.00',
    of: {
      name: 'sofa',
      price: null,
      stock: null,
      added_on: null,
      changed_at: null,
      weight: Infinity,
    },
  })
  const {rows} = await world.client.query('SELECT FROM cdc.dead_letters')
  expect(rows).toHaveLength(0)
})

test('an update looks up by the row after it, a delete by the row that was', async () => {
  await using world = await openShop()
  await world.run(`INSERT INTO orders (product, country) VALUES ('x', 'NO');
    UPDATE orders SET country = NULL; UPDATE orders SET country = 'NO'; DELETE FROM orders`)
  const records = await openRelay(world).publish()
  expect(records.map(({op, to}) => [op, to])).toEqual([
    ['c', {name: 'Norway'}],
    ['u', null],
    ['u', {name: 'Norway'}],
    ['d', {name: 'Norway'}],
  ])
})

test('an order that cannot be carried is put aside, and neither it nor a message of another form stops the page', async () => {
  await using world = await openShop()
  await world.run(`INSERT INTO orders (product, day) VALUES ('${SOFA}', 'infinity');
    SELECT cdc.emit('orders', 'k', '[1]');
    SELECT cdc.emit('orders', 'k', '{"id": 9, "product": "a\\u0000b", "clerk": {"id": 7}, "country": null, "total": null, "day": null}');
    INSERT INTO orders (product, total) VALUES ('${SOFA}', 'NaN'), ('${SOFA}', 2)`)
  const records = await openRelay(world).publish()
  expect(records.map(({id, total, of}) => [id, total, of === null])).toEqual([
    [9, null, true],
    [3, '2.00', false],
  ])
  const {rows} = await world.client.query<{reason: string; message: string}>(
    'SELECT reason, message FROM cdc.dead_letters ORDER BY outbox_id',
  )
  expect(rows.map(({reason}) => reason)).toEqual([
    'ENCODE_FAILED',
    'ENCODE_FAILED',
    'ENCODE_FAILED',
  ])
  expect(rows[0]?.message).toBe(
    'day = "infinity": expected a date that has days since 1970; declared as text() it is any',
  )
  expect(rows[2]?.message).toMatch(
    /^total = "NaN": expected a number of 10 digits, 2 behind the point;/,
  )
})

test('a table that the relay may not read fails the page with what to grant, and nothing is lost', async () => {
  await using world = await openShop()
  await world.run(`REVOKE SELECT (id, name) ON products FROM cdc_relay;
    INSERT INTO orders (product) VALUES ('${SOFA}')`)
  await using login = await relayLogin(world)
  const relay = openRelay(world, login.url)
  const grants = grantsOf(lookUpRead(orders.enrich['of']!))
  await expect(relay.publish()).rejects.toMatchObject({
    code: 'UPSTREAM_REFUSED',
    disposition: 'retry',
    message: `look-up of of stream orders in public.products: PostgreSQL: permission denied for table products; npm run init grants what is missing: ${grants.join('; ')}`,
  })
  await world.run(grants.join('; '))
  expect(await relay.publish()).toMatchObject([{of: {name: 'sofa'}}])
})

test('a table that is missing, or locked for long, fails the page by its name, to be tried again', async () => {
  await using world = await openShop()
  await world.run(
    `ALTER TABLE products RENAME TO gone; INSERT INTO orders (product) VALUES ('${SOFA}')`,
  )
  const relay = openRelay(world, world.url, 300)
  await expect(relay.publish()).rejects.toMatchObject({
    code: 'UPSTREAM_REFUSED',
    disposition: 'retry',
    message: expect.stringMatching(
      /^look-up of of stream orders in public\.products: .* not exist/,
    ),
  })
  await world.run('ALTER TABLE gone RENAME TO products')
  const other = await world.session()
  await other.query('BEGIN; LOCK products')
  await expect(relay.publish()).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    disposition: 'retry',
    message: expect.stringMatching(/^look-up of of stream orders in public\.products: .* timeout/),
  })
  await other.query('COMMIT')
  expect(await relay.publish()).toMatchObject([{of: {name: 'sofa'}}])
})

test('init captures what is declared and grants what is looked up, no more, and does it once', async () => {
  await using world = await openOutboxWorld()
  const said: string[] = []
  const init = async (): Promise<void> =>
    await initDatabase(world.url, [orders], what => void said.push(what))
  await expect(init()).rejects.toThrow(
    'stream orders needs table public.orders, which the database has not: add the migration that makes it',
  )
  await world.run(ORDER_TABLES)
  await Promise.all([init(), init()])
  expect(said.filter(what => what.startsWith('table'))).toEqual([
    'table public.orders: captured as orders',
    'table public.products: the relay may read id, name, price, weight, stock, added_on, changed_at',
    'table public.countries: the relay may read code, name',
    'table public.Clerks: the relay may read id, is_here',
  ])
  await world.run(`INSERT INTO orders (product) VALUES ('${SOFA}')`)
  await using login = await relayLogin(world)
  expect(await openRelay(world, login.url).publish()).toHaveLength(1)
  const {rows} = await world.client.query<{secret: boolean; source: boolean}>(
    `SELECT has_column_privilege('cdc_relay', 'products', 'secret', 'SELECT') AS secret,
            has_table_privilege('cdc_relay', 'orders', 'SELECT') AS source`,
  )
  expect(rows).toEqual([{secret: false, source: false}])
})
