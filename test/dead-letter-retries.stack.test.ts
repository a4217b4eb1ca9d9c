/** Dead letters whose cause passes, on real servers: the relay sends them by itself. */
import {pino} from 'pino'
import {expect, test} from 'vitest'
import {DEFAULT_PARTITIONS} from '../contracts/topics.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {kafkaConnection} from './connections.ts'
import {openPipelineWorld, until} from './pipeline-world.ts'

test('a topic that is made again gets by itself what was put aside while it was missing', async () => {
  await using world = await openPipelineWorld({RELAY_DEAD_LETTERS_EVERY_MS: '100'})
  const {pool} = world
  await using resources = new AsyncDisposableStack()
  const log = pino({level: 'silent'})
  const admin = await openAdmin(kafkaConnection(), {clientId: 'test', log})
  resources.defer(() => admin.close())
  const topic = `${world.env['TOPIC_PREFIX']}user_activity`
  const relay = await world.start('ingestor')
  const openOnes = async (): Promise<string | undefined> =>
    /^relay_dead_letters_open (\d+)$/m.exec(await (await fetch(`${relay.url}/metrics`)).text())?.[1]
  expect(await openOnes()).toBe('0')
  await admin.deleteTopics([topic])
  await pool.query(`INSERT INTO activity_events (user_id, activity_type) VALUES ('u', 'login')`)
  const letter = await until('the row is put aside', async () => {
    const {rows} = await pool.query<{reason: string; waits: boolean}>(
      'SELECT reason, next_try_at > now() AS waits FROM cdc.dead_letters',
    )
    return rows[0]
  })
  expect(letter).toEqual({reason: 'TOPIC_UNKNOWN', waits: true})
  await until('it is counted as open', async () => (await openOnes()) === '1')
  await admin.ensureTopics([{topic, partitions: DEFAULT_PARTITIONS}])
  await pool.query('UPDATE cdc.dead_letters SET next_try_at = now()')
  await until('it is published', async () => {
    const offsets = await admin.offsets(topic)
    return offsets.reduce((sum, {end}) => sum + end, 0) === 2
  })
  const {rows} = await pool.query('SELECT resolution, attempts FROM cdc.dead_letters')
  expect(rows).toEqual([{resolution: 'redriven', attempts: 1}])
  await until('none is open', async () => (await openOnes()) === '0')
  const metrics = await (await fetch(`${relay.url}/metrics`)).text()
  expect(
    Number(/^relay_dead_letter_share\{window="hour"\} (\S+)$/m.exec(metrics)?.[1]),
  ).toBeGreaterThan(0)
}, 120_000)
