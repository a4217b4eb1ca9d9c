/** What relay and processor rely on, held against each client on the real broker. */
import {randomUUID} from 'node:crypto'
import {describe, expect, test} from 'vitest'
import type {KafkaConnection} from '../platform/connections.ts'
import {openPublisher} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import type {TopicPartition} from '../platform/kafka.ts'
import {kafkaConnection} from './connections.ts'
import {atEnd, codeOf, log, PARTITIONS, setupKafka, toRecords, valuesOf} from './kafka-world.ts'

describe.each(['kafkajs', 'platformatic'] as const)('%s', client => {
  test('records of a partition arrive in the order in which they were sent', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sent = toRecords(5_000)
    const sender = await publisher()
    for (let i = 0; i < sent.length; i += 1_000) {
      await sender.send([{topic, records: sent.slice(i, i + 1_000)}])
    }
    const {records, until} = member()
    await until(() => records.length >= sent.length)
    for (let p = 0; p < PARTITIONS; p++) {
      const expected = sent.filter(r => r.partition === p).map(r => String(r.value))
      expect(valuesOf(records, p)).toEqual(expected)
    }
  })

  test('keys, null keys, empty values, null values and headers come back as they were', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    const headers = {'dlq-reason': 'x', bytes: Buffer.from([0, 255])}
    await sender.send([
      {
        topic,
        records: [
          {partition: 0, key: 'schlüssel', value: Buffer.from([0, 1]), headers},
          {partition: 0, key: null, value: Buffer.alloc(0)},
          {partition: 0, key: Buffer.from([0xff]), value: null},
        ],
      },
    ])
    const {records, until} = member()
    await until(() => records.length >= 3)
    expect(records.map(r => r.key?.toString('hex') ?? null)).toEqual([
      Buffer.from('schlüssel').toString('hex'),
      null,
      'ff',
    ])
    expect(records.map(r => r.value?.length ?? null)).toEqual([2, 0, null])
    expect(String(records[0]?.headers['dlq-reason'])).toBe('x')
    expect(Buffer.from(records[0]?.headers['bytes'] ?? '').toString('hex')).toBe('00ff')
  })

  test('a send larger than one request is parted and keeps its order', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    const big = Array.from({length: 30}, (_, i) => ({
      partition: i % 2,
      key: null,
      value: Buffer.alloc(100_000, i),
    }))
    await sender.send([{topic, records: big}])
    const {records, until} = member()
    await until(() => records.length >= big.length)
    for (const p of [0, 1]) {
      const firstBytes = records.filter(r => r.partition === p).map(r => r.value?.[0])
      expect(firstBytes).toEqual(big.filter(r => r.partition === p).map(r => r.value[0]))
    }
  })

  test('an unknown topic is an error of its own, and the publisher is unusable after it', async () => {
    const {topic, publisher} = await setupKafka(client)
    const sender = await publisher()
    const record = {partition: 0, key: null, value: Buffer.from('x')}
    const missing = `${topic}-missing-${randomUUID()}`
    expect(await codeOf(sender.send([{topic: missing, records: [record]}]))).toBe('TOPIC_UNKNOWN')
    expect(await codeOf(sender.send([{topic, records: [record]}]))).toBe('TOPIC_UNKNOWN')
  })

  test('a record that the broker refuses as too large is an error of its own', async () => {
    const {topic, publisher} = await setupKafka(client)
    const sender = await publisher()
    const record = {partition: 0, key: null, value: Buffer.alloc(1_500_000)}
    expect(await codeOf(sender.send([{topic, records: [record]}]))).toBe('RECORD_TOO_LARGE')
  })

  test('a broker that is not there is told as unavailable', async () => {
    const connection: KafkaConnection = {...kafkaConnection(), client, brokers: ['127.0.0.1:9']}
    const opening = openPublisher(connection, {clientId: 'test', log, requestTimeoutMs: 1_000})
    expect(await codeOf(opening)).toBe('UPSTREAM_UNAVAILABLE')
  })

  test('a member goes on where it has committed', async () => {
    const {topic, publisher, member, admin, group} = await setupKafka(client)
    const sender = await publisher()
    await sender.send([{topic, records: toRecords(50)}])
    const first = member()
    await first.until(() => first.records.length >= 50)
    const offsets = await admin.offsets(topic)
    await first.subscriber.commit(
      offsets.map(({partition, end}) => ({topic, partition, offset: end})),
    )
    await first.close()
    const committed = await admin.groupOffsets(group, topic)
    expect(committed.map(c => c.offset)).toEqual(offsets.map(o => o.end))
    await sender.send([{topic, records: toRecords(3)}])
    const second = member()
    await second.until(() => second.records.length >= 3)
    expect(second.records).toHaveLength(3)
  })

  test('a slow partition does not hold up the others of its fetch', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    const one = (partition: number) => ({partition, key: null, value: Buffer.from('x')})
    let release = (): void => undefined
    const held = new Promise<void>(resolve => (release = resolve))
    const slow = (at: TopicPartition) => (at.partition === 0 ? held : Promise.resolve())
    const {records, owned, until} = member({onBatch: slow})
    await until(() => owned.size === PARTITIONS)
    await sender.send([{topic, records: [one(0), one(1), one(2)]}])
    await until(() => records.length >= 2)
    expect(records.map(r => r.partition).toSorted((a, b) => a - b)).toEqual([1, 2])
    release()
    await until(() => records.length >= 3)
  })

  test('partitions are shared, taken over when a member leaves, and never committed by a stranger', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    const first = member()
    await first.until(() => first.owned.size === PARTITIONS)
    const second = member()
    await second.until(() => second.owned.size > 0)
    await first.until(() => first.owned.size > 0 && first.owned.size < PARTITIONS)
    const foreign = [...second.owned][0]!
    const stolen = first.subscriber.commit([{topic, partition: foreign, offset: 0}])
    expect(await codeOf(stolen)).toBe('FENCED')
    await first.close()
    await second.until(() => second.owned.size === PARTITIONS)
    await sender.send([{topic, records: toRecords(30)}])
    await second.until(() => second.records.length >= 30)
  })

  test('reading goes on from where a seek says', async () => {
    const {topic, publisher, member} = await setupKafka(client)
    const sender = await publisher()
    const at = (value: string) => ({partition: 1, key: null, value: Buffer.from(value)})
    await sender.send([{topic, records: [at('a'), at('b'), at('c')]}])
    const {records, subscriber, until} = member()
    await until(() => records.length >= 3)
    subscriber.seek({topic, partition: 1}, 1)
    await until(() => records.length >= 5)
    expect(records.slice(3).map(r => String(r.value))).toEqual(['b', 'c'])
  })
})

test('records are read outside any group, from any offset', async () => {
  const {connection, topic, publisher} = await setupKafka('kafkajs')
  const sender = await publisher()
  const at = (value: string) => ({partition: 2, key: null, value: Buffer.from(value)})
  await sender.send([{topic, records: [at('a'), at('b'), at('c')]}])
  const reader = createRecordReader(connection, 'test')
  atEnd(() => reader.close())
  const from = [{topic, partition: 2, offset: 1}]
  const [answer] = await reader.fetch(from, {bytesMax: 100_000, waitMs: 1_000})
  expect(answer?.records.map(r => String(r.value))).toEqual(['b', 'c'])
  expect(answer).toMatchObject({begin: 0, end: 3})
})

test('topics are created once and never change their number of partitions', async () => {
  const {admin, topic} = await setupKafka('kafkajs')
  expect(await admin.ensureTopics([{topic, partitions: PARTITIONS}])).toEqual([])
  expect(await codeOf(admin.ensureTopics([{topic, partitions: PARTITIONS + 1}]))).toBe(
    'STATE_CONTRADICTS',
  )
  expect((await admin.topicConfig(topic))['cleanup.policy']).toBe('delete')
})
