/** Numbers that are lost or wrong are built again by one command, beside the live stream. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {afterEach, expect, test} from 'vitest'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader} from '../platform/config.ts'
import {readCassandraConnection} from '../platform/connections.ts'
import {readGenerations, readKeyspaces} from '../readmodel/generations.ts'
import {initPipeline} from '../scripts/init.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'

let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

const CONTENT = '66666666-0000-4000-8000-000000000001'

function startCommand(own: PipelineWorld, name: string, ...args: string[]) {
  const child = spawn(process.execPath, [`scripts/${name}.ts`, ...args], {
    env: {...own.env, PATH: process.env['PATH']},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', text => (said += String(text)))
  child.stderr.on('data', text => (said += String(text)))
  const ended = once(child, 'close').then(([status]) => ({status: status as number | null, said}))
  return {child, ended, said: () => said}
}

const runCommand = async (own: PipelineWorld, name: string, ...args: string[]) =>
  await startCommand(own, name, ...args).ended

async function insert(own: PipelineWorld, count: number): Promise<void> {
  await own.pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
     SELECT ('66666666-0000-4000-8000-' || lpad((n % 7)::text, 12, '0'))::uuid, gen_random_uuid(),
            (ARRAY['play', 'pause', 'finish', 'click'])[1 + n % 4], now() - n * interval '9 minutes',
            n * 1000, (ARRAY['ios', 'android', NULL])[1 + n % 3] FROM generate_series(1, $1) n`,
    [count],
  )
  await own.pool.query(
    `INSERT INTO activity_events (user_id, activity_type, occurred_at)
     SELECT 'u' || n % 5, 'login', now() - n * interval '1 minute' FROM generate_series(1, $1) n`,
    [Math.ceil(count / 10)],
  )
}

async function setup() {
  world = await openPipelineWorld()
  const own = world
  await own.pool.query(
    `INSERT INTO content (id, slug, title, length_seconds, publish_ts)
     SELECT ('66666666-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 's' || n, 't', 600, now()
       FROM generate_series(0, 6) n`,
  )
  const services = {
    relay: await own.start('ingestor'),
    processor: await own.start('processor'),
    api: await own.start('api'),
  }
  await insert(own, 300)
  await whenCommitted(own)
  return {own, services}
}

const eventsOf = async ({url}: Service) => {
  const answer = await fetch(`${url}/v1/content/${CONTENT}/metrics`)
  const body = (await answer.json()) as {metrics?: {events: number}; detail?: string}
  return {status: answer.status, body}
}

/** What is stored equals SQL, in the one generation that is left. */
async function expectEqual(own: PipelineWorld): Promise<void> {
  expect(await differencesWhenQuiet(own)).toEqual([])
  const generations = await readGenerations(own.cassandra, own.keyspace)
  expect(generations.map(({state}) => state)).toEqual(['complete', 'complete', 'complete'])
}

test('INV-62: beside a live stream the numbers are built again, and answers never have less', async () => {
  const {own, services} = await setup()
  const running = startCommand(own, 'rebuild', '--yes', '--rate', '200')
  const isBegun = async () => running.said().includes('1 of 4') || running.child.exitCode !== null
  await until('it has begun', isBegun, 120_000)
  expect(running.child.exitCode, running.said()).toBeNull()
  const second = await runCommand(own, 'rebuild', '--yes')
  expect(second).toMatchObject({
    status: 1,
    said: expect.stringContaining('another rebuild is running'),
  })
  let least = 0
  let isOver = false
  const ended = running.ended.finally(() => (isOver = true))
  while (!isOver) {
    await insert(own, 7)
    const {status, body} = await eventsOf(services.api)
    expect(status, running.said()).toBe(200)
    const {events} = body.metrics!
    expect(events, running.said()).toBeGreaterThanOrEqual(least)
    least = events
  }
  expect(await ended).toMatchObject({status: 0})
  const [generation] = await readGenerations(own.cassandra, own.keyspace)
  expect(generation).toMatchObject({keyspace: `${own.keyspace}_g2`, number: 2})
  await expectEqual(own)
}, 300_000)

test('INV-62: a keyspace that was dropped is built again; until then answers say that they lack rows', async () => {
  const {own, services} = await setup()
  const connection = readCassandraConnection(envReader(own.env))
  await using admin = await openCassandra(connection)
  await admin.transact(`DROP KEYSPACE ${own.keyspace}`)
  await until('no number is served', async () => (await eventsOf(services.api)).status === 503)
  await initPipeline(own.env, () => undefined)
  await insert(own, 50)
  await until('it says why', async () => {
    const {status, body} = await eventsOf(services.api)
    return status === 503 && body.detail?.includes('npm run rebuild') === true
  })
  const ready = await fetch(`${services.processor.url}/health/ready`)
  expect(await ready.text()).toContain('lacks rows: npm run rebuild')
  const rebuilt = await runCommand(own, 'rebuild', '--yes')
  expect(rebuilt).toMatchObject({status: 0})
  await until('numbers are served', async () => (await eventsOf(services.api)).status === 200)
  const [keyspace, ...others] = await readKeyspaces(admin, own.keyspace)
  expect([keyspace!.name, others], 'the name that people know').toEqual([own.keyspace, []])
}, 300_000)
