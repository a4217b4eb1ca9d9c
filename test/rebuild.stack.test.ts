/** Numbers that are lost or wrong are built again by one command, beside the live stream. */
import {afterEach, expect, test} from 'vitest'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader} from '../platform/config.ts'
import {readCassandraConnection} from '../platform/connections.ts'
import {readGenerations, readKeyspaces} from '../readmodel/generations.ts'
import {initPipeline} from '../scripts/init.ts'
import {until, type PipelineWorld} from './pipeline-world.ts'
import {
  eventsOf,
  expectEqual,
  insert,
  openRebuildWorld,
  runCommand,
  startCommand,
} from './rebuild-world.ts'

let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

async function setup() {
  const opened = await openRebuildWorld()
  world = opened.own
  return opened
}

test('INV-72: beside a live stream the numbers are built again, and answers never have less', async () => {
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
  while (running.child.exitCode === null) {
    await insert(own, 7)
    const {status, body} = await eventsOf(services.api)
    expect(status, running.said()).toBe(200)
    const {events} = body.metrics!
    expect(events, running.said()).toBeGreaterThanOrEqual(least)
    least = events
  }
  expect(await running.ended).toMatchObject({status: 0})
  const [generation] = await readGenerations(own.cassandra, own.keyspace)
  expect(generation).toMatchObject({keyspace: `${own.keyspace}_g2`, number: 2})
  await expectEqual(own)
}, 300_000)

test('INV-72: a keyspace that was dropped is built again; until then answers say that they lack rows', async () => {
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
  expect(await ready.text()).toContain('were never counted: npm run rebuild')
  expect(await runCommand(own, 'rebuild', '--yes')).toMatchObject({status: 0})
  await until('numbers are served', async () => (await eventsOf(services.api)).status === 200)
  const [keyspace, ...others] = await readKeyspaces(admin, own.keyspace)
  expect([keyspace!.name, others], 'the name that people know').toEqual([own.keyspace, []])
}, 300_000)
