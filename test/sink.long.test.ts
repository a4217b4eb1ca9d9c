/**
 * The sink on real servers: two workers, one killed again and again, and a system that is away, asks for patience,
 * and refuses an event.
 */
import {spawn, type ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as pause} from 'node:timers/promises'
import {afterEach, expect, test} from 'vitest'
import {createDecoder} from '../platform/avro-codec.ts'
import {envReader} from '../platform/config.ts'
import {readKafkaConnection, readRegistryConnection} from '../platform/connections.ts'
import {openAdmin, openSubscriber} from '../platform/kafka-clients.ts'
import type {ConsumedRecord} from '../platform/kafka.ts'
import {createRegistry} from '../platform/registry.ts'
import {planShown} from '../readmodel/shown.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {enrichedSchema} from '../worker/sink/enriched-schema.ts'
import {log} from './kafka-world.ts'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {openReceiver, type ReceivedEvent} from './sink-receiver.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const AWAY_MS = 3000
const RETRY_AFTER_S = 1
const ROUNDS = 6
const ROWS = 300
const CONTENTS = 12
const BAD = 'refused device'
const WAIT_MS = 120_000

let cleanUps: Array<() => Promise<unknown>> = []
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  cleanUps = []
})

async function setup() {
  const world = await openPipelineWorld()
  cleanUps.push(() => world[Symbol.asyncDispose]())
  const receiver = await openReceiver(SECRET)
  cleanUps.push(() => receiver.close())
  await Promise.all([world.start('ingestor'), world.start('processor')])
  const env = {
    ...world.env,
    WORKER_SINK_STREAMS: 'engagement',
    WORKER_SINK_GROUP_ID: `${world.env['TOPIC_PREFIX']}sink`,
    WORKER_SINK_URL: receiver.url,
    WORKER_SINK_ALLOW: '127.0.0.1',
    WORKER_SINK_SECRET: SECRET,
    WORKER_SINK_TOPIC: 'true',
    WORKER_SINK_BATCH_EVENTS_MAX: '20',
    WORKER_SINK_RETRY_MS: '20',
    WORKER_SINK_RETRY_MAX_MS: '500',
  }
  const start = (): ChildProcess => {
    const child = spawn(process.execPath, ['test/sink-process.ts'], {
      env: {...env, PATH: process.env['PATH']},
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    cleanUps.push(() => end(child, 'SIGTERM'))
    return child
  }
  return {world, receiver, start}
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

/** Events of several contents, some corrected and deleted; a content is written with its first event. */
async function write({pool}: PipelineWorld, round: number): Promise<void> {
  const contentOf = (i: number): string =>
    `00000000-0000-4000-8000-${String(100 * round + (i % CONTENTS)).padStart(12, '0')}`
  await pool.query(
    `WITH contents AS (
       INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
       SELECT id, id::text, 'a content', 'podcast', 60, now()
         FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) ids
       RETURNING id)
     INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
     SELECT one.id, NULL, 'play', now(), 30000, one.device
       FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS one(id, device, n)
      ORDER BY n`,
    [
      Array.from({length: ROWS}, (_, i) => contentOf(i)),
      Array.from({length: ROWS}, (_, i) => (i === 17 && round % 2 === 0 ? BAD : `device ${i}`)),
    ],
  )
  await pool.query(
    `UPDATE engagement_events SET duration_ms = 15000 WHERE id % 7 = 0 AND device <> $1`,
    [BAD],
  )
  await pool.query('DELETE FROM engagement_events WHERE id % 11 = 0 AND device <> $1', [BAD])
}

interface Expected {
  readonly id: string
  readonly isBad: boolean
}

/** Changes of rows of engagement that the outbox still has, by the ids that they go out with. */
async function expectedOf({pool}: PipelineWorld): Promise<readonly Expected[]> {
  const {rows} = await pool.query<Expected>(
    `SELECT format('engagement-%s-%s', id,
                   (extract(epoch FROM created_at) * 1000000)::bigint) AS id,
            payload::text LIKE $1 AS "isBad"
       FROM cdc.outbox_events WHERE topic = 'engagement_events' ORDER BY id`,
    [`%${BAD}%`],
  )
  return rows
}

async function readTopic(
  env: PipelineWorld['env'],
  topic: string,
): Promise<readonly ConsumedRecord[]> {
  const kafka = readKafkaConnection(envReader(env))
  const admin = await openAdmin(kafka, {clientId: 'test', log})
  const ends = (await admin.offsets(topic)).filter(({begin, end: last}) => last > begin)
  await admin.close()
  const records: ConsumedRecord[] = []
  const subscriber = openSubscriber(kafka, {
    clientId: 'test',
    groupId: `${topic}-${performance.now()}`,
    topics: [topic],
    log,
    maxWaitMs: 100,
    fetchBytesMax: 1_000_000,
    sessionTimeoutMs: 10_000,
  })
  await subscriber.run({
    onAssigned: async () => await Promise.resolve(),
    onRevoked: async () => await Promise.resolve(),
    onBatch: async (_at, batch) => void records.push(...(await Promise.resolve(batch))),
    onError: error => {
      throw error
    },
  })
  const isRead = async (): Promise<boolean> =>
    await Promise.resolve(
      ends.every(({partition, end: last}) =>
        records.some(one => one.partition === partition && one.offset === last - 1),
      ),
    )
  await until(`all of ${topic}`, isRead, WAIT_MS)
  await subscriber.close()
  return records
}

/** Of what came more than once only the first counts. */
function firstOf<T extends {readonly id: string}>(all: readonly T[]): readonly T[] {
  const known = new Map<string, T>()
  for (const one of all) if (!known.has(one.id)) known.set(one.id, one)
  return [...known.values()]
}

/** Of each content the outbox rows of its events have to come in their order. */
function expectOrder(events: readonly Pick<ReceivedEvent, 'event' | 'outbox_id'>[]): void {
  for (const [content, own] of Map.groupBy(events, ({event}) => event['content_id'])) {
    const ids = own.map(one => one.outbox_id)
    expect(ids, String(content)).toEqual(ids.toSorted((a, b) => a - b))
  }
}

test(
  'INV-164: every event goes out at least once, in the order of its key, whoever is away or killed',
  async () => {
    const {world, receiver, start} = await setup()
    receiver.behave(({events}) =>
      events.some(one => one.event['device'] === BAD) ? {status: 400} : {status: 200},
    )
    let victim = start()
    start()
    const known = new Map<string, Expected>()

    for (let round = 0; round < ROUNDS; round++) {
      const before = receiver.taken.length
      await write(world, round)
      for (const one of await expectedOf(world)) known.set(one.id, one)
      await until(
        'requests of the round',
        async () => await Promise.resolve(receiver.taken.length > before + 2),
        WAIT_MS,
      )
      if (round === 1 || round === 3) {
        await end(victim, 'SIGKILL')
        victim = start()
      }
      if (round === 2) {
        receiver.behave(() => 'away')
        await pause(AWAY_MS)
      }
      if (round === 4) {
        receiver.behave(() => ({status: 429, headers: {'retry-after': String(RETRY_AFTER_S)}}))
        await pause(2 * RETRY_AFTER_S * 1000)
      }
      receiver.behave(({events}) =>
        events.some(one => one.event['device'] === BAD) ? {status: 400} : {status: 200},
      )
    }

    const expected = [...known.values()]
    const wanted = expected.filter(({isBad}) => !isBad).map(({id}) => id)
    const arrived = () => receiver.taken.flatMap(({events}) => events)
    await until(
      'every event at the other system',
      async () => {
        const ids = new Set(arrived().map(({id}) => id))
        return await Promise.resolve(wanted.every(id => ids.has(id)))
      },
      WAIT_MS,
    )
    const first = firstOf(arrived())
    expect(first.map(({id}) => id).toSorted()).toEqual([...wanted].toSorted())
    expectOrder(first)
    expect(receiver.unsigned).toEqual([])
    for (const requests of Map.groupBy(receiver.seen, ({id}) => id).values()) {
      expect(new Set(requests.map(({body}) => body)).size).toBe(1)
    }
    for (const {event} of first) {
      const seconds = Number(event['duration_ms']) / 1000
      expect(event).toMatchObject({
        content_type: 'podcast',
        length_seconds: 60,
        engagement_seconds: seconds,
        engagement_pct: seconds / 60,
      })
    }

    const topic = `${world.env['TOPIC_PREFIX']}engagement_events`
    const letters = await readTopic(world.env, `${topic}.sink.dlq`)
    expect(letters.length).toBeGreaterThanOrEqual(expected.length - wanted.length)
    expect(String(letters[0]!.headers['dlq-message'])).toBe('HTTP 400')
    expect(letters.every(({value}) => value!.includes(BAD))).toBe(true)

    const registry = createRegistry(readRegistryConnection(envReader(world.env)))
    const schema = enrichedSchema(engagement, planShown(engagement))
    const decoder = createDecoder<Readonly<Record<string, unknown>>>(schema, id =>
      registry.schemaById(id),
    )
    const enriched = []
    for (const {value, headers} of await readTopic(world.env, `${topic}_enriched`)) {
      await decoder.prepare(value!)
      const event = decoder.decode(value!)!
      const outboxId = Number(event['outbox_id'])
      enriched.push({id: String(headers['event-id']), event, outbox_id: outboxId})
    }
    const firstEnriched = firstOf(enriched)
    expect(firstEnriched.map(({id}) => id).toSorted()).toEqual(
      expected.map(({id}) => id).toSorted(),
    )
    expectOrder(firstEnriched)
    expect(firstEnriched.every(({event}) => event['content_type'] === 'podcast')).toBe(true)
  },
  5 * WAIT_MS,
)
