/** What the API says of jobs, and what it takes to run and to pause one: on what workers have written down. */
import {pino} from 'pino'
import {expect, onTestFinished, test} from 'vitest'
import {buildApp} from '../api/app.ts'
import {createCursors} from '../api/cursor.ts'
import {createKeyStore} from '../api/key-store.ts'
import {createApiMetrics} from '../api/metrics.ts'
import {toDatabase} from '../api/postgres.ts'
import {addScheduleRoutes} from '../api/routes/schedules.ts'
import type {ScheduleView, JobRunView} from '../api/schemas/schedules.ts'
import {createMetrics} from '../platform/metrics.ts'
import {openScheduleWorld, testJob, type ScheduleWorld} from './schedule-world.ts'
import {until} from './pipeline-world.ts'

async function openApi({pool}: ScheduleWorld) {
  const db = toDatabase(pool)
  const cursors = createCursors('secret')
  const registry = createMetrics()
  const app = await buildApp(
    {
      db,
      cursors,
      keys: createKeyStore(db),
      metrics: createApiMetrics(registry),
      waits: {until: () => Promise.reject(new Error('not here'))},
      activityWorker: {name: 'worker', run: async () => {}, wake: () => {}},
      streams: [],
      health: {
        registry,
        readiness: async () => ({ready: true, reasons: [], details: {}}),
        verdict: () => Promise.reject(new Error('not here')),
      },
    },
    {
      logger: pino({level: 'silent'}),
      counter: {add: async () => await Promise.resolve(0)},
      addReads: api => addScheduleRoutes(api, {db, cursors}),
    },
    {
      access: 'open',
      production: false,
      secret: 'secret',
      corsOrigins: [],
      trustProxy: false,
      bodyBytesMax: 10_000,
      requestTimeoutMs: 5000,
      perKeyPerMinute: 0,
      perAddressPerMinute: 0,
      inFlightMax: 100,
      eventLoopDelayMsMax: 0,
    },
  )
  onTestFinished(async () => await app.close())
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who asks says what comes
    async ask<T>(method: 'GET' | 'POST', path: string): Promise<{status: number; body: T}> {
      const answer = await app.inject({method, url: path, headers: {host: '127.0.0.1'}})
      return {status: answer.statusCode, body: answer.json<T>()}
    },
  }
}

const sleepy = () => {
  const gate = Promise.withResolvers<void>()
  const job = testJob('sleepy', async () => {
    await gate.promise
    return {slept: true}
  })
  return {job, wake: () => gate.resolve()}
}

test('jobs are listed with when they run, how they ran last and how long that takes', async () => {
  await using world = await openScheduleWorld()
  const api = await openApi(world)
  const nothing = await api.ask<{items: unknown[]}>('GET', '/v1/admin/schedules')
  expect(nothing).toEqual({status: 200, body: {items: []}})
  const broken = testJob('broken', async () => await Promise.reject(new Error('no')), {retries: 0})
  const fine = testJob('fine', async () => await Promise.resolve({n: 1}), {zone: 'Europe/Berlin'})
  const next = testJob('next', async () => await Promise.resolve({}), {after: ['fine']})
  await world.worker('one', [broken, fine, next])
  await world.ask('broken')
  await world.ask('fine')
  await world.whenLast('broken', 'failed')
  await world.whenLast('next', 'succeeded')
  const {body} = await api.ask<{items: ScheduleView[]}>('GET', '/v1/admin/schedules')
  expect(body.items).toMatchObject([
    {
      job: 'broken',
      cron: '0 0 1 1 *',
      zone: 'UTC',
      retries: 0,
      paused_at: null,
      off: null,
      seconds_median: null,
      latest: [
        {state: 'failed', error: 'no', cause: 'asked', failures: [{attempt: 1, error: 'no'}]},
      ],
    },
    {job: 'fine', zone: 'Europe/Berlin', latest: [{state: 'succeeded', result: {n: 1}}]},
    {job: 'next', cron: null, after: ['fine'], next_at: null, latest: [{cause: 'after'}]},
  ])
  const [, shown] = body.items
  expect(Date.parse(shown!.next_at!)).toBeGreaterThan(Date.now())
  expect(shown!.seconds_median).toBeGreaterThanOrEqual(0)
  expect(shown!.seconds_max).toBe(shown!.latest[0]!.seconds)
})

test('a job is run now, and not a second time while that has not ended', async () => {
  await using world = await openScheduleWorld()
  const api = await openApi(world)
  const {job, wake} = sleepy()
  await world.worker('one', [job])
  const asked = await api.ask<JobRunView>('POST', '/v1/admin/schedules/sleepy/run')
  expect(asked).toMatchObject({status: 201, body: {job: 'sleepy', state: 'due', cause: 'asked'}})
  expect(await api.ask('POST', '/v1/admin/schedules/sleepy/run')).toMatchObject({
    status: 409,
    body: {detail: 'job sleepy has a run that has not ended'},
  })
  wake()
  const done = await world.whenLast('sleepy', 'succeeded')
  expect(done.id).toBe(asked.body.id)
})

test('a paused job says since when, and when it runs again once it is resumed', async () => {
  await using world = await openScheduleWorld()
  const api = await openApi(world)
  await world.worker('one', [testJob('sweep', async () => await Promise.resolve({}))])
  const paused = await api.ask<ScheduleView>('POST', '/v1/admin/schedules/sweep/pause')
  expect(paused).toMatchObject({status: 200, body: {next_at: null}})
  const again = await api.ask<ScheduleView>('POST', '/v1/admin/schedules/sweep/pause')
  expect(again.body.paused_at).toBe(paused.body.paused_at)
  const resumed = await api.ask<ScheduleView>('POST', '/v1/admin/schedules/sweep/resume')
  expect(resumed.body.paused_at).toBeNull()
  await until('its next time is known', async () => {
    const {body} = await api.ask<{items: ScheduleView[]}>('GET', '/v1/admin/schedules')
    return body.items[0]!.next_at !== null
  })
})

test('runs are read page by page, newest first', async () => {
  await using world = await openScheduleWorld()
  const api = await openApi(world)
  await world.pool.query(`INSERT INTO cdc.job_runs (job, tick, cause, state, finished_at)
    SELECT 'gone', 'epoch'::timestamptz + n * interval '1 day', 'cron', 'succeeded', now() FROM generate_series(1, 5) n`)
  const seen: string[] = []
  let path: string | null = '/v1/admin/schedules/gone/runs?limit=2'
  while (path !== null) {
    const page: {status: number; body: {items: JobRunView[]; page: {next_cursor: string | null}}} =
      await api.ask('GET', path)
    expect(page.status).toBe(200)
    seen.push(...page.body.items.map(({tick}) => tick.slice(0, 10)))
    const {next_cursor: next} = page.body.page
    path = next === null ? null : `/v1/admin/schedules/gone/runs?limit=2&cursor=${next}`
  }
  expect(seen).toEqual([6, 5, 4, 3, 2].map(day => `1970-01-0${day}`))
})

test('a job that is not there is named with those that are; one that is off says why', async () => {
  await using world = await openScheduleWorld()
  const api = await openApi(world)
  for (const verb of ['run', 'pause', 'resume']) {
    expect(await api.ask('POST', `/v1/admin/schedules/nope/${verb}`)).toMatchObject({
      status: 404,
      body: {
        detail: 'there is no job nope; no worker has written any down',
        errors: [{in: 'path', field: 'job', value: 'nope'}],
      },
    })
  }
  const done = async () => await Promise.resolve({})
  await world.worker('one', [
    testJob('off', done, {off: () => 'X is not set'}),
    testJob('on', done),
  ])
  expect(await api.ask('POST', '/v1/admin/schedules/nope/run')).toMatchObject({
    body: {detail: 'there is no job nope; there are off, on'},
  })
  expect(await api.ask('POST', '/v1/admin/schedules/off/run')).toMatchObject({
    status: 409,
    body: {detail: 'job off does not run here: X is not set'},
  })
})
