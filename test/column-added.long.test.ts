/**
 * INV-129: a column that comes to a table under load, and then to its declaration, loses nothing: it is named until it
 * is declared, numbers go on and equal SQL, and every row has it. One that is renamed is loud, and loses nothing either.
 */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openClient, type Client} from '../platform/postgres.ts'
import {COMMAND_MS, openCheckout, type Checkout} from './checkout.ts'
import {until} from './pipeline-world.ts'

const EVENTS_A_SECOND = 250
const EVERY_MS = 100

let checkout: Checkout
let client: Client
let url = ''

beforeAll(async () => {
  checkout = await openCheckout('column-added')
  client = await openClient(checkout.databaseUrl, {applicationName: 'test'})
  await client.query(`CREATE TABLE bookings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer integer NOT NULL,
      total integer NOT NULL, placed_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO bookings (customer, total) SELECT i % 20, i FROM generate_series(1, 1000) i`)
  const attached = await checkout.run('attach', 'public.bookings', '--key', 'customer', '--yes')
  if (attached.status !== 0) throw new Error(attached.said)
  url = /^numbers {3}(\S+)\/v1\//m.exec(attached.said)![1]!
}, COMMAND_MS)

afterAll(async () => {
  await client.end()
  await checkout[Symbol.asyncDispose]()
})

interface Load {
  /** Of a statement that inserts; `$1` rows. */
  insert: string
  /** Written so far. */
  readonly events: number
  stop(): Promise<number>
  [Symbol.asyncDispose](): Promise<void>
}

/** Inserts, updates and deletes at a steady rate, as an application that does not know who counts. */
async function startLoad(insert: string, eventsASecond: number): Promise<Load> {
  const writer = await openClient(checkout.databaseUrl, {applicationName: 'load'})
  const rows = (eventsASecond * EVERY_MS) / 1000
  const over = new AbortController()
  let events = 0
  const load: Load = {
    insert,
    get events() {
      return events
    },
    stop,
    async [Symbol.asyncDispose]() {
      if (!over.signal.aborted) await stop().catch(() => undefined)
    },
  }
  const began = performance.now()
  const run = async (): Promise<void> => {
    for (let turn = 1; !over.signal.aborted; turn++) {
      const {rowCount} = await writer.query(load.insert, [rows - 2])
      await writer.query(
        'UPDATE bookings SET customer = customer + 1 WHERE id = (SELECT max(id) - 3 FROM bookings)',
      )
      await writer.query('DELETE FROM bookings WHERE id = (SELECT max(id) - 40 FROM bookings)')
      events += (rowCount ?? 0) + 2
      await sleep(Math.max(0, began + turn * EVERY_MS - performance.now()))
    }
  }
  const running = run()
  running.catch(() => undefined)
  async function stop(): Promise<number> {
    over.abort()
    await running
    await writer.end()
    return (events * 1000) / (performance.now() - began)
  }
  return load
}

const PLAIN = `INSERT INTO bookings (customer, total) SELECT i % 20, i FROM generate_series(1, $1::int) i`
const WITH_COUPON = `INSERT INTO bookings (customer, total, coupon)
  SELECT i % 20, i, CASE WHEN i % 2 = 0 THEN 'c' || i END FROM generate_series(1, $1::int) i`

interface Health {
  readonly healthy: boolean
  readonly findings: readonly {
    readonly code: string
    readonly what: string
    readonly todo: string
  }[]
}

const health = async (): Promise<Health> => (await (await fetch(`${url}/health`)).json()) as Health

const whenFound = async (code: string): Promise<Health['findings'][number]> =>
  await until(
    `finding ${code}`,
    async () => (await health()).findings.find(one => one.code === code),
    90_000,
  )

async function expectTruth(sum: string): Promise<void> {
  const {rows} = await client.query<{bookings: number; total: number; last: string}>(
    `SELECT count(*)::int AS bookings, sum(${sum})::int AS total, max(id)::text AS last FROM bookings`,
  )
  const {bookings, total, last} = rows[0]!
  await until(
    'the numbers are those of SQL',
    async () => {
      const answer = await fetch(
        `${url}/v1/streams/bookings/metrics?after_event=bookings:${last}&wait_ms=20000`,
      )
      const {metrics} = (await answer.json()) as {readonly metrics: Record<string, unknown>}
      return metrics['bookings'] === bookings && metrics['total_sum'] === total
    },
    60_000,
  )
  const compared = await checkout.run('reconcile', '--stream', 'bookings')
  expect(compared.status, compared.said).toBe(0)
}

const openLetters = async (): Promise<number> =>
  (
    await client.query<{n: number}>(
      'SELECT count(*)::int AS n FROM cdc.dead_letters WHERE resolved_at IS NULL',
    )
  ).rows[0]!.n

test(
  'a new column is named, declared by one command and in every row, while 250 events a second go on',
  async () => {
    await using load = await startLoad(PLAIN, EVENTS_A_SECOND)
    await client.query('ALTER TABLE bookings ADD COLUMN coupon text')
    load.insert = WITH_COUPON
    const found = await whenFound('column-new')
    expect(found.what).toMatch(/^In table \S*bookings, column coupon is new, and in no record\.$/)
    expect(found.todo).toContain('npm run attach -- public.bookings')
    expect(await health()).toMatchObject({healthy: true})

    const again = await checkout.run('attach', 'public.bookings', '--yes')
    expect(again.status, again.said).toBe(0)
    expect(again.said).toMatch(/^\+ {3}coupon: t\.text\(\),$/m)
    // Nothing counts it: nothing is to be built again.
    expect(again.said).not.toContain('rebuild')
    expect(readFileSync(join(checkout.folder, 'streams/bookings.ts'), 'utf8')).toContain('coupon')
    const before = load.events
    await until('some hundred events more', async () => {
      return await Promise.resolve(load.events > before + 500)
    })
    const rate = await load.stop()
    console.log(`column added at ${Math.round(rate)} events a second`)
    expect(rate).toBeGreaterThan(200)

    await expectTruth('total')
    expect(await openLetters()).toBe(0)
    const {rows} = await client.query<{id: string; coupon: string}>(
      'SELECT id::text, coupon FROM bookings WHERE coupon IS NOT NULL ORDER BY id LIMIT 1',
    )
    const event = await fetch(`${url}/v1/streams/bookings/events/${rows[0]!.id}`)
    expect(await event.json()).toMatchObject({event: {coupon: rows[0]!.coupon}})
    const status = await checkout.run('status', '--json')
    expect(JSON.parse(status.said)).toMatchObject({healthy: true, findings: []})
  },
  COMMAND_MS * 2,
)

test(
  'a renamed column is loud, is declared by one command, and what waited is sent again',
  async () => {
    await client.query('ALTER TABLE bookings RENAME COLUMN total TO amount')
    // Each of them is a letter for a while.
    await using renamed = await startLoad(PLAIN.replace('total', 'amount'), 40)
    const found = await whenFound('column-gone')
    expect(found.what).toContain('column total is called amount now')
    expect(await whenFound('dead-letters')).toBeDefined()
    const {rows} = await client.query<{reason: string; message: string}>(
      'SELECT DISTINCT reason, message FROM cdc.dead_letters WHERE resolved_at IS NULL',
    )
    expect(rows).toEqual([
      {reason: 'ENCODE_FAILED', message: expect.stringContaining('the row has no total') as string},
    ])

    const again = await checkout.run('attach', 'public.bookings', '--yes')
    expect(again.status, again.said).toBe(0)
    expect(again.said).toMatch(/dead-letters.* redrive --topic bookings --yes/)
    await renamed.stop()
    const redriven = await checkout.run('dead-letters', 'redrive', '--topic', 'bookings', '--yes')
    expect(redriven.status, redriven.said).toBe(0)
    await expectTruth('amount')
    expect(await openLetters()).toBe(0)
    expect(await health()).toMatchObject({healthy: true, findings: []})
  },
  COMMAND_MS * 2,
)
