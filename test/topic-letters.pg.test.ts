/** Records of dead-letter topics as PostgreSQL knows them; Kafka is a list of records here. */
import {expect, test} from 'vitest'
import {createDeadLetters, type LetterFilter} from '../api/pipeline/dead-letters.ts'
import {toDatabase} from '../api/postgres.ts'
import type {MessageView} from '../api/schemas/admin.ts'
import {DEAD_LETTER_HEADERS} from '../contracts/headers.ts'
import type {ConsumedRecord} from '../platform/kafka.ts'
import {createPool} from '../platform/postgres.ts'
import {activity} from '../streams/sample/activity.ts'
import {openOutboxWorld} from './outbox-world.ts'

const DLQ = 'p-user_activity.dlq'
const SINK_DLQ = 'p-user_activity.sink.dlq'

async function setup() {
  const world = await openOutboxWorld()
  const pool = createPool(world.url, {applicationName: 'test', connectionsMax: 4})
  const kafka = {
    log: [] as ConsumedRecord[],
    begin: 0,
    fetches: 0,
    isAway: false,
    decodes: true,
    /** Topics that there are. */
    topics: [DLQ],
    /** Holds the next answer back. */
    gate: undefined as Promise<void> | undefined,
  }
  const offsets = async (topic: string) => {
    await Promise.resolve()
    if (kafka.isAway) throw new Error('Kafka is away')
    const end = topic.endsWith('.dlq') ? kafka.begin + kafka.log.length : 100
    return [{partition: 0, begin: kafka.begin, end}]
  }
  const listTopics = async () => {
    await Promise.resolve()
    if (kafka.isAway) throw new Error('Kafka is away')
    return kafka.topics.map(topic => ({topic, partitions: 1}))
  }
  const deps = {
    db: toDatabase(pool),
    admin: async () => await Promise.resolve({offsets, listTopics}),
    reader: {
      async fetch([from]: readonly {readonly topic: string; readonly offset: number}[]) {
        await Promise.resolve()
        kafka.fetches++
        const records = kafka.log.filter(({offset}) => offset >= from!.offset).slice(0, 2)
        const next = (records.at(-1)?.offset ?? from!.offset - 1) + 1
        const {gate} = kafka
        kafka.gate = undefined
        await gate
        const end = kafka.begin + kafka.log.length
        return [{topic: DLQ, partition: 0, records, next, isGone: false, begin: kafka.begin, end}]
      },
      offsetsAt: async () => await Promise.resolve(new Map([[0, 60]])),
    },
    inspector: {
      async message(_: string, __: number, offset: number) {
        await Promise.resolve()
        const record = kafka.log.find(one => one.offset === offset)
        if (record === undefined) return undefined
        const value = kafka.decodes ? {event_id: Number(record.key)} : null
        const error = kafka.decodes ? null : 'no schema 9'
        return {value, error, raw: null, headers: {}} as unknown as MessageView
      },
    },
    streams: [activity],
  }
  /** One letter a row, `hours` ago. */
  const put = (key: number, reason: string, hours = 0): void => {
    kafka.log.push({
      topic: DLQ,
      partition: 0,
      offset: kafka.begin + kafka.log.length,
      timestampMs: Date.now(),
      key: Buffer.from(String(key)),
      value: Buffer.from('x'),
      headers: {
        [DEAD_LETTER_HEADERS.reason]: reason,
        [DEAD_LETTER_HEADERS.message]: `it is \0 ${reason}`,
        [DEAD_LETTER_HEADERS.failedAt]: new Date(Date.now() - hours * 3_600_000).toISOString(),
      },
    })
  }
  const letters = createDeadLetters(deps, {topicPrefix: 'p-'})
  return {
    ...world,
    kafka,
    letters,
    put,
    another: () => createDeadLetters(deps, {topicPrefix: 'p-'}),
    rows: (n: number) =>
      world.run(
        `INSERT INTO activity_events (user_id, activity_type) SELECT 'u', 'login' FROM generate_series(1, ${n})`,
      ),
    async states(filter: LetterFilter = {}) {
      const {items} = await letters.list({state: 'all', ...filter}, 100)
      return items.map(({id, resolution}) => `${id.split(':').at(-1)} ${resolution ?? 'open'}`)
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await world[Symbol.asyncDispose]()
    },
  }
}

test('every record of a dead-letter topic is learned once, however many ask', async () => {
  await using world = await setup()
  for (let key = 1; key <= 5; key++) world.put(key, 'RULE_BROKEN', key)
  const asking = [world.letters, world.letters, world.another()].map(one => one.list({}, 100))
  const [{items, matching}] = (await Promise.all(asking)) as [Awaited<(typeof asking)[0]>]
  expect(matching).toBe(5)
  expect(items[0]).toMatchObject({
    id: `${DLQ}:0:0`,
    origin: 'topic',
    topic: 'user_activity',
    key: '1',
    reason: 'RULE_BROKEN',
    message: 'it is  RULE_BROKEN',
    resolution: null,
    attempts: 0,
    next_try_at: null,
  })
  const {fetches} = world.kafka
  await world.letters.count()
  expect(world.kafka.fetches).toBe(fetches)
})

test('what the sink put aside is found, and driven again, like any other letter', async () => {
  await using world = await setup()
  world.kafka.topics = [SINK_DLQ]
  await world.rows(1)
  world.put(1, 'UPSTREAM_REFUSED')
  const {items} = await world.letters.list({}, 100)
  expect(items.map(({id, topic, reason}) => [id, topic, reason])).toEqual([
    [`${SINK_DLQ}:0:0`, 'user_activity', 'UPSTREAM_REFUSED'],
  ])
  expect(await world.letters.resolve('redrive', `${SINK_DLQ}:0:0`)).toBe(1)
  expect(await world.states()).toEqual(['0 redriven'])
})

test('letters are found by topic, reason, time and state', async () => {
  await using world = await setup()
  for (const [i, reason] of ['RULE_BROKEN', 'DECODE_FAILED', 'RULE_BROKEN'].entries()) {
    world.put(i, reason, 10 * i + 1)
  }
  await world.states()
  await world.letters.resolve('discard', `${DLQ}:0:0`)
  const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString()
  expect(await world.states({reason: 'RULE_BROKEN'})).toEqual(['0 discarded', '2 open'])
  expect(await world.states({reason: 'RULE_BROKEN', state: 'open'})).toEqual(['2 open'])
  expect(await world.states({state: 'resolved'})).toEqual(['0 discarded'])
  expect(await world.states({from: hoursAgo(15), to: hoursAgo(5)})).toEqual(['1 open'])
  expect(await world.states({topic: 'content'})).toEqual([])
  expect(await world.letters.groups()).toEqual([
    {origin: 'topic', topic: 'user_activity', reason: 'DECODE_FAILED', open: 1, resolved: 0},
    {origin: 'topic', topic: 'user_activity', reason: 'RULE_BROKEN', open: 1, resolved: 1},
  ])
})

test('only open letters are counted, those of the outbox and those of topics', async () => {
  await using world = await setup()
  for (let key = 1; key <= 3; key++) world.put(key, 'RULE_BROKEN')
  await world.run(`INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, op, payload, reason, message)
    SELECT i, now(), 't', '1', 'c', '{}', 'ENCODE_FAILED', 'm' FROM generate_series(1, 4) i`)
  expect(await world.letters.count()).toEqual({outbox: 4, topics: 3})
  await world.letters.resolve('discard', `${DLQ}:0:1`)
  await world.letters.resolve('discard', 'outbox:2')
  expect(await world.letters.count()).toEqual({outbox: 3, topics: 2})
  world.kafka.isAway = true
  expect(await world.letters.count()).toEqual({outbox: 3, topics: null})
})

test('a letter that was forgotten is not learned again, and one of a topic made again is', async () => {
  await using world = await setup()
  for (let key = 1; key <= 3; key++) world.put(key, 'RULE_BROKEN', 3 - key)
  await world.states()
  await world.letters.resolve('discard', `${DLQ}:0:1`)
  await world.run(
    `UPDATE api.topic_letters SET resolved_at = now() - interval '9 days' WHERE resolved_at IS NOT NULL;
     SELECT cdc.forget_dead_letters(8, 10)`,
  )
  world.put(4, 'RULE_BROKEN')
  expect(await world.states()).toEqual(['3 open', '2 open', '0 open'])
  world.kafka.log = []
  world.put(9, 'DECODE_FAILED')
  expect(await world.states()).toEqual(['0 open'])
  expect((await world.letters.get(`${DLQ}:0:0`)).reason).toBe('DECODE_FAILED')
})

test('who reads slowly does not bring back what was forgotten meanwhile', async () => {
  await using world = await setup()
  world.put(1, 'RULE_BROKEN')
  const gate = Promise.withResolvers<void>()
  world.kafka.gate = gate.promise
  const slow = world.another().list({}, 100)
  await expect.poll(() => world.kafka.fetches).toBe(1)
  await world.letters.list({}, 100)
  await world.letters.resolve('discard', `${DLQ}:0:0`)
  await world.run(
    `UPDATE api.topic_letters SET resolved_at = now() - interval '9 days'; SELECT cdc.forget_dead_letters(8, 10)`,
  )
  gate.resolve()
  expect((await slow).items).toEqual([])
})

test('many are driven again in chunks; one that fails keeps no other from it, and is named with its reason', async () => {
  await using world = await setup()
  await world.rows(5)
  for (let key = 1; key <= 6; key++) world.put(key, 'RULE_BROKEN', 10 - key)
  const all = async () => {
    const answers = []
    let after: string | undefined
    do {
      const chunk = await world.letters.resolveMany('redrive', {}, {after, limit: 2})
      answers.push(chunk)
      after = chunk.next ?? undefined
      // What is put aside meanwhile is for the next time.
      world.put(1, 'RULE_BROKEN')
      await world.letters.count()
    } while (after !== undefined && answers.length < 20)
    return {
      resolved: answers.reduce((sum, {resolved}) => sum + resolved, 0),
      failed: answers.flatMap(({failed}) => failed),
      chunks: answers.length,
    }
  }
  expect(await all()).toEqual({
    resolved: 5,
    failed: [
      {
        id: `${DLQ}:0:5`,
        detail: 'there is no row 6 in public.activity_events any more: discard it',
      },
    ],
    chunks: 4,
  })
  expect((await world.captured('user_activity')).map(({op}) => op).join('')).toBe('cccccrrrrr')
  expect(await world.states({state: 'resolved'})).toHaveLength(5)
})

test('done twice at once, each letter is driven again once', async () => {
  await using world = await setup()
  await world.rows(8)
  for (let key = 1; key <= 8; key++) world.put(key, 'RULE_BROKEN')
  const both = await Promise.all(
    [world.letters, world.another()].map(one => one.resolveMany('redrive', {}, {limit: 100})),
  )
  expect(both[0]!.resolved + both[1]!.resolved).toBe(8)
  expect(both.flatMap(({failed}) => failed)).toEqual([])
  expect(await world.captured('user_activity')).toHaveLength(16)
})

test('a record whose schema is missing is tried again by itself until it can be read', async () => {
  await using world = await setup()
  await world.rows(2)
  world.kafka.decodes = false
  world.put(1, 'SCHEMA_UNKNOWN')
  world.put(2, 'RULE_BROKEN')
  const due = () =>
    world.run('UPDATE api.topic_letters SET next_try_at = now() WHERE next_try_at > now()')
  expect(await world.letters.retry()).toBe(0)
  await due()
  expect(await world.letters.retry()).toBe(0)
  const [letter] = (await world.letters.list({reason: 'SCHEMA_UNKNOWN'}, 1)).items
  expect(letter).toMatchObject({attempts: 1, resolution: null})
  expect(Date.parse(letter!.next_try_at!) - Date.now()).toBeGreaterThan(180_000)
  world.kafka.decodes = true
  await due()
  expect(await world.letters.retry()).toBe(1)
  expect(await world.states({state: 'resolved'})).toEqual(['0 redriven'])
  // It comes back: its attempts go on, and end.
  const attempts: number[] = []
  for (let i = 0; i < 5; i++) {
    world.put(1, 'SCHEMA_UNKNOWN')
    await world.letters.retry()
    await due()
    await world.letters.retry()
    const {items} = await world.letters.list({reason: 'SCHEMA_UNKNOWN', state: 'all'}, 100)
    attempts.push(Math.max(...items.map(one => one.attempts)))
  }
  expect(attempts).toEqual([3, 4, 5, 5, 5])
})

test('a letter that is resolved, or was never there, is said to be so', async () => {
  await using world = await setup()
  await world.rows(1)
  world.put(1, 'RULE_BROKEN')
  await world.letters.count()
  const id = `${DLQ}:0:0`
  await world.letters.resolve('redrive', id)
  await expect(world.letters.resolve('redrive', id)).rejects.toThrow('is redriven already')
  await expect(world.letters.resolve('discard', id)).rejects.toThrow('is redriven already')
  for (const gone of [`${DLQ}:0:9`, 'other.dlq:0:0', 'outbox:9']) {
    await expect(world.letters.resolve('redrive', gone)).rejects.toThrow('there is no dead letter')
    await expect(world.letters.get(gone)).rejects.toThrow('there is no dead letter')
  }
})

test('the share is what was put aside of what passed in the last hour and day', async () => {
  await using world = await setup()
  world.put(1, 'RULE_BROKEN', 0)
  world.put(2, 'RULE_BROKEN', 0)
  world.put(3, 'RULE_BROKEN', 2)
  world.put(4, 'RULE_BROKEN', 30)
  await world.letters.count()
  // Of 100 records, those from offset 60 on came in the last hour, and in the last day.
  expect(await world.letters.share()).toEqual({
    hour: {outbox: 0, topics: 2 / 40},
    day: {outbox: 0, topics: 3 / 40},
  })
})
