/** What the jobs of this project do to a database. */
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {pino} from 'pino'
import {expect, onTestFinished, test} from 'vitest'
import {createPool, type Pool} from '../platform/postgres.ts'
import {fetchUsers} from '../schedule/fetch-users.ts'
import type {Job, JobResult} from '../schedule/job.ts'
import {retention} from '../schedule/retention.ts'
import {tellChanges} from '../schedule/tell-changes.ts'
import {answerUsers, startUsersApi} from '../scripts/users-api.ts'
import {createTestDatabase} from './isolation.ts'
import {openOwnedWorld} from './owned-world.ts'
import {until} from './pipeline-world.ts'
import {openScheduleWorld, testJob} from './schedule-world.ts'
import {USERS_SQL} from './users-table.ts'

const TICK = new Date(Date.UTC(2026, 0, 1))

async function setup() {
  const database = await createTestDatabase()
  const pool = createPool(database.url, {applicationName: 'test'})
  onTestFinished(async () => {
    await pool.end()
    await database.drop()
  })
  return pool
}

const runJob = async (
  job: Job,
  pool: Pool,
  env: Readonly<Record<string, string>> = {},
  tick = TICK,
): Promise<JobResult> =>
  await job.ready(env).run({
    tick,
    attempt: 1,
    pool,
    log: pino({level: 'silent'}),
    signal: new AbortController().signal,
    command: () => Promise.reject(new Error('none')),
  })

const count = async (pool: Pool, table: string): Promise<number> =>
  (await pool.query<{n: number}>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]!.n

test('INV-152: users are stored under the id of where they come from: fetched again they change nothing, and nothing is published', async () => {
  const pool = await setup()
  await pool.query(USERS_SQL)
  await pool.query(
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM cdc.captured_tables WHERE source = 'users'::regclass)
       THEN PERFORM cdc.attach('users', 'users_created', 'id'); END IF; END $$`,
  )
  const api = await startUsersApi()
  onTestFinished(async () => await api.close())
  const env = {WORKER_USERS_URL: api.url, WORKER_USERS_PAGE_ROWS: '40', WORKER_USERS_PAGES: '3'}
  const published = async () => await count(pool, "cdc.outbox_events WHERE topic = 'users_created'")
  expect(await runJob(fetchUsers, pool, env)).toEqual({
    fetched: 120,
    added: 120,
    changed: 0,
    skipped: 0,
  })
  expect(await published()).toBe(120)
  expect(await runJob(fetchUsers, pool, env)).toMatchObject({fetched: 120, added: 0, changed: 0})
  expect(await published()).toBe(120)
  await pool.query(
    "UPDATE users SET city = 'elsewhere' WHERE id = (SELECT min(id::text)::uuid FROM users)",
  )
  expect(await runJob(fetchUsers, pool, env)).toMatchObject({added: 0, changed: 1})
  const next = await runJob(fetchUsers, pool, env, new Date(Date.UTC(2026, 0, 2)))
  expect(next).toMatchObject({added: 120})
  const {rows} = await pool.query<{bands: number; early: number}>(
    `SELECT count(DISTINCT age_band)::int AS bands, count(*) FILTER (WHERE registered_at > now())::int AS early FROM users`,
  )
  expect(rows[0]!.bands).toBeGreaterThan(4)
  expect(rows[0]!.early).toBe(0)
})

test('bad users are named and passed over; none that can be taken is a failure', async () => {
  const pool = await setup()
  await pool.query(USERS_SQL)
  let isAllBad = false
  const server = createServer((request, response) => {
    const {searchParams} = new URL(request.url!, 'http://localhost')
    const {body} = answerUsers(searchParams, TICK) as {body: {results: Record<string, unknown>[]}}
    for (const [i, user] of body.results.entries()) {
      if (isAllBad || i % 4 === 3) user['dob'] = {age: 'old'}
    }
    response.end(JSON.stringify(body))
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const env = {WORKER_USERS_URL: url, WORKER_USERS_PAGE_ROWS: '8'}
  expect(await runJob(fetchUsers, pool, env)).toEqual({
    fetched: 8,
    added: 6,
    changed: 0,
    skipped: 2,
    bad: [4, 8].map(
      n => `user ${n} of page 1: dob.age is "old": a whole number from 0 to 150 is expected`,
    ),
  })
  isAllBad = true
  await expect(runJob(fetchUsers, pool, env)).rejects.toThrow(
    'none of 8 users can be taken: user 1 of page 1: dob.age is "old"',
  )
})

test('history is forgotten after its days, but for the last run of a job and the last whole comparison', async () => {
  const pool = await setup()
  await pool.query(`
    INSERT INTO cdc.job_runs (job, tick, cause, state, finished_at)
    SELECT 'a', now() - n * interval '1 day', 'cron', 'succeeded', now() - n * interval '1 day' + interval '1 hour' FROM generate_series(50, 1, -1) n;
    INSERT INTO cdc.job_runs (job, tick, cause, state, finished_at) VALUES ('seldom', 'epoch', 'cron', 'failed', 'epoch');
    INSERT INTO cdc.job_runs (job, tick, cause) VALUES ('open', 'epoch', 'cron');
    INSERT INTO cdc.reconciliations (stream, scope, started_at, finished_at, keys, differences)
    VALUES ('s', 'all', 'epoch', 'epoch', 1, 0), ('s', 'key a', 'epoch', 'epoch', 1, 0), ('s', 'all', 'epoch', 'epoch', 1, 0), ('t', 'key b', 'epoch', 'epoch', 1, 0);
    INSERT INTO api.activity_requests (principal, activity, status, finished_at) VALUES ('p', '{}', 'done', 'epoch'), ('p', '{}', 'pending', NULL)`)
  expect(await runJob(retention, pool, {WORKER_RUNS_KEEP_DAYS: '20'})).toEqual({
    runs: 30,
    comparisons: 2,
    backfills: 0,
    requests: 1,
  })
  expect(await runJob(retention, pool, {WORKER_RUNS_KEEP_DAYS: '20'})).toMatchObject({runs: 0})
  const {rows} = await pool.query(
    'SELECT job, count(*)::int AS runs FROM cdc.job_runs GROUP BY job ORDER BY job',
  )
  expect(rows).toEqual([
    {job: 'a', runs: 20},
    {job: 'open', runs: 1},
    {job: 'seldom', runs: 1},
  ])
})

test("the worker's user looks what is due, runs it, stores users and forgets, and sees nothing else", async () => {
  await using owned = await openOwnedWorld()
  const {url, name} = await owned.user('worker', 'IN ROLE cdc_worker')
  await owned.run(`${USERS_SQL}; GRANT SELECT, INSERT, UPDATE ON users TO ${name}`)
  const api = await startUsersApi()
  onTestFinished(async () => await api.close())
  await using world = await openScheduleWorld(url)
  const env = {WORKER_USERS_URL: api.url}
  const users = testJob('users', async ({pool}) => await runJob(fetchUsers, pool, env))
  const forget = testJob('forget', async ({pool}) => await runJob(retention, pool), {
    after: ['users'],
  })
  await world.worker('one', [users, forget])
  await world.due('users')
  await world.whenLast('forget', 'succeeded')
  expect(await world.runs('users')).toMatchObject([{result: {added: 100}}])
  await until('the queue was looked after', async () => {
    const {rows} = await world.pool.query('SELECT FROM jobs.queue WHERE monitor_on IS NOT NULL')
    return rows.length > 0
  })
  expect(world.warned).toEqual([])
  for (const table of ['cdc.outbox_events', 'api.keys', 'cdc.reconciliations']) {
    await expect(world.pool.query(`SELECT FROM ${table}`)).rejects.toThrow('permission denied')
  }
})

test('changes are queued for each channel once, however often the job is tried; a channel that is not there is named', async () => {
  const pool = await setup()
  await pool.query(
    `INSERT INTO api.alert_channels (name, kind, address) VALUES ('one', 'mail', 'a@b.c'), ('two', 'mail', 'a@b.c')`,
  )
  const answer = {
    from: '2025-12-31T00:00:00Z',
    to: '2026-01-01T00:00:00Z',
    items: [{text: 'lines of orders: 900, 50 % more than the 600 to be expected'}],
  }
  let body: object = answer
  const server = createServer((_, response) => void response.end(JSON.stringify(body)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const run = async (channels: string, tick = TICK) =>
    await runJob(tellChanges, pool, {WORKER_API_URL: url, WORKER_CHANGES_CHANNELS: channels}, tick)
  await expect(run('one, three')).rejects.toThrow(
    'WORKER_CHANGES_CHANNELS: there is no channel three: make it, or take it out',
  )
  expect(await run('one, two')).toEqual({changes: 1, told: 'one, two'})
  expect(await run('one, two')).toEqual({changes: 1, told: 'one, two'})
  const {rows} = await pool.query<{channel: string; payload: {data: object}}>(
    'SELECT channel, payload FROM api.alert_deliveries ORDER BY channel',
  )
  expect(rows.map(({channel}) => channel)).toEqual(['one', 'two'])
  expect(rows[0]!.payload).toMatchObject({type: 'insight.changes', data: {items: answer.items}})
  body = {...answer, items: []}
  expect(await run('one', new Date(TICK.getTime() + 86_400_000))).toMatchObject({changes: 0})
  expect(await count(pool, 'api.alert_deliveries')).toBe(2)
})
