/** What each client says while its broker is frozen, and after it was killed. */
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pino} from 'pino'
import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest'
import type {KafkaConnection} from '../platform/connections.ts'
import {PipelineError} from '../platform/errors.ts'
import {openAdmin, openPublisher, openSubscriber} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import type {Publisher} from '../platform/kafka.ts'
import {retry} from '../platform/retry.ts'
import {SERVERS} from '../stack/config.ts'
import type {Running} from '../stack/processes.ts'
import {sideConfig} from '../stack/side-stack.ts'
import {startStack, type Stack} from '../stack/stack.ts'

const log = pino({level: 'silent'})
const SEND_TIMEOUT_MS = 1_500
const patience = {
  attempts: 100,
  firstDelayMs: 50,
  maxDelayMs: 500,
  signal: new AbortController().signal,
}
let folder: string
let stack: Stack
let broker: string

/** A broker of its own: these tests kill it. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kafka-faults-'))
  const side = await sideConfig(process.env, folder)
  broker = side.connections.KAFKA_BROKERS
  stack = await startStack({
    config: {
      ...side,
      external: SERVERS.filter(name => name !== 'kafka'),
      connections: {...inject('connections'), KAFKA_BROKERS: broker},
    },
    env: process.env,
    progress: () => undefined,
    onServerEnd: () => undefined,
  })
})

afterAll(async () => {
  await stack.stop()
  rmSync(folder, {recursive: true, force: true})
})

const connectionOf = (client: KafkaConnection['client']): KafkaConnection => ({
  client,
  brokers: [broker],
  tls: false,
  topicPrefix: '',
})

async function makeTopic(topic: string): Promise<void> {
  const admin = await retry(
    () => openAdmin(connectionOf('kafkajs'), {clientId: 'test', log}),
    patience,
  )
  await retry(() => admin.ensureTopics([{topic, partitions: 1}]), patience)
  await admin.close()
}

/** Sends one record after another, each with the next number; remembers what was acknowledged. */
function numbering(topic: string) {
  let next = 0
  const acknowledged: number[] = []
  return {
    acknowledged,
    async send(publisher: Publisher): Promise<void> {
      const number = next++
      const value = Buffer.from(String(number))
      await publisher.send([{topic, records: [{partition: 0, key: null, value}]}])
      acknowledged.push(number)
    },
  }
}

async function readAll(topic: string): Promise<readonly number[]> {
  const reader = createRecordReader(connectionOf('kafkajs'), 'test')
  try {
    const ask = () =>
      reader.fetch([{topic, partition: 0, offset: 0}], {bytesMax: 1_000_000, waitMs: 200})
    const [answer] = await retry(ask, patience)
    return (answer?.records ?? []).map(record => Number(String(record.value)))
  } finally {
    await reader.close()
  }
}

const isSubsequence = (part: readonly number[], whole: readonly number[]): boolean => {
  let i = 0
  for (const n of whole) if (n === part[i]) i += 1
  return i === part.length
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'resolved',
    (error: unknown) => (error instanceof PipelineError ? error.code : String(error)),
  )

/** Stops the process; resolves once the system says that it stands still. */
async function freeze(server: Running): Promise<void> {
  server.signal('SIGSTOP')
  await retry(async () => {
    if (/ T /.test(readFileSync(`/proc/${server.pid}/stat`, 'utf8'))) return
    throw new PipelineError('UPSTREAM_UNAVAILABLE', 'it still runs', {disposition: 'retry'})
  }, patience)
}

describe.each(['kafkajs', 'platformatic'] as const)('%s', client => {
  const open = () =>
    retry(
      () =>
        openPublisher(connectionOf(client), {
          clientId: 'test',
          log,
          requestTimeoutMs: SEND_TIMEOUT_MS,
        }),
      patience,
    )

  /** A broker that is back does not lead its partitions at once: another publisher until one sends. */
  const sendAnew = (numbers: ReturnType<typeof numbering>): Promise<void> =>
    retry(async () => {
      const publisher = await open()
      try {
        await numbers.send(publisher)
      } finally {
        await publisher.close().catch(() => undefined)
      }
    }, patience)

  test('a send whose answer does not come is an error, and nothing is sent after it', async () => {
    const topic = `frozen-${client}`
    await makeTopic(topic)
    const publisher = await open()
    const numbers = numbering(topic)
    await numbers.send(publisher)
    const kafka = stack.server('kafka')!
    await freeze(kafka)
    try {
      expect(await codeOf(numbers.send(publisher))).toBe('UPSTREAM_UNAVAILABLE')
    } finally {
      kafka.signal('SIGCONT')
    }
    expect(await codeOf(numbers.send(publisher))).toBe('UPSTREAM_UNAVAILABLE')
    await publisher.close().catch(() => undefined)
    const second = await open()
    await numbers.send(second)
    await second.close()
    const seen = await readAll(topic)
    expect(isSubsequence(numbers.acknowledged, seen)).toBe(true)
    // The third one was refused without being sent.
    expect(seen).not.toContain(2)
  })

  test('after the broker was killed, what was acknowledged is there, in order', async () => {
    const topic = `killed-${client}`
    await makeTopic(topic)
    const publisher = await open()
    const numbers = numbering(topic)
    for (let i = 0; i < 20; i++) await numbers.send(publisher)
    const kafka = stack.server('kafka')!
    kafka.signal('SIGKILL')
    expect(await codeOf(numbers.send(publisher))).toBe('UPSTREAM_UNAVAILABLE')
    await publisher.close().catch(() => undefined)
    await stack.restart('kafka')
    await sendAnew(numbers)
    const seen = await readAll(topic)
    expect(isSubsequence(numbers.acknowledged, seen)).toBe(true)
    expect(numbers.acknowledged).toHaveLength(21)
  })

  test('a member goes on after the broker was killed and is back', async () => {
    const topic = `member-${client}`
    await makeTopic(topic)
    const first = await open()
    const numbers = numbering(topic)
    await numbers.send(first)
    await first.close()
    const member = openSubscriber(connectionOf(client), {
      clientId: 'test',
      groupId: topic,
      topics: [topic],
      log,
      maxWaitMs: 100,
      fetchBytesMax: 1_000_000,
      sessionTimeoutMs: 10_000,
    })
    const seen = new Set<number>()
    const errors: Error[] = []
    let onRecord = (): void => undefined
    const has = (number: number): Promise<void> =>
      new Promise(resolve => {
        onRecord = () => (seen.has(number) ? resolve() : undefined)
        onRecord()
      })
    await member.run({
      onAssigned: async () => undefined,
      onRevoked: async () => undefined,
      async onBatch(_, records) {
        for (const {value} of records) seen.add(Number(String(value)))
        onRecord()
      },
      onError: error => errors.push(error),
    })
    await has(0)
    stack.server('kafka')!.signal('SIGKILL')
    await stack.restart('kafka')
    await sendAnew(numbers)
    await has(numbers.acknowledged.at(-1)!)
    expect(errors).toEqual([])
    await member.close()
  }, 120_000)
})
