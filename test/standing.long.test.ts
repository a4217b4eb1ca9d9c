/** A log or a commit that does not fit to the position: its partition stands still, the others go on. */
import {Kafka, logLevel} from 'kafkajs'
import {afterEach, expect, test} from 'vitest'
import {partitionFor} from '../contracts/partition.ts'
import {DEFAULT_PARTITIONS} from '../contracts/topics.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'

let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

/** Two contents of different partitions. */
function twoContents() {
  const ids = Array.from(
    {length: 50},
    (_, n) => `66666666-0000-4000-8000-${String(n).padStart(12, '0')}`,
  )
  const placed = ids.map(id => ({id, partition: partitionFor(id, '', DEFAULT_PARTITIONS)}))
  const [first] = placed
  return [first!, placed.find(({partition}) => partition !== first!.partition)!] as const
}

async function setup() {
  world = await openPipelineWorld()
  const own = world
  const contents = twoContents()
  const topic = `${own.env['TOPIC_PREFIX']}engagement_events`
  const brokers = own.env['KAFKA_BROKERS']!.split(',')
  const admin = new Kafka({brokers, logLevel: logLevel.NOTHING}).admin()
  await admin.connect()
  for (const {id} of contents) {
    await own.pool.query(
      `INSERT INTO content (id, slug, title, publish_ts) VALUES ($1::uuid, $1::text, 't', now())`,
      [id],
    )
  }
  return {
    own,
    contents,
    topic,
    admin,
    insert: async (count: number) => {
      for (const {id} of contents) {
        await own.pool.query(
          `INSERT INTO engagement_events (content_id, event_type, event_ts)
           SELECT $1, 'play', now() FROM generate_series(1, $2)`,
          [id, count],
        )
      }
    },
    /** What Cassandra counts of a content. */
    countOf: async (n: 0 | 1): Promise<number> => {
      const rows = await own.cassandra.rows(
        'SELECT event_id FROM engagement_metrics WHERE content_id = ? ALLOW FILTERING',
        [contents[n].id],
      )
      return rows.length
    },
    commit: (offset: number) =>
      admin.setOffsets({
        groupId: own.env['PROCESSOR_GROUP_ID']!,
        topic,
        partitions: [{partition: contents[0].partition, offset: String(offset)}],
      }),
  }
}

const standingOf = async ({url}: Service): Promise<Readonly<Record<string, string>>> => {
  const answer = await fetch(`${url}/health/ready`)
  expect(answer.status).toBe(503)
  return ((await answer.json()) as {details: {standing: Record<string, string>}}).details.standing
}

test('INV-43: offsets moved forward, a position that is gone, a topic made again', async () => {
  const {own, contents, topic, admin, insert, countOf, commit} = await setup()
  const relay = await own.start('ingestor')
  const first = await own.start('processor')
  await insert(20)
  await until(
    'both are counted',
    async () => (await countOf(0)) === 20 && (await countOf(1)) === 20,
  )
  await first.stop()
  const name = `${topic}/${contents[0].partition}`

  // Somebody moves the offsets of one partition forward, over records that nobody has read.
  await insert(5)
  await until('both are published', async () => {
    const ends = await admin.fetchTopicOffsets(topic)
    const endOf = (at: number): string => ends.find(({partition}) => partition === at)!.high
    return contents.every(({partition}) => endOf(partition) === '25')
  })
  await commit(25)
  const second = await own.start('processor', {}, 'stands still')
  expect(await standingOf(second)).toEqual({
    [name]: expect.stringContaining('Cassandra is at offset 20, but 25 was committed'),
  })
  await until('the other partition goes on', async () => (await countOf(1)) === 25)
  expect(await countOf(0)).toBe(20)
  expect(await (await fetch(`${second.url}/metrics`)).text()).toContain(
    `processor_partition_standing{topic="${topic}",partition="${contents[0].partition}"} 1`,
  )
  await second.stop()

  // Moved back, nothing is lost.
  await commit(20)
  const third = await own.start('processor')
  await until('nothing is lost', async () => (await countOf(0)) === 25)
  await third.stop()

  // The keyspace was restored to a time before the partition was ever saved.
  await own.cassandra.execute(
    'DELETE FROM partition_position WHERE topic = ? AND src_partition = ?',
    [topic, contents[0].partition],
  )
  const fourth = await own.start('processor', {}, 'stands still')
  expect(Object.keys(await standingOf(fourth))).toEqual([name])
  expect(Object.values(await standingOf(fourth))[0]).toContain('Cassandra has no position')
  await fourth.stop()

  // The topic is made again: Kafka forgets what was committed together with it.
  await relay.stop()
  await admin.deleteTopics({topics: [topic]})
  await until('it is gone', async () => !(await admin.listTopics()).includes(topic))
  await admin.createTopics({
    topics: [{topic, numPartitions: DEFAULT_PARTITIONS, replicationFactor: 1}],
  })
  await own.start('ingestor')
  await insert(3)
  const last = await own.start('processor', {}, 'the log ends at')
  const causes = Object.entries(await standingOf(last))
  expect(causes.map(([at]) => at)).toContain(`${topic}/${contents[1].partition}`)
  expect(await countOf(1), 'nothing of another log is counted').toBe(25)
  await admin.disconnect()
}, 240_000)
