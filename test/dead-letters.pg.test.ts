/** Dead letters of the outbox over time: all of a row together, tried again by themselves, forgotten. */
import {pino} from 'pino'
import {expect, test} from 'vitest'
import {bury} from '../ingestor/dead-letters.ts'
import type {Routes} from '../ingestor/destinations.ts'
import {forgetLetters, retryLetters} from '../ingestor/letter-keeper.ts'
import type {OutboxRow} from '../ingestor/outbox-reader.ts'
import type {RejectedRow, Route} from '../ingestor/publish.ts'
import {createPool} from '../platform/postgres.ts'
import {openOutboxWorld} from './outbox-world.ts'

const log = pino({level: 'silent'})

async function setup() {
  const world = await openOutboxWorld()
  const pool = createPool(world.url, {applicationName: 'test', connectionsMax: 2})
  await world.run(
    "CREATE TABLE t (id int PRIMARY KEY, k text, v int); SELECT cdc.attach('t', 'topic-t', 'k')",
  )
  const mended = new Set<string>()
  const find = async (): Promise<Routes> => {
    const routes = [...mended].map(topic => [topic, {partitions: 1} as Route] as const)
    return await Promise.resolve(new Map(routes))
  }
  let seen = 0
  return {
    ...world,
    pool,
    mended,
    /** Buries what is new in the outbox, as the relay does. @returns how many rows that were */
    async bury(reason: RejectedRow['reason'] = 'TOPIC_UNKNOWN'): Promise<number> {
      const {rows} = await world.client.query<{id: number}>(
        'SELECT id::int FROM outbox_events WHERE id > $1 ORDER BY id',
        [seen],
      )
      seen = rows.at(-1)?.id ?? seen
      const rejected = rows.map(({id}) => ({row: {id} as OutboxRow, reason, message: 'test'}))
      await bury(pool, rejected)
      return rows.length
    },
    async letters() {
      const {rows} = await world.client.query<{state: string; attempts: number; wait: number}>(
        `SELECT coalesce(resolution, 'open') AS state, attempts,
                round(extract(epoch FROM next_try_at - clock_timestamp()) / 60)::int AS wait
           FROM cdc.dead_letters ORDER BY id`,
      )
      return rows.map(({state, attempts, wait}) => `${state} ${attempts} ${wait ?? 'never'}`)
    },
    due: () =>
      world.run('UPDATE cdc.dead_letters SET next_try_at = now() WHERE next_try_at > now()'),
    retry: () => retryLetters({pool, routes: {find}, log}),
    async outbox() {
      const {rows} = await world.client.query<{id: number; row: string}>(
        `SELECT id::int, concat_ws(' ', op, key, coalesce(payload -> 'before', payload) ->> 'v') AS row
           FROM outbox_events WHERE id > $1 ORDER BY id`,
        [seen],
      )
      return rows.map(({row}) => row)
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await world[Symbol.asyncDispose]()
    },
  }
}

test('re-driving one letter of a row resolves all of the row, and leaves those of others', async () => {
  await using world = await setup()
  await world.run(
    "INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 5); UPDATE t SET v = 2 WHERE id = 1; UPDATE t SET v = 3, k = 'b' WHERE id = 1",
  )
  await world.bury()
  const {rows} = await world.client.query<{n: number}>(
    `SELECT cdc.dead_letter_redrive(max(id)) AS n FROM cdc.dead_letters WHERE aggregate_id = '1'`,
  )
  expect(rows[0]!.n).toBe(4)
  // Each place once, however many letters name it.
  expect(await world.outbox()).toEqual(['d a 1', 'd a 2', 'd b 3', 'r b 3'])
  expect((await world.letters()).filter(state => state.startsWith('open'))).toHaveLength(1)
})

test('a row that fails again and again leaves no more letters each time', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1); UPDATE t SET v = 2")
  expect(await world.bury()).toBe(2)
  const buried: number[] = []
  for (let i = 0; i < 4; i++) {
    await world.run(
      'SELECT cdc.dead_letter_redrive(min(id)) FROM cdc.dead_letters WHERE resolved_at IS NULL',
    )
    buried.push(await world.bury())
  }
  expect(buried).toEqual([3, 3, 3, 3])
})

test('two who re-drive letters of one row at once do it once', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1); UPDATE t SET v = 2")
  await world.bury()
  const outcomes = await Promise.allSettled(
    [1, 2].map(id => world.pool.query('SELECT cdc.dead_letter_redrive($1)', [id])),
  )
  expect(outcomes.map(({status}) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await world.outbox()).toEqual(['d a 1', 'd a 2', 'r a 2'])
})

test('a cause that may pass is tried with growing waits, a bounded number of times', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  await world.bury()
  const seen = await world.letters()
  for (let i = 0; i < 6; i++) {
    await world.due()
    expect(await world.retry()).toBe(0)
    seen.push(...(await world.letters()))
  }
  expect(seen).toEqual([
    'open 0 1',
    'open 1 4',
    'open 2 16',
    'open 3 64',
    'open 4 256',
    'open 5 never',
    'open 5 never',
  ])
  expect(await world.outbox()).toEqual([])
})

test('a letter is re-driven by itself once its topic is there, and not before it is due', async () => {
  await using world = await setup()
  await world.run(
    "INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 1); SELECT cdc.emit('mail', 'k', '{\"v\": 7}')",
  )
  await world.bury()
  world.mended.add('topic-t')
  expect(await world.retry()).toBe(0)
  await world.due()
  await world.run("UPDATE cdc.dead_letters SET next_try_at = now() + interval '9 min' WHERE id = 2")
  expect(await world.retry()).toBe(1)
  expect(await world.outbox()).toEqual(['d a 1', 'r a 1'])
  expect(await world.letters()).toEqual(['redriven 1 never', 'open 0 9', 'open 1 4'])
})

test('a letter that no try will mend is never tried', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  await world.bury('ENCODE_FAILED')
  await world.run("INSERT INTO t VALUES (2, 'a', 1)")
  await world.bury('RECORD_TOO_LARGE')
  world.mended.add('topic-t')
  await world.due()
  expect(await world.retry()).toBe(0)
  expect(await world.letters()).toEqual(['open 0 never', 'open 0 never'])
})

test('what fails again after it was re-driven goes on counting its attempts', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  await world.bury()
  world.mended.add('topic-t')
  const seen: string[] = []
  for (let i = 0; i < 7; i++) {
    await world.due()
    await world.retry()
    await world.bury()
    const open = (await world.letters()).filter(state => state.startsWith('open'))
    seen.push([...new Set(open)].join())
  }
  expect(seen).toEqual([
    'open 1 4',
    'open 2 16',
    'open 3 64',
    'open 4 256',
    'open 5 never',
    'open 5 never',
    'open 5 never',
  ])
})

test('while Kafka is away no attempt is spent', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1)")
  await world.bury()
  await world.due()
  const find = async (): Promise<Routes> => await Promise.reject(new Error('Kafka is away'))
  await expect(retryLetters({pool: world.pool, routes: {find}, log})).rejects.toThrow('away')
  expect(await world.letters()).toEqual(['open 0 0'])
})

test('a letter that cannot be re-driven now keeps none of the others from it', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 1), (3, 'a', 1)")
  await world.bury()
  world.mended.add('topic-t')
  const writer = await world.session()
  await writer.query('BEGIN; UPDATE t SET v = 9 WHERE id = 2')
  await world.due()
  expect(await world.retry()).toBe(2)
  await writer.query('ROLLBACK')
  expect(await world.letters()).toEqual(['redriven 1 never', 'open 1 4', 'redriven 1 never'])
})

test('resolved letters of both kinds are forgotten after their days, open ones never', async () => {
  await using world = await setup()
  await world.run("INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 1), (3, 'a', 1)")
  await world.bury('ENCODE_FAILED')
  await world.run(`
    UPDATE cdc.dead_letters SET failed_at = now() - interval '1 year';
    UPDATE cdc.dead_letters SET resolution = 'discarded', resolved_at = now() - interval '31 days' WHERE id = 1;
    UPDATE cdc.dead_letters SET resolution = 'redriven', resolved_at = now() - interval '29 days' WHERE id = 2;
    INSERT INTO api.topic_letters (dlq, partition, record_offset, topic, reason, message, failed_at, resolution, resolved_at)
    VALUES ('t.dlq', 0, 0, 't', 'RULE_BROKEN', '', now() - interval '1 year', 'discarded', now() - interval '31 days'),
           ('t.dlq', 0, 1, 't', 'RULE_BROKEN', '', now() - interval '1 year', NULL, NULL)`)
  expect(await forgetLetters(world.pool, 30)).toBe(2)
  const {rows} = await world.client.query<{id: string}>(
    'SELECT id FROM api.dead_letters ORDER BY id',
  )
  expect(rows.map(({id}) => id)).toEqual(['outbox:2', 'outbox:3', 't.dlq:0:1'])
})
