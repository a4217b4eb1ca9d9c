/** What each client says when requests, answers or connections are lost on the way. */
import {describe, expect, test} from 'vitest'
import type {KafkaConnection} from '../platform/connections.ts'
import {openPublisher} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import {atEnd, codeOf, log, setupKafka} from './kafka-world.ts'
import {openTcpProxy, type Fault} from './tcp-proxy.ts'

const SEND_TIMEOUT_MS = 1_500

const one = (value: string) => ({partition: 0, key: null, value: Buffer.from(value)})

/** A topic on the broker, and the way to it through a proxy. */
async function setup(client: KafkaConnection['client']) {
  const world = await setupKafka(client)
  const proxy = await openTcpProxy(world.connection.brokers[0]!)
  atEnd(() => proxy.close())
  const proxied: KafkaConnection = {...world.connection, brokers: [proxy.address]}
  const open = async () => {
    const options = {clientId: 'test', log, requestTimeoutMs: SEND_TIMEOUT_MS}
    const publisher = await openPublisher(proxied, options)
    atEnd(() => publisher.close().catch(() => undefined))
    return publisher
  }
  const reader = createRecordReader(world.connection, 'test')
  atEnd(() => reader.close())
  /** What is in the log. */
  const values = async (): Promise<readonly string[]> => {
    const from = [{topic: world.topic, partition: 0, offset: 0}]
    const [answer] = await reader.fetch(from, {bytesMax: 1_000_000, waitMs: 100})
    return (answer?.records ?? []).map(record => String(record.value))
  }
  return {...world, proxy, proxied, open, values}
}

const FAULTS: ReadonlyArray<readonly [Fault, string, readonly string[]]> = [
  ['answers', 'an answer that is lost', ['first', 'second']],
  ['reset-at-answer', 'a connection that ends before the answer', ['first', 'second']],
  ['requests', 'a request that is lost', ['first']],
]

describe.each(['kafkajs', 'platformatic'] as const)('%s', client => {
  test.each(FAULTS)(
    'INV-20: %s: %s is an error, and the client repeats nothing',
    async (fault, _, expected) => {
      const {topic, proxy, open, values} = await setup(client)
      const publisher = await open()
      await publisher.send([{topic, records: [one('first')]}])
      proxy.inject(fault)
      const second = publisher.send([{topic, records: [one('second')]}])
      expect(await codeOf(second)).toBe('UPSTREAM_UNAVAILABLE')
      expect(proxy.lostBytes).toBeGreaterThan(0)
      proxy.inject('none')
      const third = publisher.send([{topic, records: [one('third')]}])
      expect(await codeOf(third)).toBe('UPSTREAM_UNAVAILABLE')
      await publisher.close().catch(() => undefined)
      expect(await values()).toEqual(expected)
      // Whoever opens another one, as the port says, goes on.
      const next = await open()
      await next.send([{topic, records: [one('fourth')]}])
      expect(await values()).toEqual([...expected, 'fourth'])
    },
  )

  test('a member whose connections are cut goes on where it was, and tells no error', async () => {
    const {topic, proxy, publisher, member, proxied} = await setup(client)
    const sender = await publisher()
    const {records, owned, until} = member({}, proxied)
    await until(() => owned.size > 0)
    for (let round = 1; round <= 3; round++) {
      await sender.send([{topic, records: [one(`before ${round}`)]}])
      await until(() => records.some(({value}) => String(value) === `before ${round}`))
      proxy.cut()
      await sender.send([{topic, records: [one(`after ${round}`)]}])
      await until(() => records.some(({value}) => String(value) === `after ${round}`))
    }
  })
})
