/** The stores on real servers: what wins, what is left, and the examples of the documents. */
import {randomUUID} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {partitionFor} from '../contracts/partition.ts'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import {openRedis, type Redis} from '../platform/redis.ts'
import {ENGAGEMENT_PROJECTIONS} from '../processor/projections/engagement.ts'
import {createContentReads} from '../readmodel/content-reads.ts'
import {createEngagementStores, type EngagementStores} from '../readmodel/engagement-stores.ts'
import {readEvents} from '../readmodel/event-reads.ts'
import type {RawWrite} from '../readmodel/event-store.ts'
import {
  deriveEngagement,
  toEngagementEvent,
  type EngagementDerived,
  type EngagementEvent,
} from '../readmodel/events.ts'
import {migrateReadModel} from '../readmodel/migrate.ts'
import {createPartitionStore} from '../readmodel/partition-store.ts'
import {createLiveReads} from '../readmodel/live-reads.ts'

import {testKeyspace, testRedisDb, type TestKeyspace} from './isolation.ts'

const PARTITIONS = 6
const NOW_US = Math.floor(Date.now() / 1000) * 1_000_000

let keyspace: TestKeyspace
let cassandra: Cassandra
let redis: Redis | undefined
let stores: EngagementStores
/** A content of its own for each test; the keyspace is shared, making one takes seconds. */
let content: string
let partition: number

beforeAll(async () => {
  keyspace = await testKeyspace()
  cassandra = await openCassandra(keyspace.connection, {keyspace: keyspace.name})
})

beforeEach(async () => {
  content = randomUUID()
  partition = partitionFor(content, '', PARTITIONS)
  await redis?.close()
  redis = await openRedis(await testRedisDb(), {name: 'test'})
  stores = createEngagementStores({cassandra, redis, now: Date.now})
})

afterAll(async () => {
  await redis?.close()
  await cassandra.close()
  await keyspace.drop()
})

const eventOf = (id: number, changes: Partial<EngagementEvent> = {}): EngagementEvent =>
  toEngagementEvent({
    event_id: id,
    content_id: content,
    user_id: `aaaaaaaa-0000-4000-8000-${String(id % 50).padStart(12, '0')}`,
    event_type: 'play',
    event_ts: NOW_US - id * 1_000_000,
    duration_ms: 30_000,
    device: 'ios',
    raw_payload: null,
    ...changes,
  })

type Write = RawWrite<EngagementEvent, EngagementDerived>

const writeOf = (event: EngagementEvent, offset: number, changes: Partial<Write> = {}): Write => ({
  kind: 'put',
  event,
  derived: deriveEngagement(event, {content_type: 'podcast', length_seconds: 1800}),
  outboxId: offset + 1,
  createdAt: NOW_US,
  fresh: true,
  fence: {partition, offset, generation: 1},
  processedAt: Date.now(),
  ...changes,
})

test('INV-54: the write of the higher offset wins whole, at one offset that of the higher generation', async () => {
  const {registers} = stores
  const duration = async (): Promise<number | null | undefined> =>
    (await registers.find(eventOf(1)))?.duration_ms
  await registers.write([writeOf(eventOf(1), 5)])
  // A zombie, late: it must not win.
  await registers.write([writeOf(eventOf(1, {duration_ms: 1}), 4, {fresh: false})])
  expect(await duration()).toBe(30_000)
  const older = {partition, offset: 5, generation: 0}
  await registers.write([writeOf(eventOf(1, {duration_ms: 2}), 5, {fresh: false, fence: older})])
  expect(await duration()).toBe(30_000)
  const newer = {partition, offset: 5, generation: 2}
  await registers.write([writeOf(eventOf(1, {duration_ms: 3}), 5, {fresh: false, fence: newer})])
  expect(await duration()).toBe(3)
  await registers.write([writeOf(eventOf(1, {duration_ms: null}), 6, {fresh: false})])
  expect(await registers.find(eventOf(1))).toMatchObject({
    duration_ms: null,
    engagement_seconds: null,
    engagement_pct: null,
    src_offset: 6,
  })
  await registers.write([writeOf(eventOf(1), 7, {kind: 'delete'})])
  await registers.write([writeOf(eventOf(1), 6)])
  expect(await duration()).toBeUndefined()
})

test('INV-48: a patch leaves nothing of what an earlier owner set by other metadata', async () => {
  const {registers} = stores
  const event = eventOf(1)
  await registers.write([writeOf(event, 5, {derived: deriveEngagement(event, null)})])
  const row = {event, outboxId: 6, createdAt: NOW_US, processedAt: Date.now(), offset: 5}
  const facts = [
    {content_type: 'podcast', length_seconds: 1800},
    {content_type: 'video', length_seconds: 0},
  ]
  for (const [generation, known] of facts.entries()) {
    const derived = deriveEngagement(event, known)
    await registers.late.patch([{...row, derived}], generation + 2)
    expect(await registers.find(event)).toMatchObject(derived)
  }
})

/** Folds events into rows as the processor does. */
function fold(events: readonly EngagementEvent[]) {
  const rows = new Map<string, {projection: string; key: string; state: unknown}>()
  for (const event of events) {
    for (const projection of ENGAGEMENT_PROJECTIONS) {
      for (const key of projection.keysOf(event)) {
        const id = `${projection.name} ${key}`
        const row = rows.get(id) ?? {
          projection: projection.name,
          key,
          state: projection.create(key),
        }
        projection.apply(row.state, event)
        rows.set(id, row)
      }
    }
  }
  return [...rows.values()]
}

test('raw events are paged newest first, each once, across slices and shards', async () => {
  const events = Array.from({length: 130}, (_, n) =>
    eventOf(n * 5000, {event_ts: NOW_US - n * 60_000_000}),
  )
  await stores.registers.write(events.map((event, offset) => writeOf(event, offset)))
  await stores.aggregates.save(fold(events), {partition, offset: 130, generation: 1})
  const range = {from: 0, to: NOW_US / 1_000_000 + 1}
  const seen: number[] = []
  for (let before: {ts: number; id: number} | undefined; ;) {
    const page = await readEvents(cassandra, content, {
      range,
      limit: 17,
      ...(before === undefined ? {} : {before}),
    })
    seen.push(...page.map(event => event.event_id))
    const last = page.at(-1)
    if (last === undefined) break
    before = {ts: last.event_ts, id: last.event_id}
  }
  expect(seen).toEqual(events.map(event => event.event_id))
})

test('INV-55: a late flush changes nothing, a newer owner keeps the older one out', async () => {
  const {live} = stores
  const runId = await live.runId()
  const flush = async (offset: number, generation: number, renew = true) =>
    await live.flush({
      fence: {partition, offset, generation},
      events: [],
      rows: fold(Array.from({length: offset}, (_, n) => eventOf(n))).map(row => ({...row, offset})),
      leaseUntilMs: Date.now() + 60_000,
      renew,
      runId,
    })
  const reads = createLiveReads(redis!, PARTITIONS)
  const events = async (): Promise<number | undefined> => {
    const totals = (await reads.totals([content])).get(content)
    return totals === undefined || totals === 'unknown' ? undefined : totals.state.eventsOfType(0)
  }
  await live.revoke(partition, 1)
  expect(await events()).toBeUndefined()
  expect(await flush(10, 1, false)).toBe('applied')
  expect(await events()).toBe(10)
  expect(await flush(9, 1)).toBe('lost')
  expect(await flush(12, 0)).toBe('lost')
  expect(await events()).toBe(10)
  // The owner's own new generation keeps its lease.
  expect(await flush(11, 2)).toBe('applied')
  expect(await flush(20, 1)).toBe('lost')
  expect(await events()).toBe(11)
  // Forgotten by the server: the owner has to seed again, and readers believe nothing meanwhile.
  await redis!.send(['FLUSHDB'])
  expect(await flush(13, 2)).toBe('lost')
  expect(await events()).toBeUndefined()
})

test('INV-56: a lease is extended without saying more than it said, and only by who holds it', async () => {
  const {live} = stores
  const runId = await live.runId()
  const key = `ready:engagement:{${partition}}`
  const leftMs = async (): Promise<number> => Number(await redis!.send(['PTTL', key]))
  const first = {
    fence: {partition, offset: 10, generation: 1},
    events: [],
    rows: [],
    leaseUntilMs: Date.now() + 60_000,
    renew: false,
    runId,
  }
  const second = {
    ...first,
    fence: {partition, offset: 20, generation: 2},
    leaseUntilMs: 0,
    extendUntilMs: Date.now() + 300_000,
  }
  await live.revoke(partition, 1)
  expect(await live.flush(second), 'nothing stands').toBe('applied')
  expect(await redis!.send(['EXISTS', key])).toBe(0)
  await live.revoke(partition, 2)
  const standing = {...first, fence: {...first.fence, generation: 2}}
  expect(await live.flush(standing)).toBe('applied')
  expect(await live.flush({...second, renew: true})).toBe('applied')
  expect(await leftMs()).toBeGreaterThan(60_000)
  expect(await live.lease(partition)).toMatchObject({offset: 10, generation: 2})
  await redis!.send(['DEL', key])
  expect(await live.flush({...second, renew: true}), 'the lease is gone').toBe('lost')
  expect(await redis!.send(['EXISTS', key])).toBe(0)
})

test('new events get no hash while there is a backlog, changes of old ones do', async () => {
  const {live} = stores
  const [plain, late, changed] = [eventOf(9001), eventOf(9002), eventOf(9003)]
  const events = [
    {event: plain, withHash: true},
    {event: late, withHash: false},
    {event: changed},
  ].map(each => ({
    ...each,
    kind: 'put' as const,
    derived: null,
    outboxId: 1,
    generation: 3,
    createdAt: 1,
    offset: 1,
  }))
  await live.flush({
    fence: {partition, offset: 30, generation: 3},
    events,
    rows: [],
    leaseUntilMs: 0,
    renew: false,
    runId: await live.runId(),
  })
  const found = await redis!.pipeline(
    [plain, late, changed].map(({event_id}) => ['EXISTS', `engagement_events:event:${event_id}`]),
  )
  expect(found).toEqual([1, 0, 1])
})

test('INV-58: of two hashes of one record that of the later owner stands, in whatever order they come', async () => {
  const {live} = stores
  const event = eventOf(9010)
  const runId = await live.runId()
  const put = async (
    outboxId: number,
    generation: number,
    length_seconds: number,
  ): Promise<string> => {
    const derived = deriveEngagement(event, {content_type: 'podcast', length_seconds})
    const change = {kind: 'put' as const, event, derived, createdAt: 1, offset: 1}
    await live.flush({
      fence: {partition, offset: 30, generation: 3},
      events: [{...change, outboxId, generation}],
      rows: [],
      leaseUntilMs: 0,
      renew: false,
      runId,
    })
    const key = `engagement_events:event:${event.event_id}`
    return String(await redis!.send(['HGET', key, 'length_seconds']))
  }
  expect(await put(5, 2, 100)).toBe('100')
  expect(await put(5, 1, 200), 'of an overtaken owner').toBe('100')
  expect(await put(5, 2, 300), 'a patch of the same owner').toBe('300')
  expect(await put(5, 3, 400), 'of the next owner').toBe('400')
  expect(await put(4, 9, 500), 'of an older change').toBe('400')
  expect(await put(6, 1, 600), 'of a newer change').toBe('600')
})

test('a lease that another server gave is not believed', async () => {
  const {live} = stores
  const runId = await live.runId()
  const fence = {partition, offset: 1, generation: 1}
  const lease = {fence, events: [], rows: [], leaseUntilMs: Date.now() + 60_000, renew: false}
  expect(await live.flush({...lease, runId: 'another'})).toBe('lost')
  expect(await live.flush({...lease, runId})).toBe('applied')
  const reads = createLiveReads(redis!, PARTITIONS)
  expect((await reads.leases())[partition]).toMatchObject({offset: 1, generation: 1})
  await redis!.send(['HSET', `ready:engagement:{${partition}}`, 'run_id', 'yesterday'])
  expect((await reads.leases())[partition]).toBeNull()
})

test('an owner takes the partition from the one before, who may not write any more', async () => {
  const partitions = createPartitionStore(cassandra)
  const first = await partitions.take('topic', 0)
  expect(await partitions.hold('topic', 0, {...first, ceiling: 1000})).toBe(true)
  const takers = await Promise.all([partitions.take('topic', 0), partitions.take('topic', 0)])
  expect(new Set(takers.map(owner => owner.generation))).toEqual(new Set([2, 3]))
  expect(takers.map(owner => owner.ceiling)).toEqual([1000, 1000])
  expect(await partitions.hold('topic', 0, {...first, ceiling: 2000})).toBe(false)
  expect(await partitions.renew('topic', 0, first)).toBeNull()
})

test('two at once bring the tables up to date, and a keyspace from the future is refused', async () => {
  const both = await Promise.all([
    migrateReadModel(keyspace.connection),
    migrateReadModel(keyspace.connection),
  ])
  expect(both.flatMap(({applied}) => applied)).toEqual([])
  await cassandra.execute(
    `INSERT INTO schema_version (scope, version, name) VALUES ('tables', 999, 'later')`,
  )
  await expect(migrateReadModel(keyspace.connection)).rejects.toMatchObject({
    code: 'STATE_CONTRADICTS',
  })
  await cassandra.execute(`DELETE FROM schema_version WHERE scope = 'tables' AND version = 999`)
})

test('viewers of a hit are spilled beside the row and counted whole', async () => {
  const events = Array.from({length: 9000}, (_, n) =>
    eventOf(n, {
      event_ts: NOW_US,
      user_id: `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`,
    }),
  )
  const rows = fold([])
  for (let saved = 0; saved < events.length; saved += 1500) {
    for (const row of fold(events.slice(saved, saved + 1500))) {
      const known = rows.find(
        ({projection, key}) => projection === row.projection && key === row.key,
      )
      if (known === undefined) rows.push(row)
      else {
        const projection = ENGAGEMENT_PROJECTIONS.find(({name}) => name === row.projection)!
        for (const event of events.slice(saved, saved + 1500)) {
          if (projection.keysOf(event).includes(row.key)) projection.apply(known.state, event)
        }
      }
    }
    await stores.aggregates.save(rows, {partition, offset: saved, generation: 1})
  }
  const totals = await createContentReads(cassandra, PARTITIONS).totals(content)
  expect(totals?.state.eventsOfType(0)).toBe(9000)
  const estimate = totals?.state.viewers.estimate() ?? 0
  expect(Math.abs(estimate - 9000)).toBeLessThan(9000 * 0.03)
  const slots = await cassandra.rows(
    'SELECT slot FROM content_viewers WHERE content_id = ? AND period = ?',
    [content, 'total'],
  )
  expect(slots.length).toBeGreaterThan(0)
})

const examples = (language: string): readonly string[] => {
  const text = readFileSync('docs/METRICS.md', 'utf8')
  const [, block] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(text)!
  return block!.trim().split('\n')
}

test('every table has an example in docs/METRICS.md, and each example runs', async () => {
  const queries = examples('cql').map(line => line.replace(/;$/, ''))
  for (const query of queries) await cassandra.rows(query)
  const tables = await cassandra.rows(
    'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?',
    [keyspace.name],
  )
  const shown = new Set(queries.map(query => / FROM (\w+)/.exec(query)![1]))
  expect(shown).toEqual(new Set(tables.map(row => row['table_name'])))
})

test('each redis-cli example of docs/METRICS.md runs, and every kind of key has one', async () => {
  const {live} = stores
  const events = [eventOf(1)]
  await live.flush({
    fence: {partition, offset: 1, generation: 1},
    events: [{...writeOf(events[0]!, 1), offset: 1, generation: 1}],
    rows: fold(events).map(row => ({...row, offset: 1})),
    leaseUntilMs: Date.now() + 60_000,
    renew: false,
    runId: await live.runId(),
  })
  const commands = examples('redis').map(line => line.split(' '))
  for (const command of commands) await redis!.send(command)
  const familyOf = (key: string): string => /^[a-z_]+/.exec(key)![0]
  const shown = new Set(commands.map(([, key]) => familyOf(key!)))
  const keys = (await redis!.send(['KEYS', '*'])) as readonly string[]
  expect([...new Set(keys.map(familyOf))].filter(family => !shown.has(family))).toEqual([])
  expect(keys).toContain('engagement_events:event:1')
})
