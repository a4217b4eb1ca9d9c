/** What a member of a group does where it gets difficult, held against each client on the real broker. */
import kafkajs from 'kafkajs'
import {describe, expect, test} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import type {CommittedOffset, TopicPartition} from '../platform/kafka.ts'
import {atEnd, codeOf, PARTITIONS, setupKafka, toRecords, valuesOf} from './kafka-world.ts'

const one = (partition: number, value = 'x') => ({
  partition,
  key: null,
  value: Buffer.from(value),
})

/** Behind the ports, which cannot do this: commits from outside a group and deletion of records. */
async function openTools(brokers: readonly string[]) {
  const client = new kafkajs.Kafka({brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING})
  const admin = client.admin()
  await admin.connect()
  atEnd(() => admin.disconnect())
  return {
    commit: (groupId: string, {topic, partition, offset}: CommittedOffset) =>
      admin.setOffsets({groupId, topic, partitions: [{partition, offset: String(offset)}]}),
    async deleteBefore(topic: string, partition: number, offset: number): Promise<void> {
      // The library deletes only in topics that it was asked for before.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({topic, partitions: [{partition, offset: String(offset)}]})
    },
  }
}

describe.each(['kafkajs', 'platformatic'] as const)('%s', client => {
  test('INV-20: a partition that the topic does not have is refused, and no other one gets the record', async () => {
    const {topic, publisher, admin} = await setupKafka(client)
    const sender = await publisher()
    const batch = [{topic, records: [one(PARTITIONS + 1)]}]
    expect(await codeOf(sender.send(batch))).toBe('UPSTREAM_UNAVAILABLE')
    expect((await admin.offsets(topic)).map(({end}) => end)).toEqual([0, 0, 0])
  })

  test('a partition that is slow for long does not hold up what is sent later to others', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    const {promise: held, resolve: release} = Promise.withResolvers<void>()
    const slow = (at: TopicPartition) => (at.partition === 0 ? held : Promise.resolve())
    const {records, owned, until} = member({onBatch: slow})
    await until(() => owned.size === PARTITIONS)
    await sender.send([{topic, records: [one(0, 'first')]}])
    for (let round = 0; round < 3; round++) {
      await sender.send([{topic, records: [one(0), one(1), one(2)]}])
      await until(() => records.length >= 2 * (round + 1))
    }
    expect(records.every(record => record.partition !== 0)).toBe(true)
    release()
    await until(() => records.length >= 10)
    expect(valuesOf(records, 0)).toEqual(['first', 'x', 'x', 'x'])
  })

  test('a busy member lets go of its partitions when another one joins', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    await sender.send([{topic, records: [one(0), one(1), one(2)]}])
    const {promise: held, resolve: release} = Promise.withResolvers<void>()
    const first = member({
      onBatch: () => held,
      onRevoked: async () => release(),
    })
    await first.until(() => first.owned.size === PARTITIONS)
    const second = member()
    await second.until(() => second.owned.size > 0)
    await first.until(() => first.owned.size + second.owned.size === PARTITIONS)
  })

  test('every partition is given anew after a rebalance, also one that stays', async () => {
    const {member} = await setupKafka(client)
    const told: string[] = []
    const first = member({
      onAssigned: async partitions => void told.push(`+${partitions.length}`),
      onRevoked: async partitions => void told.push(`-${partitions.length}`),
    })
    await first.until(() => first.owned.size === PARTITIONS)
    const second = member()
    await second.until(() => second.owned.size > 0)
    await first.until(() => first.owned.size + second.owned.size === PARTITIONS)
    expect(told).toEqual([`+${PARTITIONS}`, `-${PARTITIONS}`, `+${first.owned.size}`])
  })

  test('reading starts where a seek made during the assignment says', async () => {
    const {topic, publisher, member, admin, group} = await setupKafka(client)
    const sender = await publisher()
    await sender.send([{topic, records: ['a', 'b', 'c', 'd'].map(value => one(1, value))}])
    const before = member()
    await before.until(() => before.records.length >= 4)
    await before.subscriber.commit([{topic, partition: 1, offset: 3}])
    await before.close()
    const after = member({
      onAssigned: async () => {
        // As the processor does: it asks first.
        await admin.groupOffsets(group, topic)
        after.subscriber.seek({topic, partition: 1}, 2)
      },
    })
    await after.until(() => after.records.length >= 2)
    expect(valuesOf(after.records, 1)).toEqual(['c', 'd'])
  })

  test('a seek made while a batch is taken decides where reading goes on', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    let sought = false
    const {records, until, subscriber} = member({
      async onBatch(at) {
        if (sought) return
        sought = true
        subscriber.seek(at, 1)
      },
    })
    await sender.send([{topic, records: ['a', 'b', 'c'].map(value => one(2, value))}])
    await until(() => records.length >= 5)
    expect(valuesOf(records, 2).slice(-2)).toEqual(['b', 'c'])
  })

  test.each([
    ['before the log begins', 1],
    ['after the log ends', 99],
  ])('an offset %s is told, and nothing is delivered from elsewhere', async (_, offset) => {
    const {topic, publisher, member, group, connection} = await setupKafka(client)
    const tools = await openTools(connection.brokers)
    const sender = await publisher()
    await sender.send([{topic, records: Array.from({length: 10}, (__, i) => one(0, String(i)))}])
    await tools.deleteBefore(topic, 0, 6)
    await tools.commit(group, {topic, partition: 0, offset})
    const {records, untilError} = member()
    expect(await untilError()).toMatchObject({code: 'STATE_CONTRADICTS', disposition: 'stop'})
    expect(records).toEqual([])
  })

  test('what a handler throws is told, and its records are not delivered again', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    let calls = 0
    const {records, errors, untilError, until} = member({
      async onBatch(at) {
        if (at.partition !== 0) return
        calls += 1
        throw new PipelineError('DECODE_FAILED', 'on purpose', {disposition: 'stop'})
      },
    })
    await sender.send([{topic, records: [one(0)]}])
    expect(await untilError()).toMatchObject({code: 'DECODE_FAILED'})
    errors.length = 0
    await sender.send([{topic, records: [one(0), one(1)]}])
    await until(() => records.length >= 1)
    expect(calls).toBe(1)
  })

  test('members that come and go all the time leave no record out', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    const seen = new Set<string>()
    const stay = member()
    const note = (): void => {
      for (const record of stay.records) seen.add(String(record.value))
    }
    const sent = toRecords(300)
    for (let round = 0; round < 3; round++) {
      const guest = member()
      await guest.until(() => guest.owned.size > 0)
      await sender.send([{topic, records: sent.slice(round * 100, round * 100 + 100)}])
      await guest.until(() => guest.records.length > 0)
      await guest.close()
    }
    // Nothing was committed: who stays gets every record at last.
    await stay.until(() => {
      note()
      return seen.size === sent.length
    })
  })
})

test('the reader says where the log is when the asked offset is not in it', async () => {
  const {createRecordReader} = await import('../platform/kafka-platformatic-reader.ts')
  const {topic, publisher, connection} = await setupKafka('kafkajs')
  const tools = await openTools(connection.brokers)
  const sender = await publisher()
  await sender.send([{topic, records: Array.from({length: 10}, (_, i) => one(0, String(i)))}])
  await tools.deleteBefore(topic, 0, 6)
  const reader = createRecordReader(connection, 'test')
  atEnd(() => reader.close())
  for (const offset of [2, 50]) {
    const from = [{topic, partition: 0, offset}]
    const [answer] = await reader.fetch(from, {bytesMax: 100_000, waitMs: 100})
    expect(answer).toMatchObject({records: [], isGone: true, begin: 6, end: 10})
  }
})
