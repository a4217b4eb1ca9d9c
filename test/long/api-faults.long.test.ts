/** The API while Redis, Cassandra or both are stopped, under overload, and after it was killed. */
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, inject, test} from 'vitest'
import {SERVERS} from '../../stack/config.ts'
import {sideConfig} from '../../stack/side-stack.ts'
import {startStack, type Stack} from '../../stack/stack.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from '../pipeline-world.ts'

const PODCAST = '5a3b1e00-0000-4000-8000-000000000001'
const METRICS = `/v1/content/${PODCAST}/metrics`
const SERIES = `/v1/content/${PODCAST}/timeseries`
/** Answered from Cassandra alone. */
const STORED = `/v1/content/${PODCAST}/events`
const EVENTS = 6

let folder: string
let stack: Stack
let world: PipelineWorld
let api: Service

interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: {
    readonly metrics?: {readonly events: number}
    readonly meta?: {readonly source: string; readonly notes: readonly string[]}
  }
}

async function ask(path: string): Promise<Answer> {
  const answer = await fetch(`${api.url}${path}`)
  const body = (await answer.json()) as Answer['body']
  return {status: answer.status, retryAfter: answer.headers.get('retry-after'), body}
}

const addEvent = async (): Promise<string> => {
  const {rows} = await world.pool.query<{id: string}>(
    `INSERT INTO engagement_events (content_id, event_type, event_ts)
     VALUES ($1, 'click', now()) RETURNING id`,
    [PODCAST],
  )
  return rows[0]!.id
}

/** Redis and Cassandra of its own: these tests stop them. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'api-faults-'))
  const side = await sideConfig(process.env, folder)
  const own = ['redis', 'cassandra'] as const
  const {REDIS_URL, CASSANDRA_CONTACT_POINTS} = side.connections
  stack = await startStack({
    config: {
      ...side,
      external: SERVERS.filter(name => !own.some(one => one === name)),
      connections: {...inject('connections'), REDIS_URL, CASSANDRA_CONTACT_POINTS},
    },
    env: process.env,
    progress: () => undefined,
    onServerEnd: () => undefined,
  })
  world = await openPipelineWorld({REDIS_URL, CASSANDRA_CONTACT_POINTS, API_IN_FLIGHT_MAX: '50'})
  const services = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  api = services[2]!
  await world.pool.query(readFileSync('scripts/sample.sql', 'utf8'))
  const last = await addEvent()
  await until('the events in Cassandra', async () => {
    return (await ask(`${STORED}?after_event=${last}&wait_ms=20000`)).status === 200
  })
  await until('the events in Redis', async () => (await ask(METRICS)).body.meta?.source === 'redis')
}, 300_000)
afterAll(async () => {
  // The world does not end well while a server is away.
  try {
    await world?.[Symbol.asyncDispose]()
  } finally {
    await stack?.stop()
    rmSync(folder, {recursive: true, force: true})
  }
})

test('Redis stopped: the same figures come from Cassandra and say so; with it they come from Redis', async () => {
  const before = await ask(METRICS)
  expect(before.body.meta?.source).toBe('redis')
  await stack.server('redis')!.stop()
  const during = await ask(METRICS)
  expect(during.status).toBe(200)
  expect(during.body.metrics).toEqual(before.body.metrics)
  expect([during.body.meta?.source, during.body.meta?.notes.length]).toEqual(['cassandra', 1])
  expect((await ask('/v1/top')).body.meta?.source).toBe('cassandra')
  await stack.restart('redis')
  // What is stored is not written to Redis again, and as new as what is.
  await until(
    'owners keep Redis up to date again',
    async () => (await ask(METRICS)).body.meta?.notes.length === 0,
    60_000,
  )
  await addEvent()
  const events = before.body.metrics!.events + 1
  await until('a new event in Redis', async () => {
    const {metrics, meta} = (await ask(METRICS)).body
    return metrics?.events === events && meta?.source === 'redis'
  })
}, 120_000)

test('Cassandra stopped: Redis answers what it knows, the rest is 503 with Retry-After, until it is back', async () => {
  await stack.server('cassandra')!.stop()
  const live = await ask(METRICS)
  expect([live.status, live.body.meta?.source]).toEqual([200, 'redis'])
  expect((await ask('/v1/top')).status).toBe(200)
  for (const path of [SERIES, `/v1/content/${PODCAST}/events`, '/v1/users/anna/days']) {
    const {status, retryAfter} = await ask(path)
    expect([path, status]).toEqual([path, 503])
    expect(Number(retryAfter)).toBeGreaterThan(0)
  }
  const ready = await fetch(`${api.url}/health/ready`)
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('Cassandra')])
  await stack.restart('cassandra')
  await until('Cassandra answers again', async () => (await ask(SERIES)).status === 200, 90_000)
  const event = await addEvent()
  const path = `${SERIES}?after_event=${event}&wait_ms=20000`
  await until('events flow again', async () => (await ask(path)).status === 200, 90_000)
}, 240_000)

test('more requests at one moment than are answered: 503 with Retry-After at once, none without an answer', async () => {
  const waiting = `${METRICS}?after_event=88888888&wait_ms=2000`
  const answers = await Promise.all(Array.from({length: 300}, () => ask(waiting)))
  const shed = answers.filter(({status}) => status === 503)
  expect(shed.length).toBeGreaterThan(0)
  // By the bound on requests at once, or by the event loop that they keep busy.
  for (const {retryAfter} of shed) expect(['1', '2']).toContain(retryAfter)
  expect(answers.filter(({status}) => status === 202).length).toBe(300 - shed.length)
  expect((await ask(METRICS)).status).toBe(200)
}, 60_000)

/** Ids of records and the users in them, as a listener has got them. */
async function listen(seen: string[], state: {lastId: string}, signal: AbortSignal): Promise<void> {
  const headers = state.lastId === '' ? {} : {'last-event-id': state.lastId}
  const answer = await fetch(`${api.url}/v1/live/activity`, {headers, signal})
  let rest = ''
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop()!
    for (const part of parts) {
      state.lastId = /^id: (.+)$/m.exec(part)?.[1] ?? state.lastId
      const user = /"user_id":"(live-\d+)"/.exec(part)?.[1]
      if (user !== undefined) seen.push(user)
    }
  }
}

test('killed with an open stream: a listener that comes again with Last-Event-ID misses nothing', async () => {
  const seen: string[] = []
  const state = {lastId: ''}
  let next = 0
  const add = async (): Promise<void> => {
    await world.pool.query(
      `INSERT INTO activity_events (user_id, activity_type, occurred_at) VALUES ($1, 'x', now())`,
      [`live-${next++}`],
    )
  }
  const first = listen(seen, state, AbortSignal.timeout(60_000)).catch(() => undefined)
  await until('the stream has begun', async () => {
    await add()
    return seen.length > 0
  })
  await api.kill()
  await first
  for (let i = 0; i < EVENTS; i++) await add()
  api = await world.start('api')
  const stop = new AbortController()
  // As a browser does: it comes again until it is let in.
  const again = async (): Promise<void> => {
    while (!stop.signal.aborted) await listen(seen, state, stop.signal).catch(() => undefined)
  }
  const second = again()
  for (let i = 0; i < EVENTS; i++) await add()
  const begun = Number(seen[0]!.slice(5))
  const wanted = Array.from({length: next - begun}, (_, i) => `live-${begun + i}`)
  await until('all records in the stream', () =>
    Promise.resolve(wanted.every(user => seen.includes(user))),
  )
  stop.abort()
  await second
  // Partitions are read side by side: records older than the first one seen may come as well.
  expect(wanted.filter(user => !seen.includes(user))).toEqual([])
}, 180_000)
