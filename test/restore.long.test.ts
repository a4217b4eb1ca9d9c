/**
 * What operators live through, each on real servers: something is lost, moved, restored or changed. Until the one
 * command of the runbook is done, nothing is served that lacks rows; afterwards everything equals SQL.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {join} from 'node:path'
import {Kafka, logLevel} from 'kafkajs'
import {expect, test} from 'vitest'
import {openClient} from '../platform/postgres.ts'
import {readGenerations} from '../readmodel/generations.ts'
import {initPipeline} from '../scripts/init.ts'
import {openOwnServer} from './own-server.ts'
import {until, type PipelineWorld, type Service} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'
import {
  eventsOf,
  expectEqual,
  insert,
  openRebuildWorld,
  runCommand,
  startCommand,
} from './rebuild-world.ts'

const LONG_MS = 600_000
/** Of the first rollup of engagement. */
const TYPES = 'types: {plays:'
const adminOf = async ({env}: PipelineWorld) => {
  const brokers = env['KAFKA_BROKERS']!.split(',')
  const admin = new Kafka({brokers, logLevel: logLevel.NOTHING}).admin()
  await admin.connect()
  return admin
}

const saysOf = async ({url}: Service): Promise<string> =>
  await (await fetch(`${url}/health/ready`)).text()

/** One command, and everything is equal. */
async function rebuild(own: PipelineWorld, ...args: string[]): Promise<void> {
  const {status, said} = await runCommand(own, 'rebuild', '--yes', ...args)
  expect(status, said).toBe(0)
  await expectEqual(own)
}

test('INV-72: beside a live stream the numbers are built again, and answers never have less', async () => {
  const {own, services} = await openRebuildWorld()
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
  const {status: ended, said} = await running.ended
  expect(ended, said).toBe(0)
  const [generation] = await readGenerations(own.catalog, own.keyspace)
  expect(generation).toMatchObject({keyspace: `${own.keyspace}_g2`, number: 2})
  await expectEqual(own)
}, 300_000)

test(
  'Redis that forgot everything: answers come from Cassandra, nothing has to be done',
  async () => {
    const {own, services} = await openRebuildWorld()
    const before = (await eventsOf(services.api)).body.metrics!.events
    await own.redis.send(['FLUSHDB'])
    const {status, body} = await eventsOf(services.api)
    expect({status, events: body.metrics?.events}).toEqual({status: 200, events: before})
    await insert(own, 30)
    expect(await differencesWhenQuiet(own)).toEqual([])
  },
  LONG_MS,
)

test(
  'topics that were made again: their partitions stand still and say so, one command builds the numbers',
  async () => {
    const {own, services} = await openRebuildWorld()
    await services.relay.stop()
    await services.processor.stop()
    const admin = await adminOf(own)
    const prefix = own.env['TOPIC_PREFIX']!
    const topics = (await admin.listTopics()).filter(topic => topic.startsWith(prefix))
    await admin.deleteTopics({topics})
    await until('they are gone', async () =>
      (await admin.listTopics()).every(topic => !topic.startsWith(prefix)),
    )
    await admin.disconnect()
    await initPipeline(own.env, () => undefined)
    await own.start('ingestor')
    const processor = await own.start('processor', {}, 'the log ends at')
    await insert(own, 40)
    // What was counted is served, as old as it is, and says so; it is not less.
    await until('it says so', async () => {
      const {body} = await eventsOf(services.api)
      return (
        body.metrics!.events > 0 && body.meta?.notes.some(note => note.includes('stands still'))
      )
    })
    await rebuild(own)
    await until('it is ready', async () => (await fetch(`${processor.url}/health/ready`)).ok)
  },
  LONG_MS,
)

test(
  'offsets that were deleted change nothing; offsets moved forward stop the partitions until it is built again',
  async () => {
    const {own, services} = await openRebuildWorld()
    const admin = await adminOf(own)
    const groupId = own.env['PROCESSOR_GROUP_ID']!
    const topic = `${own.env['TOPIC_PREFIX']}engagement_events`
    await services.processor.stop()
    await until('the group is empty', async () => {
      await admin.deleteGroups([groupId])
      return true
    })
    const second = await own.start('processor')
    await insert(own, 20)
    await whenCommitted(own)
    await second.stop()
    await insert(own, 20)
    const ends = await until('it is published', async () => {
      const {rows} = await own.pool.query('SELECT FROM cdc.unpublished() WHERE rows = 0')
      return rows.length === 1 && (await admin.fetchTopicOffsets(topic))
    })
    await admin.setOffsets({
      groupId,
      topic,
      partitions: ends.map(({partition, high}) => ({partition, offset: high})),
    })
    await own.start('processor', {}, 'was committed')
    await admin.disconnect()
    await rebuild(own)
  },
  LONG_MS,
)

test(
  'PostgreSQL restored from a backup: what it lost goes out of the numbers with one command',
  async () => {
    const {own, services} = await openRebuildWorld()
    const url = new URL(own.env['DATABASE_URL']!)
    const name = url.pathname.slice(1)
    url.pathname = '/postgres'
    const server = await openClient(url.toString(), {applicationName: 'test'})
    const swap = async (sql: string): Promise<void> => {
      await server.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
      )
      await server.query(sql)
    }
    await services.relay.stop()
    await services.api.stop()
    await swap(`CREATE DATABASE ${name}_backup TEMPLATE ${name}`)
    const relay = await own.start('ingestor')
    await insert(own, 60)
    await own.pool.query('DELETE FROM engagement_events WHERE id % 9 = 0')
    await whenCommitted(own)
    await relay.stop()
    await swap(`DROP DATABASE ${name} WITH (FORCE)`)
    await server.query(`ALTER DATABASE ${name}_backup RENAME TO ${name}`)
    await server.end()
    await own.start('ingestor')
    await own.start('api')
    await insert(own, 25)
    await rebuild(own)
  },
  LONG_MS,
)

test(
  'Cassandra restored to an older state: its partitions stand still and say so, one command builds the numbers',
  async () => {
    await using server = await openOwnServer('cassandra')
    const opened = await openRebuildWorld(server.connection)
    const {services} = opened
    // It is on this server, so it goes first.
    await using own = opened.own
    const data = join(server.folder, 'data')
    const backup = join(server.folder, 'backup')
    await services.processor.stop()
    await services.api.stop()
    await server.stop()
    cpSync(data, backup, {recursive: true})
    await server.startAgain()
    const second = await own.start('processor')
    await insert(own, 50)
    await whenCommitted(own)
    await second.stop()
    await server.stop()
    rmSync(data, {recursive: true})
    renameSync(backup, data)
    await server.startAgain()
    await own.start('processor', {}, 'was committed')
    const api = await own.start('api')
    expect((await eventsOf(api)).status, 'what was counted then is served').toBe(200)
    await insert(own, 20)
    await rebuild(own)
  },
  LONG_MS,
)

test(
  'a changed declaration: its stream has no answers until it is built again, the others go on',
  async () => {
    const {own, services} = await openRebuildWorld()
    mkdirSync('test/tmp', {recursive: true})
    const folder = mkdtempSync(join('test/tmp', 'streams-'))
    try {
      for (const file of ['content.ts', 'engagement.ts', 'activity.ts']) {
        const text = readFileSync(join('streams/sample', file), 'utf8')
          .replaceAll("'../../", "'../../../")
          .replace(
            TYPES,
            `measures: {liked: {kind: 'count', where: {event_type: 'like'}}},\n  ${TYPES}`,
          )
        writeFileSync(join(folder, file), text)
      }
      const original = readFileSync('streams/sample/engagement.ts', 'utf8')
      expect(original, 'the declaration is as this test knows it').toContain(TYPES)
      for (const one of [services.relay, services.processor, services.api]) await one.stop()
      const next = {...own, env: {...own.env, STREAMS_FOLDER: folder}}
      const said: string[] = []
      await initPipeline(next.env, line => void said.push(line))
      expect(said.join('\n')).toContain(
        'those of another declaration: npm run rebuild -- engagement',
      )
      await own.start('ingestor', next.env)
      // Ready, since the others go on; what it does not serve is said.
      const processor = await own.start('processor', next.env)
      expect(await saysOf(processor)).toContain('engagement: it was counted by another declaration')
      const api = await own.start('api', next.env)
      expect(await eventsOf(api)).toMatchObject({
        status: 503,
        body: {detail: expect.stringContaining('npm run rebuild -- engagement') as string},
      })
      expect((await fetch(`${api.url}/v1/streams/activity/metrics`)).status).toBe(200)
      await insert(own, 20)
      await rebuild(next, 'engagement')
      expect((await eventsOf(api)).status).toBe(200)
      await until('nothing is incomplete', async () => {
        return !(await saysOf(processor)).includes('another declaration')
      })
    } finally {
      rmSync(folder, {recursive: true})
    }
  },
  LONG_MS,
)

test(
  'INV-72: killed anywhere, command, relay, processor or API, the rebuild goes on',
  async () => {
    const {own, services} = await openRebuildWorld()
    await insert(own, 3000)
    await whenCommitted(own)
    const args = ['rebuild', '--yes', '--rate', '300'] as const
    const written = async (): Promise<number> => {
      const {rows} = await own.pool.query<{sum: string}>(
        'SELECT coalesce(sum(rows_written), 0) AS sum FROM cdc.backfills WHERE generation IS NOT NULL',
      )
      return Number(rows[0]!.sum)
    }
    const whenWritten = async (count: number): Promise<void> => {
      await until(`${count} rows are read`, async () => (await written()) >= count, 120_000)
    }
    const first = startCommand(own, ...args)
    await whenWritten(500)
    first.child.kill('SIGKILL')
    await first.ended
    await services.relay.kill()
    await services.processor.kill()
    await insert(own, 30)
    const [relay, processor] = [await own.start('ingestor'), await own.start('processor')]
    const second = startCommand(own, ...args)
    await whenWritten(1500)
    await relay.kill()
    await own.start('ingestor')
    await whenWritten(2000)
    await processor.kill()
    await services.api.kill()
    await own.start('processor')
    const api = await own.start('api')
    expect((await eventsOf(api)).status, 'the old numbers are served').toBe(200)
    await insert(own, 30)
    const {status, said} = await second.ended
    expect(status, said).toBe(0)
    expect(said).toContain('going on with the rebuild')
    await expectEqual(own)
  },
  LONG_MS,
)

test(
  'INV-72: killed while it takes the place of the old numbers, the same command ends it',
  async () => {
    const {own} = await openRebuildWorld()
    const first = startCommand(own, 'rebuild', '--yes', 'engagement')
    await until('it takes their place', async () => first.said().includes('4 of 4'), 240_000)
    await until('the new ones serve', async () => {
      const found = await readGenerations(own.catalog, own.keyspace)
      return (
        found.filter(one => one.stream === 'engagement' && one.state === 'complete').length === 2
      )
    })
    first.child.kill('SIGKILL')
    await first.ended
    const {status, said} = await runCommand(own, 'rebuild', '--yes', 'engagement')
    expect({status, said}).toMatchObject({
      status: 0,
      said: expect.stringContaining('is whole already'),
    })
    await expectEqual(own)
  },
  LONG_MS,
)

test(
  'one that is abandoned leaves the old numbers, and nothing of its own',
  async () => {
    const {own, services} = await openRebuildWorld()
    const first = startCommand(own, 'rebuild', '--yes', '--rate', '20')
    await until('it reads', async () => first.said().includes('rows written'), 120_000)
    first.child.kill('SIGKILL')
    await first.ended
    expect(await runCommand(own, 'rebuild', '--abandon')).toMatchObject({status: 0})
    expect((await eventsOf(services.api)).status).toBe(200)
    await insert(own, 10)
    await expectEqual(own)
    const {rows} = await own.pool.query(
      "SELECT FROM cdc.backfills WHERE state IN ('waiting', 'running')",
    )
    expect(rows).toEqual([])
  },
  LONG_MS,
)
