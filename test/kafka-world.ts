/** The broker of the tests, seen through the ports: a topic for each test, members that remember. */
import {pino} from 'pino'
import {afterEach, expect} from 'vitest'
import {partitionFor} from '../contracts/partition.ts'
import type {KafkaConnection} from '../platform/connections.ts'
import {PipelineError} from '../platform/errors.ts'
import {openAdmin, openPublisher, openSubscriber} from '../platform/kafka-clients.ts'
import type {
  ConsumedRecord,
  OutgoingRecord,
  Subscriber,
  SubscriberHandlers,
} from '../platform/kafka.ts'
import {kafkaConnection} from './connections.ts'
import {testTopicPrefix} from './isolation.ts'

export const log = pino({level: 'silent'})
export const PARTITIONS = 3
let cleanUps: Array<() => Promise<void>> = []

export const atEnd = (cleanUp: () => Promise<void>): void => void cleanUps.push(cleanUp)

afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  cleanUps = []
})

export const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'resolved',
    (error: unknown) => (error instanceof PipelineError ? error.code : String(error)),
  )

/** A topic of its own, what opens publishers and members of its group, and what closes them. */
export async function setupKafka(client: KafkaConnection['client']) {
  const connection: KafkaConnection = {...kafkaConnection(), client}
  const topic = `${testTopicPrefix()}conformance`
  const admin = await openAdmin(connection, {clientId: 'test', log})
  atEnd(() => admin.close())
  await admin.ensureTopics([{topic, partitions: PARTITIONS}])
  atEnd(() => admin.deleteTopics([topic]))
  const publisher = async () => {
    const opened = await openPublisher(connection, {clientId: 'test', log, requestTimeoutMs: 5_000})
    atEnd(() => opened.close().catch(() => undefined))
    return opened
  }
  const group = `${topic}-group`
  const member = (handlers: Partial<SubscriberHandlers> = {}, through = connection) => {
    const subscriber = openSubscriber(through, {
      clientId: 'test',
      groupId: group,
      topics: [topic],
      log,
      maxWaitMs: 100,
      fetchBytesMax: 1_000_000,
      sessionTimeoutMs: 10_000,
    })
    let closed = false
    const close = async (): Promise<void> => {
      if (closed) return
      closed = true
      await subscriber.close()
    }
    atEnd(close)
    const seen = observe(subscriber, handlers)
    return {...seen, subscriber, close}
  }
  return {connection, topic, admin, publisher, member, group}
}

/** A member that remembers what it was told, and whom one can ask to wait for a fact. */
function observe(subscriber: Subscriber, handlers: Partial<SubscriberHandlers>) {
  const records: ConsumedRecord[] = []
  const owned = new Set<number>()
  const errors: Error[] = []
  let onChange = (): void => undefined
  const running = subscriber.run({
    async onAssigned(partitions) {
      await handlers.onAssigned?.(partitions)
      for (const {partition} of partitions) owned.add(partition)
      onChange()
    },
    async onRevoked(partitions) {
      await handlers.onRevoked?.(partitions)
      for (const {partition} of partitions) owned.delete(partition)
      onChange()
    },
    async onBatch(at, batch, end) {
      await handlers.onBatch?.(at, batch, end)
      records.push(...batch)
      onChange()
    },
    onError(error) {
      errors.push(error)
      onChange()
    },
  })
  const until = async (fact: () => boolean): Promise<void> => {
    await running
    await new Promise<void>(resolve => {
      onChange = () => {
        if (fact() || errors.length > 0) resolve()
      }
      onChange()
    })
    expect(errors).toEqual([])
  }
  /** Resolves when the member says that it cannot go on. */
  const untilError = async (): Promise<Error> => {
    await running
    await new Promise<void>(resolve => {
      onChange = () => {
        if (errors.length > 0) resolve()
      }
      onChange()
    })
    return errors[0]!
  }
  return {records, owned, errors, until, untilError}
}

export const toRecords = (count: number): OutgoingRecord[] =>
  Array.from({length: count}, (_, i) => {
    const key = `key-${i % 17}`
    return {partition: partitionFor(key, '', PARTITIONS), key, value: Buffer.from(String(i))}
  })

export const valuesOf = (records: readonly ConsumedRecord[], partition: number): string[] =>
  records.filter(r => r.partition === partition).map(r => String(r.value))
