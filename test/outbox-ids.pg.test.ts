/** Ids that are given a second time: a sequence that was set back, an older state, another server. INV-108. */
import {expect, test} from 'vitest'
import {takeLane, type Taken} from '../ingestor/leases.ts'
import {assertOurs} from '../ingestor/outbox-reader.ts'
import {NOTHING_KNOWN, openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

interface Row {
  readonly id: number
  readonly op: string
  readonly title: string
}

async function openNotes(): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(`CREATE TABLE notes (id int PRIMARY KEY, title text);
    SELECT cdc.attach('notes', 'notes', 'id')`)
  return world
}

/** Rows in the order in which they are published. */
async function rowsOf(world: OutboxWorld): Promise<readonly Row[]> {
  const {rows} = await world.client.query<Row>(
    `SELECT id::float8 AS id, op::text,
            coalesce(payload ->> 'title', payload -> 'after' ->> 'title', payload -> 'before' ->> 'title') AS title
       FROM outbox_events ORDER BY id`,
  )
  return rows
}

const take = async (
  world: OutboxWorld,
  {highestId = 0, below = 0}: {readonly highestId?: number; readonly below?: number} = {},
): Promise<Taken> =>
  await takeLane(world.client, 0, {
    ...NOTHING_KNOWN,
    highestId,
    ceiling: {...NOTHING_KNOWN.ceiling, known: () => below},
  })

/** As if the lane had published everything, and saved where it is. */
const publishAll = async (world: OutboxWorld): Promise<void> =>
  await world.run(`UPDATE cdc.relay_cursor SET snap_from = pg_current_snapshot(),
    highest_id = (SELECT max(id) FROM outbox_events)`)

test('a sequence that was set back: what was captured since is published, under ids of its own', async () => {
  await using world = await openNotes()
  await world.run("INSERT INTO notes SELECT n, 'old' FROM generate_series(1, 5) n")
  await take(world)
  await publishAll(world)
  await world.run("SELECT setval('cdc.outbox_events_id_seq', 1, false)")
  await world.run("UPDATE notes SET title = 'new' WHERE id < 3; DELETE FROM notes WHERE id = 1")
  const taken = await take(world)
  expect(taken.wentBack).toContain('went back to 3, and 5 was published')
  const rows = await rowsOf(world)
  expect(
    rows.slice(0, 5).map(({id, op}) => `${op}${id}`),
    'what is published stays',
  ).toEqual(['c1', 'c2', 'c3', 'c4', 'c5'])
  expect(rows.slice(5).map(({op, title}) => `${op} ${title}`)).toEqual(['u new', 'u new', 'd new'])
  expect(rows[5]!.id).toBeGreaterThan(5)
  await world.run("UPDATE notes SET title = 'later'")
  expect((await rowsOf(world)).at(-1)).toMatchObject({op: 'u', title: 'later'})
  expect((await take(world)).wentBack, 'once').toBeNull()
})

test('what the relay remembers of this lane counts, when the cursor was not saved any more', async () => {
  await using world = await openNotes()
  await world.run("INSERT INTO notes VALUES (1, 'old')")
  expect((await take(world, {highestId: 1})).wentBack).toBeNull()
  expect((await take(world, {highestId: 2})).wentBack).toContain('2 was published')
})

test('an older state: what it had published keeps its ids, everything later gets new ones', async () => {
  await using world = await openNotes()
  await world.run("INSERT INTO notes SELECT n, 'old' FROM generate_series(1, 3) n")
  await take(world)
  await publishAll(world)
  await world.run("UPDATE notes SET title = 'since'")
  const taken = await take(world, {below: 7_000_000})
  expect(taken.wentBack).toContain('a state of the past')
  expect(taken.cursor).toEqual({snapFrom: '1:1:', snapTo: null, lastId: 0})
  const rows = await rowsOf(world)
  expect(rows.map(({op}) => op).join('')).toBe('cccuuu')
  expect(rows.map(({id}) => id).slice(0, 3)).toEqual([1, 2, 3])
  expect(rows[3]!.id).toBeGreaterThanOrEqual(7_000_000)
  expect(taken.voidIds).toEqual({from: 3, to: rows[3]!.id})
})

test('a writer that got its ids before, and commits later, gets others before they are published', async () => {
  await using world = await openNotes()
  await world.run("INSERT INTO notes SELECT n, 'old' FROM generate_series(1, 3) n")
  await take(world)
  await publishAll(world)
  const late = await world.session()
  await late.query("BEGIN; UPDATE notes SET title = 'late' WHERE id = 1")
  const taken = await take(world, {below: 100})
  await late.query('COMMIT')
  await world.run("UPDATE notes SET title = 'last' WHERE id = 1")
  const between = (await rowsOf(world)).filter(
    ({id}) => id > taken.voidIds.from && id < taken.voidIds.to,
  )
  expect(between.map(({title}) => title)).toEqual(['late'])
  await take(world, {below: 100})
  const rows = (await rowsOf(world)).slice(3)
  expect(
    rows.map(({title}) => title),
    'a later change of the row keeps the higher id',
  ).toEqual(['late', 'last'])
  expect(rows[0]!.id).toBeGreaterThanOrEqual(taken.voidIds.to)
})

test('two lanes that find the same give new ids once', async () => {
  await using world = await openNotes()
  await world.run(`UPDATE cdc.relay_cursor SET lanes = 2;
    INSERT INTO cdc.relay_cursor (lane, lanes, snap_from) VALUES (1, 2, '1:1:')`)
  await take(world)
  await world.run("INSERT INTO notes VALUES (1, 'a')")
  expect((await take(world, {below: 5_000})).wentBack).not.toBeNull()
  const [first] = await rowsOf(world)
  // The other one had looked before.
  await world.run("SELECT cdc.start_again('a state of the past', 5000, true)")
  expect((await rowsOf(world))[0]).toEqual(first)
})

test('a sequence that was set back is told to every lane: their owners have to take them again', async () => {
  await using world = await openNotes()
  await world.run(`UPDATE cdc.relay_cursor SET lanes = 2;
    INSERT INTO cdc.relay_cursor (lane, lanes, snap_from) VALUES (1, 2, '1:1:')`)
  const other = await takeLane(world.client, 1, NOTHING_KNOWN)
  expect((await take(world, {highestId: 2})).wentBack).not.toBeNull()
  await expect(assertOurs(world.client, other)).rejects.toThrow('lane 1 has another owner')
})

test('a dead letter follows its row', async () => {
  await using world = await openNotes()
  await world.run("INSERT INTO notes VALUES (1, 'a')")
  await world.run(`INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, op, payload, reason, message)
    SELECT id, created_at, topic, aggregate_id, op, payload, 'r', 'm' FROM outbox_events`)
  await take(world, {below: 5_000})
  const {rows} = await world.client.query<{same: boolean}>(
    'SELECT d.outbox_id = o.id AS same FROM cdc.dead_letters d, outbox_events o',
  )
  expect(rows).toEqual([{same: true}])
})

test('more ids are allowed than were given, durably, and ever more', async () => {
  await using world = await openNotes()
  await world.run("SET synchronous_commit = off; INSERT INTO notes VALUES (1, 'a')")
  const raise = async (): Promise<number> =>
    (await world.client.query<{n: number}>('SELECT cdc.raise_ids()::float8 AS n')).rows[0]!.n
  expect(await raise()).toBe(1_000_001)
  expect(await raise()).toBe(1_000_002)
  const {rows} = await world.client.query<{flushed: boolean}>(
    'SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() AS flushed',
  )
  expect(rows).toEqual([{flushed: true}])
})
