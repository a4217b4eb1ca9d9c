/** Pages of large rows: none is larger than it may be, and together they have every row once, in order. */
import {expect, test} from 'vitest'
import {openLeaseClient, takeLane, type Taken} from '../ingestor/leases.ts'
import {readOutbox, type OutboxPage, type OutboxRow} from '../ingestor/outbox-reader.ts'
import {nextPace, type Pace} from '../ingestor/page-weight.ts'
import {
  advance,
  isMoreWaiting,
  planRead,
  startPosition,
  type Position,
} from '../ingestor/snapshot-cursor.ts'
import type {Client} from '../platform/postgres.ts'
import {NOTHING_KNOWN, openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

const ROW_BYTES = 800_000
const PAGE_BYTES = 4_000_000
const MOST_ROWS = 2_000

/** Some of what is stored apart is compressed to nothing, some not at all; some lies in the row itself. */
const BODIES = {
  compressed: `repeat('x', ${ROW_BYTES})`,
  plain: `(SELECT string_agg(md5(g::text), '') FROM generate_series(1, ${ROW_BYTES / 32}) g)`,
  inside: `repeat('x', 100000)`,
} as const

/** As cdc.emit() would; what is compressed already need not be again. */
const insert = (from: number, to: number, body: keyof typeof BODIES): string =>
  `INSERT INTO outbox_events (slot, hash, topic, aggregate_id, key, op, payload)
   SELECT 0, n & 1023, 'large', n, 'k' || n % 7, 'c', b.payload
     FROM generate_series(${from}, ${to}) n, bodies b WHERE b.name = '${body}'`

async function openLarge(): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  const bodies = Object.entries(BODIES).map(
    ([name, body]) => `('${name}', json_build_object('body', ${body}))`,
  )
  await world.run(
    `CREATE TABLE bodies (name text, payload json); INSERT INTO bodies VALUES ${bodies.join()}`,
  )
  return world
}

const bytesOf = ({rows}: OutboxPage): number =>
  rows.reduce((sum, {payload}) => sum + payload.length, 0)

interface Reading {
  readonly pages: readonly OutboxPage[]
  readonly position: Position
}

/** Reads as a relay does until nothing waits. */
async function readAll(client: Client, taken: Taken, start: Position): Promise<Reading> {
  const pages: OutboxPage[] = []
  let position = start
  for (let pace: Pace = {rows: MOST_ROWS, isWeighed: false}; ;) {
    const limit = {...pace, bytes: PAGE_BYTES}
    const page = await readOutbox(client, taken, planRead(position), limit)
    const next = advance(position, page.answer)
    pace = nextPace(pace, {asked: pace.rows, most: MOST_ROWS}, page)
    if (page.rows.length > 0) pages.push(page)
    else if (!isMoreWaiting(next, page.answer)) return {pages, position: next}
    position = next
  }
}

const idsOf = (rows: readonly OutboxRow[]): string[] => rows.map(({aggregateId}) => aggregateId)
const range = (from: number, to: number): string[] =>
  Array.from({length: to - from + 1}, (_, i) => String(from + i))

function expectBounded(pages: readonly OutboxPage[]): void {
  for (const page of pages) expect(bytesOf(page)).toBeLessThanOrEqual(PAGE_BYTES)
  const bytes = pages.reduce((sum, page) => sum + bytesOf(page), 0)
  // No page is much smaller than it has to be, either.
  expect(pages.length).toBeLessThan(3 + (bytes / PAGE_BYTES) * 1.5)
}

test('500 rows of 800 kB are read in pages of their bytes, with savepoints and a late commit', async () => {
  await using world = await openLarge()
  await world.run(`BEGIN; ${insert(1, 200, 'compressed')}; SAVEPOINT s; ${insert(900, 910, 'compressed')};
    ROLLBACK TO s; ${insert(201, 240, 'plain')}; RELEASE s; COMMIT`)
  const late = await world.session()
  await late.query(`BEGIN; ${insert(600, 620, 'compressed')}`)
  await world.run(`${insert(241, 500, 'compressed')}; ${insert(501, 560, 'inside')}`)
  const client = await openLeaseClient(world.url, {applicationName: 'test', leaseMs: 60_000})
  try {
    const taken = await takeLane(client, 0, NOTHING_KNOWN)
    const first = await readAll(client, taken, startPosition(taken.cursor, taken.takeover))
    expectBounded(first.pages)
    const rows = first.pages.flatMap(page => page.rows)
    expect(idsOf(rows)).toEqual(range(1, 560))
    expect(rows.every(({payload}, at) => payload.length > (at < 500 ? ROW_BYTES : 100_000))).toBe(
      true,
    )
    // What commits now is a tail that overflows.
    await late.query('COMMIT')
    await world.run(insert(621, 640, 'plain'))
    const second = await readAll(client, taken, first.position)
    expectBounded(second.pages)
    expect(idsOf(second.pages.flatMap(page => page.rows))).toEqual(range(600, 640))
  } finally {
    await client.end()
  }
}, 120_000)

test('a row that is larger than a page goes alone', async () => {
  await using world = await openLarge()
  await world.run(`INSERT INTO outbox_events (slot, hash, topic, aggregate_id, op, payload)
    SELECT 0, 0, 't', n, 'c', json_build_object('body', repeat('x', b))
      FROM (VALUES (1, 1), (2, ${2 * PAGE_BYTES}), (3, ${2 * PAGE_BYTES}), (4, 1), (5, 1)) v (n, b)`)
  const client = await openLeaseClient(world.url, {applicationName: 'test', leaseMs: 60_000})
  try {
    const taken = await takeLane(client, 0, NOTHING_KNOWN)
    const {pages} = await readAll(client, taken, startPosition(taken.cursor, taken.takeover))
    expect(pages.map(({rows}) => idsOf(rows))).toEqual([['1'], ['2'], ['3'], ['4', '5']])
  } finally {
    await client.end()
  }
})

test('long keys and headers count as well', async () => {
  await using world = await openLarge()
  await world.run(`SET cdc.annotations = '{"why": "${'y'.repeat(300_000)}"}';
    INSERT INTO outbox_events (slot, hash, topic, aggregate_id, key, op, payload, headers)
    SELECT 0, 0, 't', n, repeat('k', 300000), 'c', '{}', cdc.session_headers() FROM generate_series(1, 40) n`)
  const client = await openLeaseClient(world.url, {applicationName: 'test', leaseMs: 60_000})
  try {
    const taken = await takeLane(client, 0, NOTHING_KNOWN)
    const {pages} = await readAll(client, taken, startPosition(taken.cursor, taken.takeover))
    for (const {rows} of pages) expect(rows.length).toBeLessThanOrEqual(6)
    expect(idsOf(pages.flatMap(page => page.rows))).toEqual(range(1, 40))
  } finally {
    await client.end()
  }
})
