/** Retention (INV-19), dead letters, status, wake-up and roles of the outbox. */
import {expect, test} from 'vitest'
import {saveCursor, takeLane} from '../ingestor/leases.ts'
import {readOutbox} from '../ingestor/outbox-reader.ts'
import {planRead} from '../ingestor/snapshot-cursor.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {asUser, NOTHING_KNOWN, openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

const CONTENT = '11111111-1111-1111-1111-111111111111'

async function openWorld(): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(`INSERT INTO content VALUES ('${CONTENT}', 's', 't', 'video', 100, now())`)
  return world
}

const addEvents = async (world: OutboxWorld, count: number): Promise<void> =>
  await world.run(`INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms)
    SELECT '${CONTENT}', 'play', now(), i FROM generate_series(1, ${count}) i`)

/** What a relay does that has published everything visible now. */
const publishAll = async (world: OutboxWorld): Promise<void> =>
  await world.run(
    `UPDATE cdc.relay_cursor SET snap_from = pg_current_snapshot(), snap_to = NULL, last_id = 0,
       (system_identifier, timeline) = (SELECT system_identifier, timeline FROM cdc.cluster())`,
  )

async function one<T>(world: OutboxWorld, sql: string): Promise<T> {
  const {rows} = await world.client.query<Record<string, T>>(sql)
  return Object.values(rows[0] ?? {})[0] as T
}

/** Calls until it did something, or cannot go on. */
async function rotate(world: OutboxWorld): Promise<string> {
  return await one<string>(world, 'SELECT cdc.rotate()')
}

const rowsInOutbox = async (world: OutboxWorld): Promise<number> =>
  await one<number>(world, 'SELECT count(*)::int FROM outbox_events')

const NOW_DUE = "UPDATE cdc.outbox_slot SET opened_at = now() - interval '1 day'"

test('the SQL of the sample runs as it is, and the ids of events start at 1', async () => {
  await using world = await openOutboxWorld()
  await world.run(`INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
    VALUES ('${CONTENT}', 'daily-news-ep1', 'Daily News – Episode 1', 'podcast', 1800, NOW() - INTERVAL '2 days');
    INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device, raw_payload)
    VALUES ('${CONTENT}', NULL, 'play', NOW() - INTERVAL '1 hour', 30000, 'ios', '{"bitrate": "128kbps"}')`)
  const [event] = await world.captured('engagement_events')
  expect(event).toMatchObject({op: 'c', key: CONTENT, aggregate_id: '1'})
  expect(event?.payload).toMatchObject({
    id: 1,
    duration_ms: 30000,
    raw_payload: {bitrate: '128kbps'},
  })
})

test.each([
  ["INSERT INTO engagement_events (event_type, event_ts) VALUES ('stop', now())", 'event_type'],
  ['INSERT INTO engagement_events (event_ts, duration_ms) VALUES (now(), -1)', 'duration_ms'],
  ["INSERT INTO content VALUES (gen_random_uuid(), 's2', 't', 'film', 1, now())", 'content_type'],
  ["INSERT INTO content VALUES (gen_random_uuid(), 's2', 't', NULL, -1, now())", 'length_seconds'],
  ["INSERT INTO content VALUES (gen_random_uuid(), 's', 't', NULL, 1, now())", 'slug'],
])('%s breaks a rule of its table', async (sql, rule) => {
  await using world = await openWorld()
  await expect(world.run(sql)).rejects.toThrow(rule)
})

test('INV-19: a slot is emptied when everything in it is published, and never before', async () => {
  await using world = await openWorld()
  await publishAll(world)
  await addEvents(world, 10)
  await world.run(NOW_DUE)
  expect(await rotate(world)).toBe('opened')
  expect(await rotate(world)).toBe('waiting')
  expect(await rowsInOutbox(world)).toBe(11)
  await publishAll(world)
  await addEvents(world, 1)
  expect(await rotate(world)).toBe('truncated')
  expect(await rowsInOutbox(world)).toBe(1)
  expect(await one(world, 'SELECT DISTINCT slot FROM outbox_events')).toBe(1)
})

test('a lane that is behind keeps the slot', async () => {
  await using world = await openWorld()
  await world.run(`UPDATE cdc.relay_cursor SET lanes = 2;
    INSERT INTO cdc.relay_cursor (lane, lanes, snap_from) VALUES (1, 2, '1:1:')`)
  await addEvents(world, 1)
  await world.run(NOW_DUE)
  await rotate(world)
  await publishAll(world)
  await world.run("UPDATE cdc.relay_cursor SET snap_from = '1:1:' WHERE lane = 1")
  expect(await rotate(world)).toBe('waiting')
  await publishAll(world)
  expect(await rotate(world)).toBe('truncated')
})

test('a transaction that is still open keeps its slot, not the writers of other slots', async () => {
  await using world = await openWorld()
  const open = await world.session()
  await open.query(
    `BEGIN; INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'page_view')`,
  )
  await world.run(NOW_DUE)
  await rotate(world)
  await publishAll(world)
  expect(await rotate(world)).toBe('locked')
  await addEvents(world, 1)
  await open.query('COMMIT')
  expect(await rotate(world)).toBe('waiting')
  await publishAll(world)
  expect(await rotate(world)).toBe('truncated')
})

test('the oldest slot goes first, and no slot is opened that is not empty', async () => {
  await using world = await openWorld()
  for (let slot = 0; slot < 5; slot++) {
    await addEvents(world, 1)
    await world.run(NOW_DUE)
    await rotate(world)
  }
  const slots = 'SELECT array_agg(DISTINCT slot ORDER BY slot) FROM outbox_events'
  expect(await one(world, slots)).toEqual([0, 1, 2, 3])
  await publishAll(world)
  const left: unknown[] = []
  for (let i = 0; i < 3; i++) {
    expect(await rotate(world)).toBe('truncated')
    left.push(await one(world, slots))
  }
  // Slot 0 was opened again by the first rotation, before anything was written to it.
  expect(left).toEqual([[1, 2, 3], [2, 3], [3]])
})

test.each(["system_identifier = '1'", 'timeline = 99', 'system_identifier = NULL'])(
  'after a restore nothing is emptied until every lane was taken again: %s',
  async change => {
    await using world = await openWorld()
    await world.run(NOW_DUE)
    await rotate(world)
    await publishAll(world)
    await world.run(`UPDATE cdc.relay_cursor SET ${change}`)
    expect(await rotate(world)).toBe('waiting')
    await publishAll(world)
    expect(await rotate(world)).toBe('truncated')
  },
)

test('keep_seconds keeps published rows for a while', async () => {
  await using world = await openWorld()
  await world.run(NOW_DUE)
  await rotate(world)
  await publishAll(world)
  await world.run('UPDATE cdc.settings SET keep_seconds = 60')
  expect(await rotate(world)).toBe('waiting')
  await world.run('UPDATE cdc.settings SET keep_seconds = 0')
  expect(await rotate(world)).toBe('truncated')
})

test('rotation is refused where it could miss rows: with a snapshot older than itself', async () => {
  await using world = await openWorld()
  await expect(
    world.run('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT cdc.rotate()'),
  ).rejects.toThrow('READ COMMITTED only')
})

test('a writer waits no longer than the lock timeout for a slot that cannot be emptied', async () => {
  await using world = await openWorld()
  const reader = await world.session()
  await reader.query('BEGIN; SELECT count(*) FROM outbox_events')
  await world.run(NOW_DUE)
  await rotate(world)
  await publishAll(world)
  const startedAt = performance.now()
  expect(await rotate(world)).toBe('locked')
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  await reader.query('COMMIT')
  expect(await rotate(world)).toBe('truncated')
})

test('unpublished rows are counted, with the age of the oldest, also within a frozen batch', async () => {
  await using world = await openWorld()
  await publishAll(world)
  expect(await one(world, 'SELECT rows::int FROM cdc.unpublished()')).toBe(0)
  expect(await one(world, 'SELECT oldest FROM cdc.unpublished()')).toBeNull()
  await addEvents(world, 10)
  expect(await one(world, 'SELECT rows::int FROM cdc.unpublished()')).toBe(10)
  await world.run(`UPDATE cdc.relay_cursor SET snap_to = pg_current_snapshot(),
    last_id = (SELECT max(id) - 3 FROM outbox_events)`)
  expect(await one(world, 'SELECT rows::int FROM cdc.unpublished()')).toBe(3)
  expect(await one(world, "SELECT count(*)::int FROM outbox_status WHERE status = 'pending'")).toBe(
    3,
  )
  expect(
    await one(
      world,
      'SELECT oldest = (SELECT created_at FROM outbox_events ORDER BY id DESC OFFSET 2 LIMIT 1) FROM cdc.unpublished()',
    ),
  ).toBe(true)
})

test('a row that committed late is pending, whatever its id', async () => {
  await using world = await openWorld()
  const late = await world.session()
  await late.query(
    `BEGIN; INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'page_view')`,
  )
  await addEvents(world, 5)
  await publishAll(world)
  await late.query('COMMIT')
  const {rows} = await world.client.query(
    "SELECT topic FROM outbox_status WHERE status = 'pending'",
  )
  expect(rows).toEqual([{topic: 'user_activity'}])
  expect(await one(world, 'SELECT rows::int FROM cdc.unpublished()')).toBe(1)
})

test('beyond its limit the count is an estimate that costs no more', async () => {
  await using world = await openWorld()
  await publishAll(world)
  await addEvents(world, 5_000)
  const rows = await one<number>(world, 'SELECT rows::int FROM cdc.unpublished(100)')
  expect(rows).toBeGreaterThan(4_000)
  expect(rows).toBeLessThan(6_000)
})

test('epochs only grow, over all lanes, also when an older state with later epochs was restored', async () => {
  await using world = await openWorld()
  const take = async (): Promise<bigint> =>
    BigInt(await one<string>(world, "SELECT epoch FROM cdc.take_lane(0::smallint, 'me')"))
  const first = await take()
  expect(first).toBeGreaterThan(BigInt(Date.now() - 60_000) * 1_000n)
  await world.run('UPDATE cdc.relay_cursor SET epoch = 8000000000000000')
  expect(await take()).toBe(8_000_000_000_000_001n)
})

test('the number of lanes is a power of two', async () => {
  await using world = await openWorld()
  await expect(world.run('UPDATE cdc.relay_cursor SET lanes = 3')).rejects.toThrow(
    'relay_cursor_lanes_check',
  )
})

interface Letter {
  readonly op: string
  readonly payload: string
}

/** Buries the last outbox row of a topic, as the relay does. */
async function bury(world: OutboxWorld, topic: string): Promise<number> {
  return await one<number>(
    world,
    `INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, key, op, payload, headers, reason, message)
     SELECT id, created_at, topic, aggregate_id, key, op, payload, headers, 'ENCODE_FAILED', 'test' FROM outbox_events
      WHERE topic = '${topic}' ORDER BY id DESC LIMIT 1 RETURNING id::int`,
  )
}

const redriven = async (world: OutboxWorld): Promise<string[]> => {
  const {rows} = await world.client.query<Letter & {key: string}>(
    `SELECT op::text, key, coalesce(payload -> 'before', payload) ->> 'v' AS payload FROM outbox_events
      WHERE topic = 'topic-t' ORDER BY id`,
  )
  return rows.map(({op, key, payload}) => `${op} ${key} ${payload}`)
}

async function openLetters(): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(
    "CREATE TABLE t (id int PRIMARY KEY, k text, v int); SELECT cdc.attach('t', 'topic-t', 'k')",
  )
  return world
}

test('re-driving takes the row from both places of the letter, then reads it where it is', async () => {
  await using world = await openLetters()
  await world.run("INSERT INTO t VALUES (1, 'a', 1); UPDATE t SET v = 2")
  const letter = await bury(world, 'topic-t')
  await world.run(`UPDATE t SET k = 'b', v = 3; SELECT cdc.dead_letter_redrive(${letter})`)
  expect((await redriven(world)).slice(-3)).toEqual(['d a 1', 'd a 2', 'r b 3'])
  await expect(world.run(`SELECT cdc.dead_letter_redrive(${letter})`)).rejects.toThrow(
    'is redriven already',
  )
})

test('re-driving a letter of a row that is gone only takes it away', async () => {
  await using world = await openLetters()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  const letter = await bury(world, 'topic-t')
  await world.run(`DELETE FROM t; SELECT cdc.dead_letter_redrive(${letter})`)
  expect((await redriven(world)).slice(-2)).toEqual(['d a 1', 'd a 1'])
})

test('re-driving waits for a writer who stores the row again, so that his change stays the later one', async () => {
  await using world = await openLetters()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  const letter = await bury(world, 'topic-t')
  await world.run('DELETE FROM t')
  const writer = await world.session()
  await writer.query("BEGIN; INSERT INTO t VALUES (1, 'a', 2)")
  const redrive = world.run(`SELECT cdc.dead_letter_redrive(${letter})`)
  const admin = await world.session()
  await expect
    .poll(
      async () =>
        (await admin.query("SELECT FROM pg_locks WHERE NOT granted AND mode = 'ShareLock'"))
          .rowCount,
    )
    .toBeGreaterThan(0)
  await writer.query('COMMIT')
  await redrive
  expect((await redriven(world)).slice(-3)).toEqual(['c a 2', 'd a 1', 'r a 2'])
})

test('a message that the application wrote is re-driven as it was', async () => {
  await using world = await openLetters()
  await world.run(`SELECT cdc.emit('mail', 'k', '{"v": 1}', '{"h": 1}')`)
  const letter = await bury(world, 'mail')
  await world.run(`SELECT cdc.dead_letter_redrive(${letter})`)
  const rows = await world.captured('mail')
  expect(rows.map(({key, payload, headers}) => ({key, payload, headers}))).toEqual([
    {key: 'k', payload: {v: 1}, headers: {h: 1}},
    {key: 'k', payload: {v: 1}, headers: {h: 1}},
  ])
})

test('a letter is discarded once', async () => {
  await using world = await openLetters()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  const letter = await bury(world, 'topic-t')
  await world.run(`SELECT cdc.dead_letter_discard(${letter})`)
  await expect(world.run(`SELECT cdc.dead_letter_discard(${letter})`)).rejects.toThrow(
    'is discarded already',
  )
  await expect(world.run('SELECT cdc.dead_letter_discard(99)')).rejects.toThrow(
    'there is no dead letter 99',
  )
  await expect(world.run('SELECT cdc.dead_letter_redrive(99)')).rejects.toThrow(
    'there is no dead letter 99',
  )
})

test('cdc.reread puts the present row into the outbox, or says that there is none', async () => {
  await using world = await openWorld()
  await addEvents(world, 1)
  expect(await one(world, "SELECT cdc.reread('engagement_events', '1')")).toBe(true)
  expect(await one(world, "SELECT cdc.reread('engagement_events', '2')")).toBe(false)
  const rows = await world.captured('engagement_events')
  expect(rows.map(row => row.op)).toEqual(['c', 'r'])
  expect(rows[1]?.payload).toEqual(rows[0]?.payload)
})

test('one transaction at a time wakes the relay; who prepares transactions can do without', async () => {
  await using world = await openWorld()
  const listener = await world.session()
  let wakes = 0
  listener.on('notification', () => (wakes += 1))
  await listener.query('LISTEN cdc_outbox')
  await world.run('SET cdc.wake = on')
  const other = await world.session()
  await other.query('SET cdc.wake = on')
  await other.query(`BEGIN; INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'x')`)
  await addEvents(world, 1)
  await listener.query('SELECT 1')
  expect(wakes).toBe(0)
  await other.query('COMMIT')
  await expect.poll(async () => (await listener.query('SELECT 1'), wakes)).toBe(1)
  await world.run('SET cdc.wake = off')
  await addEvents(world, 1)
  await world.run('SET cdc.wake = on')
  await addEvents(world, 1)
  await expect.poll(async () => (await listener.query('SELECT 1'), wakes)).toBe(2)
})

async function asRole<T>(
  world: OutboxWorld,
  role: string,
  work: (query: (sql: string) => Promise<unknown>, client: Client) => Promise<T>,
): Promise<T> {
  const user = `${role}_${world.database.name}`
  await world.run(`CREATE ROLE ${user} LOGIN PASSWORD 'secret' IN ROLE ${role}`)
  const client = await openClient(asUser(world.url, user, 'secret'), {applicationName: 'role'})
  try {
    return await work(async sql => await client.query(sql), client)
  } finally {
    await client.end()
    await world.run(`DROP ROLE ${user}`)
  }
}

test('cdc_relay can take, read and save a lane as the relay does, also after a restore', async () => {
  await using world = await openWorld()
  await addEvents(world, 3)
  await asRole(world, 'cdc_relay', async (_query, client) => {
    await takeLane(client, 0, NOTHING_KNOWN)
    await world.run("UPDATE cdc.relay_cursor SET system_identifier = '1'")
    const taken = await takeLane(client, 0, NOTHING_KNOWN)
    expect(taken.wentBack).toBe('another database cluster')
    const plan = planRead({cursor: {...taken.cursor, snapTo: null}, takeover: null})
    const {rows} = await readOutbox(client, taken, plan, {
      rows: 100,
      bytes: 1_000_000,
      isWeighed: false,
    })
    expect(rows).toHaveLength(4)
    await saveCursor(
      client,
      taken,
      {...taken.cursor, snapFrom: taken.takeover},
      {release: true, highestId: 0},
    )
  })
  expect(await one(world, 'SELECT rows::int FROM cdc.unpublished()')).toBe(0)
})

test.each([
  "UPDATE outbox_events SET payload = '{}'",
  'UPDATE cdc.outbox_events_0 SET id = id',
  'DELETE FROM outbox_events',
  'DELETE FROM cdc.outbox_events_0',
  'TRUNCATE cdc.outbox_events',
  'TRUNCATE cdc.outbox_events_0',
])('%s is refused, and done by who says so', async sql => {
  await using world = await openWorld()
  await addEvents(world, 3)
  await expect(world.run(sql)).rejects.toThrow('of the outbox is refused')
  await world.run(`BEGIN; SET LOCAL cdc.may_change_outbox = on; ${sql}; COMMIT`)
})

test('cdc_relay can do nothing else', async () => {
  await using world = await openWorld()
  await asRole(world, 'cdc_relay', async query => {
    for (const sql of [
      "SELECT * FROM cdc.take_lane(0::smallint, 'me')",
      'SELECT count(*) FROM cdc.outbox_events',
      'UPDATE cdc.relay_cursor SET snap_from = pg_current_snapshot() WHERE lane = 0',
      'SELECT * FROM cdc.unpublished()',
      'SELECT * FROM cdc.slot_status',
      'SELECT * FROM cdc.cluster()',
      'SELECT cdc.rotate()',
      'SELECT * FROM cdc.dead_letters_due(10)',
      'SELECT cdc.forget_dead_letters(30, 10)',
      'SELECT pg_try_advisory_lock(1, 1)',
      'SELECT cdc.raise_ids()',
      'SELECT cdc.flush()',
      'SELECT cdc.give_ids()',
      "SELECT cdc.start_again('a test', 0, false)",
      `INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, op, payload, reason, message, next_try_at)
         SELECT 1, now(), 't', '1', 'c', '{}', 'r', 'm', cdc.next_try('r', 0) ON CONFLICT DO NOTHING`,
      'SELECT cdc.dead_letter_redrive(id) FROM cdc.dead_letters',
    ]) {
      await query(sql)
    }
    for (const sql of [
      'SELECT * FROM content',
      'SELECT * FROM engagement_events',
      'SELECT * FROM api.keys',
      'DELETE FROM cdc.outbox_events',
      "UPDATE cdc.outbox_events SET payload = '{}'",
      'TRUNCATE cdc.outbox_events_0',
      "SELECT cdc.emit('t', 'k', '{}')",
      "SELECT cdc.detach('content')",
      'DELETE FROM cdc.relay_cursor',
      'DELETE FROM cdc.dead_letters',
      'SELECT * FROM api.dead_letters',
    ]) {
      await expect(query(sql), sql).rejects.toThrow(/permission denied|must be owner/)
    }
  })
})

test('cdc_api writes source tables, and the outbox only through them', async () => {
  await using world = await openWorld()
  const letter = await (async () => {
    await addEvents(world, 1)
    return await bury(world, 'engagement_events')
  })()
  await asRole(world, 'cdc_api', async query => {
    for (const sql of [
      "INSERT INTO content VALUES (gen_random_uuid(), 'new', 't', NULL, 1, now())",
      "INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'page_view')",
      "INSERT INTO engagement_events (event_type, event_ts) VALUES ('play', now())",
      "UPDATE content SET title = 'x'",
      'DELETE FROM activity_events',
      'SELECT * FROM cdc.outbox_status',
      'SELECT * FROM cdc.unpublished()',
      'SELECT * FROM cdc.relay_cursor',
      'SELECT * FROM cdc.dead_letters',
      "SELECT cdc.reread('engagement_events', '1')",
      `SELECT cdc.dead_letter_redrive(${letter})`,
      'SELECT * FROM api.dead_letters',
      'UPDATE api.topic_letters SET next_try_at = cdc.next_try(reason, 1)',
      'SELECT * FROM api.keys',
      'SELECT value FROM api.secrets',
      // For health.
      'SELECT source::text, problem FROM cdc.check()',
      'SELECT source::text, topic FROM cdc.captured_tables',
      'SELECT * FROM cdc.reconciliations',
    ]) {
      await query(sql)
    }
    for (const sql of [
      "INSERT INTO cdc.outbox_events (slot, hash, topic, aggregate_id, op, payload) VALUES (0, 0, 't', '1', 'c', '{}')",
      'SELECT * FROM cdc.outbox_events',
      "SELECT cdc.emit('t', 'k', '{}')",
      "UPDATE cdc.relay_cursor SET owner = 'me'",
      "SELECT * FROM cdc.take_lane(0::smallint, 'me')",
      'SELECT cdc.rotate()',
      'TRUNCATE content CASCADE',
      'DELETE FROM cdc.dead_letters',
      'SELECT cdc.forget_dead_letters(0, 10)',
      "SELECT cdc.attach('content', 'x', 'id')",
    ]) {
      await expect(query(sql), sql).rejects.toThrow(/permission denied|must be owner/)
    }
  })
  expect((await world.captured('engagement_events')).length).toBeGreaterThan(3)
})
