/** The stores on real servers: what wins, what is left, and the examples of the documents. */
import {readFileSync} from 'node:fs'
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import {openRedis, type Redis} from '../platform/redis.ts'
import {bytesOf, writeGrouped} from '../readmodel/batches.ts'
import {Entity} from '../readmodel/entity.ts'
import {byAge, eventsOf, positionOf} from '../readmodel/event-reads.ts'
import type {Fields} from '../readmodel/fields.ts'
import {stepOf} from '../readmodel/levels.ts'
import {createLiveReads, type LiveReads} from '../readmodel/live-reads.ts'
import {BODY_BYTES_MAX} from '../readmodel/limits.ts'
import {readGenerations} from '../readmodel/generations.ts'
import {migrateReadModel, readSpace} from '../readmodel/migrate.ts'
import {createPartReader, dropStatements, type DroppedPart} from '../readmodel/parts.ts'
import {createPositions} from '../readmodel/positions.ts'
import type {Projection} from '../readmodel/projection.ts'
import type {RawWrite} from '../readmodel/raw-table.ts'
import {createReferenceTable} from '../readmodel/reference-table.ts'
import {liveKey, markerKey} from '../readmodel/redis-keys.ts'
import {keyOfTexts, type RollupTable} from '../readmodel/rollup-table.ts'
import type {Naming} from '../readmodel/rows.ts'
import {addStep, Step, type WindowTotals} from '../readmodel/step.ts'
import {createStepTable} from '../readmodel/step-table.ts'
import {createStreamStores, type StreamStores} from '../readmodel/stream-stores.ts'
import {Tally} from '../readmodel/tally.ts'
import {loadStreams} from '../streams/load.ts'
import {testKeyspace, testRedisDb, type TestKeyspace} from './isolation.ts'

const NOW_US = Math.floor(Date.now() / 1000) * 1_000_000
const PODCAST = {content_type: 'podcast', length_seconds: 1800}
const streams = await loadStreams('streams/sample')
const engagement = streams.find(({name}) => name === 'engagement')!

let keyspace: TestKeyspace
let cassandra: Cassandra
let redis: Redis | undefined
let space: string
let stores: StreamStores
let reads: LiveReads
/** A source partition of its own for each test; the keyspace is shared, making one takes seconds. */
let partition = -1
const content = 'cccccccc-0000-4000-8000-000000000001'
const userOf = (n: number): string => `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`

beforeAll(async () => {
  keyspace = await testKeyspace(streams)
  cassandra = await openCassandra(keyspace.connection, {keyspace: keyspace.name})
  space = await readSpace(cassandra)
})

beforeEach(async () => {
  partition += 1
  await redis?.close()
  redis = await openRedis(await testRedisDb(), {name: 'test'})
  const deps = {cassandra, redis, parts: createPartReader(cassandra), space}
  stores = createStreamStores(engagement, deps, {lifeMs: 60_000, hashTtlS: 3600})
  reads = createLiveReads(redis, {space, stream: 'engagement', partitions: partition + 1})
})

afterAll(async () => {
  await redis?.close()
  await cassandra.close()
  await keyspace.drop()
})

const eventOf = (id: number, changes: Fields = {}): Fields => ({
  event_id: id,
  content_id: content,
  user_id: userOf(id % 50),
  event_type: 'play',
  event_ts: NOW_US - id * 1_000_000,
  duration_ms: 30_000,
  device: 'ios',
  raw_payload: null,
  ...changes,
})

const shownOf = (event: Fields, known: Fields | null) => stores.shown.valuesOf(event, () => known)

const writeOf = (event: Fields, offset: number, changes: Partial<RawWrite> = {}): RawWrite => ({
  kind: 'put',
  event,
  shown: shownOf(event, PODCAST),
  outboxId: offset + 1,
  createdAt: NOW_US,
  fresh: true,
  offset,
  takeover: 1,
  processedAt: Date.now(),
  ...changes,
})

const find = async (id: number) => (await stores.raw.read([id], partition))[0]

test('INV-54: the write of the higher offset wins whole, at one offset that of the later takeover', async () => {
  const write = (...writes: RawWrite[]): Promise<void> => stores.raw.write(writes, partition)
  const duration = async (): Promise<unknown> => (await find(1))?.event['duration_ms']
  const other = (duration_ms: number | null, offset: number, changes: Partial<RawWrite> = {}) =>
    writeOf(eventOf(1, {duration_ms}), offset, {fresh: false, ...changes})
  await write(writeOf(eventOf(1), 5, {takeover: 2}))
  // A zombie, late: it must not win.
  await write(other(1, 4, {takeover: 3}))
  expect(await duration()).toBe(30_000)
  await write(other(2, 5, {takeover: 1}))
  expect(await duration()).toBe(30_000)
  await write(other(3, 5, {takeover: 3}))
  expect(await duration()).toBe(3)
  await write(other(null, 6))
  expect(await find(1)).toMatchObject({
    event: {duration_ms: null},
    shown: {engagement_seconds: null, engagement_pct: null},
    offset: 6,
  })
  await write(writeOf(eventOf(1), 7, {kind: 'delete'}))
  await write(writeOf(eventOf(1), 6, {takeover: 9}))
  expect(await find(1)).toBeNull()
})

test('INV-48: a patch leaves nothing of what an earlier owner showed by other metadata', async () => {
  const event = eventOf(1)
  await stores.raw.write([writeOf(event, 5, {shown: shownOf(event, null)})], partition)
  for (const [n, known] of [PODCAST, {content_type: 'video', length_seconds: 0}, null].entries()) {
    const shown = shownOf(event, known)
    const patch = {shown, isPatch: true, fresh: false, takeover: n + 2}
    await stores.raw.write([writeOf(event, 5, patch)], partition)
    expect((await find(1))?.shown).toEqual(shown)
  }
  // Written as new by an owner who may repeat it: what it does not show is cleared, too.
  const again = {shown: shownOf(event, null), takeover: 9, mayRepeat: true}
  await stores.raw.write(
    [writeOf(event, 5, {shown: shownOf(event, PODCAST), takeover: 8})],
    partition,
  )
  await stores.raw.write([writeOf(event, 5, again)], partition)
  expect((await find(1))?.shown).toEqual(again.shown)
})

test('a reference that comes again after it was deleted has nothing of what it was before', async () => {
  const stream = streams.find(({isReference}) => isReference)!
  const table = createReferenceTable(cassandra, stream)
  const row = {id: content, slug: 's', title: 't', publish_ts: NOW_US + 7}
  const known = {...row, ...PODCAST}
  const of = (outboxId: number, changes: Fields, isDeleted = false) => {
    const own = {...row, ...changes}
    return {id: content, row: own, outboxId, createdAt: NOW_US, isDeleted, isFresh: !isDeleted}
  }
  const load = async (): Promise<unknown> => (await table.load([content])).get(content)?.row
  await table.save([of(1, known)])
  expect(await load()).toEqual(known)
  await table.save([of(2, known, true)])
  await table.save([of(3, {content_type: 'video'})])
  expect(await load()).toEqual({...row, content_type: 'video', length_seconds: null})
  await table.save([of(2, known)])
  expect((await table.load([content])).get(content)).toMatchObject({outboxId: 3})
})

let names = 0
const dropped: DroppedPart[] = []
const NAMING: Naming = {namePart: () => ++names, drop: part => void dropped.push(part)}

/** The table of the first rollup. */
const tableOf = () => stores.projections[0]!.table as RollupTable

/** Folds and saves as the processor does. */
async function save(entity: Entity, events: readonly Fields[], offset: number): Promise<void> {
  const {plan} = stores
  const [rollup] = plan.rollups
  const table = tableOf()
  const key = keyOfTexts(rollup!.keyOf(events[0]!))
  for (const [i, event] of events.entries()) {
    plan.inputs.read(event, {timeUs: plan.timeOf(event), id: plan.idOf(event)})
    if (entity.prepare(plan.timeOf(event))) await table.loadMissing!(key, entity, partition)
    entity.apply(rollup!.splitsOf(event), plan.inputs, offset - events.length + 1 + i)
  }
  const {parts, before, rows, commit} = table.encode(key, entity, {partition, offset}, NAMING)
  for (const statements of [parts, before, rows]) await writeGrouped(cassandra, statements)
  commit()
}

async function totalsOf(): Promise<Fields | null> {
  const entity = await tableOf().root(content, partition)
  if (entity === null) return null
  const tally = new Tally(stores.plan.rollups[0]!)
  for (const bucket of entity.totalParts) {
    tally.add(bucket, place => entity.places.valuesOf(place))
  }
  return tally.values()
}

test('INV-54: a row of aggregates that comes late changes nothing', async () => {
  const {plan} = stores
  const events = [1, 2, 3].map(id => eventOf(id))
  await save(new Entity(plan.rollups[0]!), events, 9)
  await save(new Entity(plan.rollups[0]!), events.slice(0, 1), 8)
  expect(await totalsOf()).toMatchObject({events: 3, engagement_seconds: 90})
  await save(new Entity(plan.rollups[0]!), events.slice(0, 2), 10)
  expect(await totalsOf()).toMatchObject({events: 2, engagement_seconds: 60})
})

test('buckets of a level are found by a range, the open one in the root alone', async () => {
  const minute = Math.floor(NOW_US / 60_000_000) * 60
  const at = [-180, -120, -60, 0].map((seconds, id) =>
    eventOf(id, {event_ts: (minute + seconds) * 1_000_000}),
  )
  await save(new Entity(stores.plan.rollups[0]!), at, 4)
  const buckets = async (from: number, to: number) => {
    const found = await tableOf().buckets(
      {key: content, partition, level: 'minute'},
      {from: minute + from, to: minute + to},
    )
    return found.map(({bucket}) => bucket.start - minute)
  }
  expect(await buckets(-600, 600)).toEqual([-180, -120, -60])
  expect(await buckets(-120, -60)).toEqual([-120])
  const root = await tableOf().root(content, partition)
  expect(root?.newestOf('minute')).toBe(minute)
  expect(await tableOf().root(content, partition + 1)).toBeNull()
})

test('INV-52: users of a hit are spilled beside the row, and counted whole', async () => {
  const entity = new Entity(stores.plan.rollups[0]!)
  const batch = (n: number): readonly Fields[] =>
    Array.from({length: 3000}, (_, i) => {
      const id = 3000 * n + i
      return eventOf(id, {event_ts: NOW_US, user_id: userOf(id), device: `device ${id % 40}`})
    })
  const before = names
  for (let n = 0; n < 3; n++) await save(entity, batch(n), 3000 * (n + 1))
  expect(names).toBeGreaterThan(before)
  const totals = await totalsOf()
  expect(totals).toMatchObject({events: 9000})
  expect(Math.abs(Number(totals!['unique_viewers']) - 9000)).toBeLessThan(9000 * 0.03)
})

test('INV-52: a row that is too large lies in parts, which go when it is written again', async () => {
  const {plan, projections} = stores
  const [window] = plan.tops
  const {table} = projections.find(({id}) => id === window!.id)! as Projection<Step>
  const steps = createStepTable(cassandra, window!, createPartReader(cassandra))
  const step = new Step(window!)
  const start = stepOf(NOW_US)
  const saveStep = async (offset: number): Promise<void> => {
    for (let n = 0; n < 3000; n++) {
      const event = eventOf(n, {event_ts: NOW_US, content_id: userOf(n)})
      plan.inputs.read(event, {timeUs: plan.timeOf(event), id: plan.idOf(event)})
      step.fold(window!.keyOf(event)!, plan.inputs, offset, 1)
    }
    const encoded = table.encode(String(start), step, {partition, offset}, NAMING)
    const bytes = encoded.rows.map(({statement}) => bytesOf(statement))
    expect(Math.max(...bytes)).toBeLessThan(BODY_BYTES_MAX)
    expect(encoded.parts.length).toBeGreaterThan(1)
    await writeGrouped(cassandra, encoded.parts)
    await writeGrouped(cassandra, encoded.rows)
    encoded.commit()
  }
  const check = async (events: number): Promise<void> => {
    const [found] = await steps.window(partition, NOW_US / 1e6)
    const totals: WindowTotals = new Map()
    addStep(totals, window!, found!.body)
    expect([...totals].filter(([, sums]) => sums.events !== events)).toEqual([])
    expect(totals.size).toBe(3000)
  }
  dropped.length = 0
  await saveStep(1)
  await check(1)
  const lives = await cassandra.rows(
    `SELECT ttl(body) AS life FROM parts WHERE rollup = '${window!.id}' ALLOW FILTERING`,
  )
  const days = lives.map(({life}) => Math.ceil(Number(life) / 86_400))
  expect(new Set(days), 'they go with the row, if nobody drops them').toEqual(new Set([3]))
  expect(dropped).toEqual([])
  await saveStep(2)
  expect(dropped.length).toBeGreaterThan(1)
  await writeGrouped(cassandra, dropStatements(dropped, partition))
  await check(2)
  const loaded = (await table.load([String(start)], partition)).get(String(start))
  expect([loaded?.size, loaded?.guard]).toEqual([3000, 2])
})

test('events of a content are read newest first, each once, as they are now', async () => {
  const {plan, raw, files} = stores
  const events = Array.from({length: 130}, (_, n) =>
    eventOf(n * 5000, {event_ts: NOW_US - n * 60_000_000}),
  )
  await raw.write(
    events.map((event, offset) => writeOf(event, offset)),
    partition,
  )
  const filings = events.map((event, offset) => {
    return {id: plan.idOf(event), key: content, timeUs: plan.timeOf(event), offset}
  })
  let slot = 0
  // Filed again after a crash.
  for (let n = 0; n < 2; n++) await files.append(filings, partition, () => slot++)
  await raw.write([writeOf(events[7]!, 200, {kind: 'delete'})], partition)
  const question = {partition, key: content}
  const range = {from: NOW_US / 1e6 - 7200, to: NOW_US / 1e6 + 1}
  const seen = []
  for await (const page of eventsOf({plan, raw, files}, question, range)) {
    seen.push(...page.map(event => positionOf(plan, event)))
  }
  const left = events.filter((event, n) => n !== 7 && Number(event['event_ts']) >= range.from * 1e6)
  const wanted = left.map(event => ({at: plan.timeOf(event)!, id: plan.idOf(event)}))
  expect(seen).toEqual(wanted.toSorted(byAge))
})

const runOf = (takeover: number, name = `run ${takeover}`) => ({
  takeover,
  name: `${space}.${name}`,
})

function liveFlush(takeover: number, sequence: number, text: string) {
  const key = liveKey(space, partition, 'values', 'k')
  const value = {fields: ['a', text], ttlS: 900, offset: sequence, isFirst: true, isWhole: true}
  const run = runOf(takeover)
  return {run, sequence, values: [{...value, key}], offset: sequence, since: null, steps: null}
}

const valueOf = async (): Promise<string | undefined> => {
  const [row] = await reads.rows('values', ['a'], [{partition, key: 'k'}])
  return row?.fieldOf('a')?.toString()
}

test('INV-37: a late call changes nothing, and a later owner keeps the earlier one out', async () => {
  const {live} = stores
  const flush = async (takeover: number, sequence: number, text: string) =>
    (await live.flush(partition, liveFlush(takeover, sequence, text))).outcome
  expect(await flush(1, 0, 'before'), 'nothing stands').toBe('over')
  expect(await valueOf()).toBeUndefined()
  expect(await live.begin(partition, runOf(1), 3)).toBe(true)
  expect(await flush(1, 0, 'first')).toBe('applied')
  expect(await flush(1, 0, 'the same, late')).toBe('over')
  expect(await flush(1, 2, 'out of order')).toBe('over')
  expect(await valueOf()).toBe('first')
  expect(await live.begin(partition, runOf(2), 5)).toBe(true)
  expect(await flush(1, 1, 'dethroned')).toBe('over')
  expect(await live.begin(partition, runOf(1, 'again'), 9), 'an earlier owner').toBe(false)
  expect((await reads.markers())[partition]).toMatchObject({run: `${space}.run 2`, offset: 5})
  expect(await valueOf(), 'of the run before').toBeUndefined()
  expect(await flush(2, 0, 'second')).toBe('applied')
  expect(await valueOf()).toBe('second')
})

test('INV-37: nothing is believed but what carries the present run', async () => {
  const {live} = stores
  await live.begin(partition, runOf(1), 3)
  const {values} = liveFlush(1, 0, 'true')
  await live.flush(partition, liveFlush(1, 0, 'true'))
  expect(await valueOf()).toBe('true')
  await redis!.send(['HSET', values[0]!.key, 'run', 'yesterday'])
  expect(await valueOf()).toBeUndefined()
  await redis!.send(['HSET', values[0]!.key, 'run', runOf(1).name])
  expect(await valueOf()).toBe('true')
  // Forgotten by the server: the owner has to begin again, and readers believe nothing meanwhile.
  await redis!.send(['DEL', markerKey(space, 'engagement', partition)])
  expect(await valueOf()).toBeUndefined()
  expect((await live.flush(partition, liveFlush(1, 1, 'late'))).outcome).toBe('over')
  expect(await redis!.send(['HGET', values[0]!.key, 'a'])).toBe('true')
})

test('a change of what the server has evicted ends the run, and is not there in part', async () => {
  const {live} = stores
  await live.begin(partition, runOf(1), 3)
  const {values, ...rest} = liveFlush(1, 0, 'whole')
  await live.flush(partition, {...rest, values, steps: {window: [10]}})
  expect((await reads.markers())[partition]).toMatchObject({steps: {window: [10]}})
  const {key} = values[0]!
  await redis!.send(['DEL', key])
  const change = {...values[0]!, fields: ['b', 'part'], isFirst: false}
  const flushed = await live.flush(partition, {...rest, sequence: 1, values: [change]})
  expect(flushed.outcome).toBe('over')
  expect(await redis!.send(['EXISTS', key])).toBe(0)
})

test('what carries many fields goes in several calls, and is there as a whole', async () => {
  const {live} = stores
  await live.begin(partition, runOf(1), 3)
  const fieldNames = Array.from({length: 2500}, (_, n) => `f${n}`)
  const {values, ...rest} = liveFlush(1, 0, '')
  const value = {...values[0]!, fields: fieldNames.flatMap(name => [name, name]), isFirst: true}
  const {outcome, sequence} = await live.flush(partition, {...rest, values: [value]})
  expect({outcome, isLater: sequence > 1}).toEqual({outcome: 'applied', isLater: true})
  const [row] = await reads.rows('values', fieldNames, [{partition, key: 'k'}])
  expect(fieldNames.filter(name => row?.fieldOf(name)?.toString() !== name)).toEqual([])
  expect((await live.flush(partition, liveFlush(1, sequence, 'next'))).outcome).toBe('applied')
})

interface HashAt {
  readonly kind?: 'put' | 'delete'
  readonly offset?: number
  /** Source partition. */
  readonly from?: number
}

test('INV-48: of two hashes of one record that of the later owner stands, in whatever order they come', async () => {
  const event = eventOf(9010)
  const put = async (
    outboxId: number,
    takeover: number,
    length_seconds: number,
    {kind = 'put', offset = outboxId, from = partition}: HashAt = {},
  ): Promise<unknown> => {
    const shown = shownOf(event, {...PODCAST, length_seconds})
    const change = {...writeOf(event, 1), kind, shown, outboxId, offset}
    await stores.live.hashes!.write([change], runOf(takeover), from)
    return await redis!.send(['HGET', 'engagement_events:event:9010', 'length_seconds'])
  }
  expect(await put(5, 2, 100)).toBe('100')
  expect(await put(5, 1, 200), 'of an overtaken owner').toBe('100')
  expect(await put(5, 2, 300), 'a patch of the same owner').toBe('300')
  expect(await put(5, 3, 400), 'of the next owner').toBe('400')
  expect(await put(4, 9, 500), 'of an older change').toBe('400')
  expect(await put(6, 1, 600), 'of a newer change').toBe('600')
  const moved = {from: partition + 1, offset: 3}
  expect(await put(5, 9, 650, moved), 'of an older change in another partition').toBe('600')
  expect(await put(3, 1, 660, {offset: 7}), 'ids of the outbox went back').toBe('660')
  expect(await put(7, 1, 670, moved), 'of a newer change in another partition').toBe('670')
  const left = ['run', 'another.run', 'src_offset', '99', 'outbox_id', '99', 'takeover', '9']
  await redis!.send(['HSET', 'engagement_events:event:9010', ...left])
  expect(await put(3, 1, 690), 'what another generation left gives way').toBe('690')
  expect(await put(8, 1, 0, {kind: 'delete'}), 'deleted').toBeNull()
  expect(await put(7, 9, 700), 'older than the deletion').toBeNull()
  await stores.live.begin(partition, runOf(1), 3)
  expect(await reads.event('engagement_events:event', 9010)).toMatchObject({
    deletedBy: {outboxId: 8, partition, offset: 8},
  })
})

test('an owner takes the partition from the one before, who may not write any more', async () => {
  const positions = createPositions(cassandra)
  const first = await positions.take('topic', 0)
  expect(await positions.hold('topic', 0, {...first, ceiling: 1000})).toBe(true)
  const takers = await Promise.all([positions.take('topic', 0), positions.take('topic', 0)])
  expect(new Set(takers.map(owner => owner.takeover))).toEqual(new Set([2, 3]))
  expect(takers.map(owner => owner.ceiling)).toEqual([1000, 1000])
  expect(await positions.hold('topic', 0, {...first, ceiling: 2000})).toBe(false)
  const present = takers.find(owner => owner.takeover === 3)!
  expect(await positions.hold('topic', 0, {...present, ceiling: 2000})).toBe(true)
  expect(await positions.hold('topic', 0, {...present, ceiling: 1500}), 'it is beyond').toBe(true)
  expect((await positions.take('topic', 0)).ceiling).toBe(2000)
})

test('two at once bring the tables up to date, and those of another declaration are left alone', async () => {
  const both = await Promise.all([
    migrateReadModel(keyspace.connection, streams),
    migrateReadModel(keyspace.connection, streams),
  ])
  expect(both.flatMap(({applied}) => applied)).toEqual([])
  const [rollup, ...others] = engagement.rollups
  const changed = {...engagement, rollups: [{...rollup!, split: ['device']}, ...others]}
  const before = await readGenerations(cassandra, keyspace.name)
  expect(await migrateReadModel(keyspace.connection, [changed])).toMatchObject({
    applied: [],
    outdated: ['engagement'],
  })
  expect(await readGenerations(cassandra, keyspace.name)).toEqual(before)
})

const examples = (language: string): readonly string[] => {
  const text = readFileSync('docs/METRICS.md', 'utf8')
  const [, block] = new RegExp(`\`\`\`${language} run\n([^]*?)\`\`\``).exec(text)!
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
  const write = {...writeOf(eventOf(1), 1), kind: 'put'} as const
  await live.begin(partition, runOf(1), 0)
  await live.flush(partition, liveFlush(1, 0, 'a'))
  await live.hashes!.write([write], runOf(1), partition)
  await live.hashes!.note('1', 1, partition)
  const kindOf = (key: string): string => {
    const [, rest] = /^\w+:\{\d+\}:(.*)$/.exec(key) ?? []
    if (rest === undefined) return key.split(/[:{]/)[0]!
    return /^\w+:(live|hashes|awaited)$/.exec(rest)?.[1] ?? 'row'
  }
  const keys = (await redis!.send(['KEYS', '*'])) as readonly string[]
  const commands = examples('redis').map(line => line.split(' '))
  for (const command of commands) await redis!.send(command)
  const shown = new Set(commands.map(([, key]) => kindOf(key!)))
  const named = streams.flatMap(({rollups}) => rollups.flatMap(({hash}) => hash ?? []))
  const kinds = new Set([...keys.map(kindOf), ...named, 'awaited'])
  expect([...kinds].filter(kind => !shown.has(kind))).toEqual([])
  expect(keys).toContain('engagement_events:event:1')
})
