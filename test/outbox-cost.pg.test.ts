/** INV-5: what reading and counting cost grows neither with published rows nor with history. */
import {expect, test} from 'vitest'
import {READ_LOWEST, READ_PAGE, READ_TAIL, READER_SETTINGS} from '../ingestor/outbox-sql.ts'
import {parseSnapshot} from '../ingestor/snapshot-cursor.ts'
import type {Client} from '../platform/postgres.ts'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

const WAITING = 1_500

interface Plan {
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
}

/** Pages of tables and indexes that a statement looks at. */
async function pagesOf(
  client: Client,
  sql: string,
  values: readonly (string | number)[],
): Promise<number> {
  // Named: the plan is the generic one that the relay runs with.
  const literals = values.map(value => `'${value}'`)
  await client.query(`DEALLOCATE ALL; PREPARE probe AS ${sql}`)
  const {rows} = await client.query<{'QUERY PLAN': readonly [{readonly Plan: Plan}]}>(
    `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE probe${values.length === 0 ? '' : `(${literals.join()})`}`,
  )
  const {Plan: plan} = rows[0]!['QUERY PLAN'][0]
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}

/** Published rows of many transactions in several slots, and statistics that know of them or not. */
async function addHistory(world: OutboxWorld, rows: number): Promise<void> {
  await world.run(`
    INSERT INTO outbox_events (slot, txid, hash, topic, aggregate_id, key, op, payload)
    SELECT (i * 3 / ${rows + 1})::smallint, (3 + i * (pg_current_xact_id()::text::bigint - 4) / ${rows})::text::xid8, i & 1023, 'h', i::text, i::text, 'c', '{}'
      FROM generate_series(1, ${rows}) i;
    UPDATE cdc.outbox_slot SET slot = 3`)
}

interface Costs {
  readonly tail: number
  readonly lowest: number
  readonly page: number
  readonly unpublished: number
  readonly published: number
  readonly backlog: number
}

async function measure(history: number, {analyzed}: {readonly analyzed: boolean}): Promise<Costs> {
  await using world = await openOutboxWorld()
  await addHistory(world, history)
  if (analyzed) await world.run('ANALYZE cdc.outbox_events')
  const late = await world.session()
  await late.query(
    `BEGIN; INSERT INTO activity_events (user_id, activity_type) VALUES ('late', 'x')`,
  )
  await world.run(`UPDATE cdc.relay_cursor SET snap_from = pg_current_snapshot(), epoch = 5,
    (system_identifier, timeline) = (SELECT system_identifier, timeline FROM cdc.cluster())`)
  await late.query('COMMIT')
  await world.run(
    `INSERT INTO activity_events (user_id, activity_type) SELECT 'u' || i, 'x' FROM generate_series(1, ${WAITING}) i`,
  )
  const {rows} = await world.client.query<{from: string; to: string; last: string}>(
    `SELECT snap_from::text AS from, pg_current_snapshot()::text AS to, (SELECT max(id) - ${WAITING} FROM outbox_events)::text AS last
       FROM cdc.relay_cursor`,
  )
  const {from, to, last} = rows[0]!
  const {xmax, xip} = parseSnapshot(from)
  const base = [0, 0, 5, xmax, xip]
  for (const setting of READER_SETTINGS) await world.run(setting)
  const {client} = world
  const first = await measureWaiting()
  // A page costs what it returns, however many rows wait behind it.
  await world.run(
    `SET enable_seqscan = on; INSERT INTO activity_events (user_id, activity_type) SELECT 'u' || i, 'x' FROM generate_series(1, 30000) i; SET enable_seqscan = off`,
  )
  const {rows: later} = await client.query<{to: string}>('SELECT pg_current_snapshot()::text AS to')
  return {...first, backlog: await pagesOf(client, READ_PAGE, [...base, later[0]!.to, 1_000, last])}

  async function measureWaiting(): Promise<Omit<Costs, 'backlog'>> {
    return {
      tail: await pagesOf(client, READ_TAIL, [...base, 2_000]),
      lowest: await pagesOf(client, READ_LOWEST, [...base, to]),
      page: await pagesOf(client, READ_PAGE, [...base, to, 1_000, last]),
      unpublished: await pagesOf(client, 'SELECT * FROM cdc.unpublished()', []),
      published: await pagesOf(client, "SELECT cdc.is_published('cdc.outbox_events_0')", []),
    }
  }
}

test.each([
  {analyzed: true, name: 'with statistics'},
  {analyzed: false, name: 'without statistics'},
])(
  'INV-5: ten times the history costs the same pages, $name',
  async ({analyzed}) => {
    const small = await measure(15_000, {analyzed})
    const large = await measure(150_000, {analyzed})
    for (const step of Object.keys(small) as (keyof Costs)[]) {
      // One level more in an index is one page more in each slot.
      expect(large[step], `${step}: ${JSON.stringify({small, large})}`).toBeLessThan(
        small[step] * 1.3 + 20,
      )
    }
    expect(large.tail).toBeLessThan(300)
    expect(large.page).toBeLessThan(300)
    expect(large.backlog).toBeLessThan(300)
  },
  120_000,
)
