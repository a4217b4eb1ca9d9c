/** Topics, offsets and groups through kafkajs. */
import type {Admin} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {PipelineError} from './errors.ts'
import {classify, toClient, type ClientOptions} from './kafka-kafkajs-client.ts'
import {kafkajs} from './kafka-kafkajs-library.ts'
import type {CommittedOffset, KafkaAdmin} from './kafka.ts'
import {pause} from './lifecycle.ts'

export async function openKafkajsAdmin(
  connection: KafkaConnection,
  options: ClientOptions,
): Promise<KafkaAdmin> {
  const admin = toClient(connection, options).admin({
    retry: {initialRetryTime: 100, retries: 8},
  })
  const guard = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw classify(error, what)
    }
  }
  await guard('connect', () => admin.connect())
  return toAdmin(admin, guard)
}

function toAdmin(
  admin: Admin,
  guard: <T>(what: string, work: () => Promise<T>) => Promise<T>,
): KafkaAdmin {
  return {
    ensureTopics: specs =>
      guard('topics', async () => {
        const {topics} = await admin.fetchTopicMetadata()
        const existing = new Map(topics.map(t => [t.name, t.partitions.length]))
        for (const {topic, partitions} of specs) {
          const found = existing.get(topic)
          if (found !== undefined && found !== partitions) {
            throw new PipelineError(
              'STATE_CONTRADICTS',
              `topic ${topic} has ${found} partitions, ${partitions} are configured: the count of a live topic never changes; set it back or fill a new topic`,
              {disposition: 'stop'},
            )
          }
        }
        const missing = specs.filter(({topic}) => !existing.has(topic))
        if (missing.length > 0) {
          await admin.createTopics({
            // The client's own wait gives up while the broker does not know the topic yet.
            waitForLeaders: false,
            topics: missing.map(({topic, partitions, config = {}}) => ({
              topic,
              numPartitions: partitions,
              configEntries: Object.entries(config).map(([name, value]) => ({name, value})),
            })),
          })
          await Promise.all(missing.map(async ({topic}) => await whenLed(admin, topic)))
        }
        return missing.map(({topic}) => topic)
      }),
    listTopics: () =>
      guard('topics', async () => {
        const {topics} = await admin.fetchTopicMetadata()
        return topics.map(t => ({topic: t.name, partitions: t.partitions.length}))
      }),
    topicConfig: topic =>
      guard('configuration', async () => {
        const {resources} = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{type: kafkajs.ConfigResourceTypes.TOPIC, name: topic}],
        })
        const entries = resources[0]?.configEntries ?? []
        return Object.fromEntries(entries.map(e => [e.configName, e.configValue]))
      }),
    offsets: topic =>
      guard('offsets', async () => {
        const offsets = await admin.fetchTopicOffsets(topic)
        return offsets
          .map(({partition, low, high}) => ({partition, begin: Number(low), end: Number(high)}))
          .toSorted((a, b) => a.partition - b.partition)
      }),
    listGroups: () =>
      guard('groups', async () => (await admin.listGroups()).groups.map(g => g.groupId)),
    groupOffsets: (group, topic) =>
      guard('group offsets', async () => {
        const answers = await admin.fetchOffsets({groupId: group, topics: [topic]})
        const partitions = answers[0]?.partitions ?? []
        return partitions.map(({partition, offset}): CommittedOffset => ({
          topic,
          partition,
          offset: Number(offset),
        }))
      }),
    setGroupOffsets: (group, topic, offsets) =>
      guard('set group offsets', async () => {
        const partitions = offsets.map(({partition, offset}) => ({
          partition,
          offset: String(offset),
        }))
        await admin.setOffsets({groupId: group, topic, partitions})
      }),
    deleteTopics: topics => guard('delete', () => admin.deleteTopics({topics: [...topics]})),
    close: () => admin.disconnect(),
  }
}

const LED_TRIES = 100
const LED_PAUSE_MS = 50

/** A broker lists a new topic a moment before it answers for its partitions. */
async function whenLed(admin: Admin, topic: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await admin.fetchTopicOffsets(topic)
      return
    } catch (error) {
      if (attempt >= LED_TRIES) throw error
      await pause(LED_PAUSE_MS, new AbortController().signal)
    }
  }
}
