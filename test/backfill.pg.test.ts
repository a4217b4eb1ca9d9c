/** Reading rows again, by a row in a table: what is read, what is held, and what is refused. */
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

interface Backfill {
  readonly id: string
  readonly state: string
  readonly problem: string | null
  readonly rows_looked_at: string
  readonly rows_written: string
}

const step = async (world: OutboxWorld, chunk = 3): Promise<Backfill | undefined> => {
  await world.run("UPDATE cdc.backfills SET next_at = now() WHERE state IN ('waiting', 'running')")
  return (await world.client.query<Backfill>('SELECT * FROM cdc.backfill_step($1)', [chunk]))
    .rows[0]
}

/** Steps until nothing is due; the last one. */
async function work(world: OutboxWorld, chunk = 3): Promise<Backfill | undefined> {
  let last: Backfill | undefined
  for (;;) {
    const done = await step(world, chunk)
    if (done === undefined) return last
    last = done
  }
}

const ask = async (world: OutboxWorld, columns: Record<string, unknown>): Promise<string> => {
  const names = Object.keys(columns)
  const {rows} = await world.client.query<{id: string}>(
    `INSERT INTO cdc.backfills (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')}) RETURNING id`,
    Object.values(columns),
  )
  return rows[0]!.id
}

const ORDERS = `CREATE TABLE orders (id bigint PRIMARY KEY, customer text, price numeric, sold_at timestamptz);
  INSERT INTO orders SELECT n, 'c' || n % 3, n + 0.50, '2026-01-01'::timestamptz + n * interval '1 hour'
    FROM generate_series(1, 10) n;
  SELECT cdc.attach('orders', 'orders', 'customer')`

test('every row that was there before the table was attached is read, in chunks, by the order of ids', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  await ask(world, {topic: 'orders'})
  expect(await work(world)).toMatchObject({state: 'done', rows_looked_at: '10', rows_written: '10'})
  const rows = await world.captured('orders')
  expect(rows.map(({op, key, aggregate_id: id}) => `${op} ${key} ${id}`)).toEqual(
    Array.from({length: 10}, (_, i) => `r c${(i + 1) % 3} ${i + 1}`),
  )
  expect(rows[0]).toMatchObject({
    payload: {price: 1.5},
    headers: {backfill: expect.stringMatching(/^\d+$/)},
  })
})

test('the row is written as a trigger would have written it', async () => {
  await using world = await openOutboxWorld()
  await world.run(`CREATE TABLE odd (a int, "B,c" text, at timestamptz, f float8, raw bytea, span interval, doc json,
      PRIMARY KEY ("B,c", a));
    SELECT cdc.attach('odd', 'odd', 'B,c');
    SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard';
    INSERT INTO odd VALUES (1, 'it''s', 'infinity', 0.1, '\\x00ff', '1 mon 2 days', '{"a" : 1.0}'),
      (2, 'it''s', '0044-03-15 BC', 'NaN', NULL, NULL, NULL)`)
  const [first, second] = await world.captured('odd')
  await ask(world, {topic: 'odd'})
  expect(await work(world, 1)).toMatchObject({state: 'done'})
  const again = await world.captured('odd')
  expect(
    again.map(({payload, key, hash, aggregate_id}) => ({payload, key, hash, aggregate_id})),
  ).toEqual(
    [first!, second!].map(({payload, key, hash, aggregate_id}) => ({
      payload,
      key,
      hash,
      aggregate_id,
    })),
  )
})

test('it goes as fast as was asked for: looked at late, the next chunk is due earlier', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  await ask(world, {topic: 'orders', rows_per_second: 10})
  await step(world)
  await world.run(
    "UPDATE cdc.backfills SET next_at = clock_timestamp() - interval '0.1 seconds', requested_at = clock_timestamp() - interval '0.1 seconds'",
  )
  await world.run('SELECT FROM cdc.backfill_step(3)')
  const {rows} = await world.client.query(
    'SELECT round(extract(epoch FROM next_at - requested_at), 1)::float8 AS seconds FROM cdc.backfills',
  )
  expect(rows).toEqual([{seconds: 0.3}])
})

test.each([
  ['other columns', 'ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id, price)'],
  ['a type of another order', 'ALTER TABLE orders ALTER COLUMN id TYPE text'],
])(
  'a primary key of %s begins it anew: no row is left out by the order of the old one',
  async (_, change) => {
    await using world = await openOutboxWorld()
    await world.run(ORDERS)
    await ask(world, {topic: 'orders'})
    await step(world)
    await step(world)
    await world.captured('orders')
    await world.run(change)
    await work(world)
    const ids = (await world.captured('orders')).map(({payload}) => Number(payload['id']))
    expect(ids.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  },
)

test('a condition and a generation go along', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  const condition = "sold_at >= '2026-01-01 05:00+00' AND t.customer <> 'c0'"
  await ask(world, {topic: 'orders', condition, generation: 'c1'})
  expect(await work(world)).toMatchObject({state: 'done', rows_looked_at: '10', rows_written: '4'})
  const rows = await world.captured('orders')
  expect(rows.map(({aggregate_id: id}) => id)).toEqual(['5', '7', '8', '10'])
  for (const {headers} of rows) {
    expect(headers).toEqual({backfill: expect.stringMatching(/^\d+$/), generation: 'c1'})
  }
})

test('paused, it stands; let go, it goes on where it was; cancelled, it is over', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  const id = await ask(world, {topic: 'orders'})
  await step(world)
  await step(world)
  await world.run(`SELECT cdc.steer_backfill(${id}, 'paused')`)
  expect(await step(world)).toBeUndefined()
  await world.run(`SELECT cdc.steer_backfill(${id}, 'waiting')`)
  expect(await step(world)).toMatchObject({state: 'running', rows_written: '6'})
  await world.run(`SELECT cdc.steer_backfill(${id}, 'cancelled')`)
  expect(await step(world)).toBeUndefined()
  expect(await world.captured('orders')).toHaveLength(6)
  await expect(world.run(`SELECT cdc.steer_backfill(${id}, 'waiting')`)).rejects.toThrow(
    `backfill ${id} is cancelled already`,
  )
  await expect(world.run(`SELECT cdc.steer_backfill(${id}, 'done')`)).rejects.toThrow('not to')
  await expect(world.run(`SELECT cdc.steer_backfill(99, 'paused')`)).rejects.toThrow(
    'no backfill 99',
  )
})

test('what could never be done is refused when it is asked for, with the reason', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  await expect(ask(world, {topic: 'nothing'})).rejects.toThrow("published to topic 'nothing'")
  await expect(ask(world, {topic: 'orders', condition: 'price >'})).rejects.toThrow(
    /condition 'price >' cannot be asked/,
  )
  await expect(ask(world, {topic: 'orders', condition: 'colour = 1'})).rejects.toThrow(
    '"colour" does not exist',
  )
  await expect(ask(world, {topic: 'orders', rows_per_second: 0})).rejects.toThrow('rows_per_second')
})

test('a condition that fails on a row, and a table that is detached, end it with the problem', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  await ask(world, {topic: 'orders', condition: '1 / (id - 5) < 9'})
  expect(await work(world)).toMatchObject({
    state: 'failed',
    problem: 'division by zero',
    rows_written: '3',
  })
  const id = await ask(world, {topic: 'orders'})
  await world.run("SELECT cdc.detach('orders')")
  expect(await work(world)).toMatchObject({
    id,
    state: 'failed',
    problem: 'its table is not captured any more',
  })
})

test('an empty table is done at once', async () => {
  await using world = await openOutboxWorld()
  await world.run(`${ORDERS}; DELETE FROM orders`)
  await ask(world, {topic: 'orders'})
  expect(await work(world)).toMatchObject({state: 'done', rows_written: '0'})
})

test('two at once never do the same rows, and one topic has one at a time', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  const [first, second] = [await ask(world, {topic: 'orders'}), await ask(world, {topic: 'orders'})]
  const other = await world.session()
  await world.run('BEGIN')
  expect(await step(world)).toMatchObject({id: first})
  const {rowCount} = await other.query('SELECT FROM cdc.backfill_step()')
  expect(rowCount).toBe(0)
  await world.run('COMMIT')
  await work(world)
  const {rows} = await world.client.query<{id: string}>(
    "SELECT id FROM cdc.backfills WHERE state = 'done' ORDER BY finished_at",
  )
  expect(rows.map(({id}) => id)).toEqual([first, second])
})

test('INV-71: a row that somebody is changing is waited for, and its change comes after what was read', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  const writer = await world.session()
  await ask(world, {topic: 'orders', condition: 'id = 2'})
  await step(world)
  await writer.query('BEGIN')
  await writer.query('UPDATE orders SET price = 99 WHERE id = 2')
  // Later rows are not read before: the chunk is tried again.
  expect(await step(world)).toMatchObject({
    state: 'running',
    rows_written: '0',
    problem: expect.stringContaining('lock'),
  })
  await writer.query('COMMIT')
  await world.run('BEGIN')
  await step(world)
  const blocked = writer.query('UPDATE orders SET price = 100 WHERE id = 2')
  await world.run('COMMIT')
  await blocked
  const rows = await world.captured('orders')
  const prices = rows.map(({op, payload}) => [
    op,
    payload['price'] ?? (payload['after'] as {price: number}).price,
  ])
  expect(prices).toEqual([
    ['u', 99],
    ['r', 99],
    ['u', 100],
  ])
})

test('INV-71: beside random changes, the last that the outbox says of each row is how it is', async () => {
  await using world = await openOutboxWorld()
  await world.run(ORDERS)
  const writer = await world.session()
  const act = fc.record({
    id: fc.integer({min: 1, max: 14}),
    what: fc.constantFrom('insert', 'update', 'move', 'delete', 'chunk', 'chunk'),
    price: fc.integer({min: 0, max: 1000}),
  })
  const last = new Map<string, string>()
  const follow = async (): Promise<void> => {
    for (const {op, aggregate_id: id, payload} of await world.captured('orders')) {
      const image = op === 'u' ? payload['after'] : payload
      if (op === 'd') last.delete(id)
      else last.set(id, JSON.stringify(image))
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(act, {maxLength: 25}), async acts => {
      await ask(world, {topic: 'orders'})
      for (const {id, what, price} of acts) {
        const values = {insert: [id, price], update: [id, price], move: [id], delete: [id]}
        const sql = {
          insert: "INSERT INTO orders VALUES ($1, 'c1', $2, now()) ON CONFLICT DO NOTHING",
          update: 'UPDATE orders SET price = $2 WHERE id = $1',
          move: "UPDATE orders SET customer = customer || 'x' WHERE id = $1",
          delete: 'DELETE FROM orders WHERE id = $1',
        }
        if (what === 'chunk') await step(world)
        else await writer.query(sql[what], values[what])
      }
      await work(world)
      await follow()
      const {rows} = await world.client.query<{id: string; image: string}>(
        'SELECT id::text, row_to_json(o)::text AS image FROM orders o',
      )
      const wanted = new Map(rows.map(({id, image}) => [id, JSON.stringify(JSON.parse(image))]))
      expect(Object.fromEntries(last)).toEqual(Object.fromEntries(wanted))
    }),
    {numRuns: 40},
  )
})
