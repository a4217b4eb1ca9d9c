/** Jobs that run by themselves: once across workers, again after failures and deaths, in their order, or not. */
import {expect, test} from 'vitest'
import {RUNS} from '../worker/schedule/dispatcher.ts'
import {beginAttempt, noteSuccess} from '../worker/schedule/attempts.ts'
import {openScheduleWorld, testJob} from './schedule-world.ts'
import {until} from './pipeline-world.ts'

/** Rejects when the signal fires, and not before. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), {once: true})
  })

test('INV-149: of two workers that look at the same time one runs what is due, once for each tick', async () => {
  await using world = await openScheduleWorld()
  const seen: string[] = []
  const sweep = testJob('sweep', async ({tick}) => {
    seen.push(tick.toISOString())
    return await Promise.resolve({swept: seen.length})
  })
  await world.worker('one', [sweep])
  await world.worker('two', [sweep])
  const ticks = [1, 2, 3, 4, 5].map(n => new Date(Date.UTC(2026, 0, 1, 0, 0, n)))
  for (const tick of ticks) {
    await world.due('sweep', tick)
    await until('the run of the tick', async () =>
      (await world.runs('sweep')).some(
        run => run.state === 'succeeded' && run.tick.getTime() === tick.getTime(),
      ),
    )
  }
  expect(seen).toEqual(ticks.map(tick => tick.toISOString()))
  const runs = await world.runs('sweep')
  expect(runs.map(({state, attempt, cause}) => [state, attempt, cause])).toEqual(
    ticks.map(() => ['succeeded', 1, 'cron']),
  )
  expect(runs.at(-1)).toMatchObject({result: {swept: 5}, failures: [], error: null})
  // A tick that was run already is not run again, wherever its time is set back to.
  await world.due('sweep', ticks[0])
  await until('it was looked at', async () => {
    const {rows} = await world.pool.query('SELECT FROM cdc.jobs WHERE next_at > now()')
    return rows.length === 1
  })
  expect(await world.runs('sweep')).toHaveLength(5)
})

test('a try that fails is made again after its wait, and its history says why; after the last one the run has failed', async () => {
  await using world = await openScheduleWorld()
  const flaky = testJob('flaky', async ({attempt}) => {
    if (attempt === 1) throw new Error('the server was away')
    return await Promise.resolve({attempt})
  })
  const broken = testJob('broken', async () => await Promise.reject(new Error('it never works')), {
    retries: 0,
  })
  await world.worker('one', [flaky, broken])
  await world.ask('flaky')
  await world.ask('broken')
  expect(await world.whenLast('broken', 'failed')).toMatchObject({
    attempt: 1,
    error: 'it never works',
    failures: [{attempt: 1, error: 'it never works'}],
  })
  expect(await world.whenLast('flaky', 'succeeded')).toMatchObject({
    attempt: 2,
    error: null,
    result: {attempt: 2},
    failures: [{attempt: 1, error: 'the server was away'}],
  })
})

test('INV-151: a run whose worker died is tried again, its history says so, and the dead one changes nothing any more', async () => {
  await using world = await openScheduleWorld()
  const sweep = testJob('sweep', async () => await Promise.resolve({}))
  const first = await world.worker('first', [sweep])
  await first.stop()
  const id = (await world.ask('sweep'))!
  // It takes the run, begins it, and is not heard of again.
  const {rows} = await world.pool.query<{id: string}>(
    `INSERT INTO jobs.job (name, data, state, started_on, heartbeat_on, heartbeat_seconds, retry_limit, retry_delay, retry_backoff)
     VALUES ($1, $2, 'active', now(), now() - interval '1 minute', 10, 1, 1, true) RETURNING id`,
    [RUNS, JSON.stringify({run: id})],
  )
  await world.pool.query("UPDATE cdc.job_runs SET state = 'queued', queue_id = $2 WHERE id = $1", [
    id,
    rows[0]!.id,
  ])
  expect(await beginAttempt(world.pool, {id, attempt: 1, worker: 'dead'})).toBeDefined()
  await world.worker('second', [sweep])
  expect(await world.whenLast('sweep', 'succeeded')).toMatchObject({
    attempt: 2,
    worker: 'second',
    failures: [{attempt: 1, error: 'the worker ended without an answer'}],
  })
  expect(await noteSuccess(world.pool, {id, attempt: 1}, {late: true})).toBe(false)
  expect((await world.runs('sweep')).at(-1)).toMatchObject({result: {}})
})

test('a run whose worker died in the last try has failed, and the next one runs', async () => {
  await using world = await openScheduleWorld()
  const sweep = testJob('sweep', async () => await Promise.resolve({}), {retries: 0})
  const first = await world.worker('first', [sweep])
  await first.stop()
  const id = (await world.ask('sweep'))!
  await world.pool.query(
    "UPDATE cdc.job_runs SET state = 'running', attempt = 1, queue_id = gen_random_uuid() WHERE id = $1",
    [id],
  )
  await world.worker('second', [sweep])
  expect(await world.whenLast('sweep', 'failed')).toMatchObject({
    error: 'the worker ended without an answer',
  })
  await world.ask('sweep')
  await world.whenLast('sweep', 'succeeded')
})

test('INV-150: runs of a job do not overlap: what comes due meanwhile is passed over, and asking says so', async () => {
  await using world = await openScheduleWorld()
  const gate = Promise.withResolvers<void>()
  const slow = testJob('slow', async () => {
    await gate.promise
    return {}
  })
  await world.worker('one', [slow])
  await world.ask('slow')
  await world.whenLast('slow', 'running')
  expect(await world.ask('slow')).toBeNull()
  await world.due('slow')
  expect(await world.whenLast('slow', 'skipped')).toMatchObject({
    cause: 'cron',
    error: 'the run before had not ended',
  })
  gate.resolve()
  await until('the first one ends', async () =>
    (await world.runs('slow')).some(({state}) => state === 'succeeded'),
  )
})

test('a paused job does not run, makes up for nothing when it goes on, and can be asked for meanwhile', async () => {
  await using world = await openScheduleWorld()
  const sweep = testJob('sweep', async () => await Promise.resolve({}))
  await world.worker('one', [sweep])
  const nextAt = async () =>
    (await world.pool.query<{at: Date | null}>('SELECT next_at AS at FROM cdc.jobs')).rows[0]!.at
  await until('its next time is known', async () => (await nextAt()) !== null)
  await world.pool.query("SELECT cdc.pause_job('sweep', true)")
  expect(await nextAt()).toBeNull()
  await world.due('sweep', new Date(Date.UTC(2026, 0, 1)))
  await world.ask('sweep')
  expect(await world.whenLast('sweep', 'succeeded')).toMatchObject({cause: 'asked'})
  await world.pool.query("SELECT cdc.pause_job('sweep', false)")
  await until('its next time is to come', async () => (await nextAt())! > new Date())
  expect((await world.runs('sweep')).map(({cause}) => cause)).toEqual(['asked'])
})

test('a job follows when all that it comes after have succeeded, with their tick', async () => {
  await using world = await openScheduleWorld()
  let isReady = false
  const a = testJob('a', async () => await Promise.resolve({}))
  const b = testJob(
    'b',
    async () => {
      if (!isReady) throw new Error('not ready')
      return await Promise.resolve({})
    },
    {retries: 0},
  )
  const both = testJob('both', async () => await Promise.resolve({}), {after: ['a', 'b']})
  const last = testJob('last', async () => await Promise.resolve({}), {after: ['both']})
  await world.worker('one', [a, b, both, last])
  const [first, second] = [new Date(Date.UTC(2026, 0, 1)), new Date(Date.UTC(2026, 0, 2))]
  for (const name of ['a', 'b']) await world.due(name, first)
  await world.whenLast('b', 'failed')
  await world.whenLast('a', 'succeeded')
  isReady = true
  for (const name of ['a', 'b']) await world.due(name, second)
  const followed = await world.whenLast('last', 'succeeded')
  expect(followed).toMatchObject({cause: 'after', tick: second})
  expect(await world.runs('both')).toMatchObject([{tick: second, state: 'succeeded'}])
  expect(await world.runs('last')).toHaveLength(1)
})

test('a try is ended when its time is over, and one that a stopping worker had is made by another', async () => {
  await using world = await openScheduleWorld()
  const slow = testJob('slow', async ({signal}) => await untilAborted(signal), {
    timeLimitS: 1,
    retries: 0,
  })
  const held = testJob('held', async ({signal, attempt}) =>
    attempt === 1 ? await untilAborted(signal) : await Promise.resolve({attempt}),
  )
  const one = await world.worker('one', [slow, held])
  await world.ask('slow')
  await world.ask('held')
  expect(await world.whenLast('slow', 'failed')).toMatchObject({error: 'took longer than 1 s'})
  await world.whenLast('held', 'running')
  await one.stop()
  expect((await world.runs('held')).at(-1)).toMatchObject({
    state: 'retrying',
    error: 'the worker was stopped',
  })
  await world.worker('two', [slow, held])
  expect(await world.whenLast('held', 'succeeded')).toMatchObject({attempt: 2, worker: 'two'})
})

test('a job that is not declared any more goes, with what is open of it; what it did stays to be read', async () => {
  await using world = await openScheduleWorld()
  const done = async () => await Promise.resolve({})
  const first = await world.worker('one', [testJob('old', done), testJob('kept', done)])
  await world.ask('old')
  await world.whenLast('old', 'succeeded')
  await first.stop()
  await world.ask('old')
  await world.worker('two', [testJob('kept', done)])
  expect(await world.whenLast('old', 'failed')).toMatchObject({
    error: 'the job is not declared any more',
  })
  expect(await world.runs('old')).toHaveLength(2)
})
