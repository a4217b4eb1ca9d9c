/**
 * The doubles of the processor's model against the real servers: whatever the stores do, in whatever order,
 * both say the same.
 */
import * as fc from 'fast-check'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import {openRedis, type Redis} from '../platform/redis.ts'
import {writeGrouped} from '../readmodel/batches.ts'
import type {Fields} from '../readmodel/fields.ts'
import {createLiveReads} from '../readmodel/live-reads.ts'
import {createPartReader} from '../readmodel/parts.ts'
import {barePosition, createPositions} from '../readmodel/positions.ts'
import {tablesFor} from '../readmodel/schema.ts'
import {createStaleTable, dropBlock, staleStatements} from '../readmodel/stale-table.ts'
import {createStreamStores} from '../readmodel/stream-stores.ts'
import {connectTo, FakeCassandra} from './fakes/cassandra.ts'
import {connectToRedis, FakeRedis} from './fakes/redis.ts'
import {testKeyspace, testRedisDb, type TestKeyspace} from './isolation.ts'
import {model} from './model-stream.ts'

const SEED = {seed: Number(process.env['PROPERTY_SEED'] ?? 20_260_101)}
const RUNS = 40
const NOW_S = 1_800_000_000
const IDS = 6

let keyspace: TestKeyspace
let cassandra: Cassandra
let redis: Redis
const fakeCassandra = new FakeCassandra()
const fakeRedis = new FakeRedis(Date.now)
/** Each run has partitions, keys and ids of its own. */
let runs = 0

beforeAll(async () => {
  keyspace = await testKeyspace([model])
  cassandra = await openCassandra(keyspace.connection, {keyspace: keyspace.name})
  redis = await openRedis(await testRedisDb(), {name: 'test'})
  fakeCassandra.create(tablesFor([model]).map(({statement}) => statement))
})

afterAll(async () => {
  await redis.close()
  await cassandra.close()
  await keyspace.drop()
})

interface Servers {
  readonly cassandra: Cassandra
  readonly redis: Redis
}

function openStores(servers: Servers, run: number) {
  const space = `run${run}`
  const parts = createPartReader(servers.cassandra)
  const live = {lifeMs: 60_000, hashTtlS: 3600}
  const slots = {next: 0}
  return {
    ...servers,
    ...createStreamStores(model, {...servers, parts, space}, live),
    reads: createLiveReads(servers.redis, {space, stream: model.name, partitions: 1}),
    positions: createPositions(servers.cassandra),
    staleRows: createStaleTable(servers.cassandra),
    partition: run,
    topic: `topic ${run}`,
    nextSlot: () => slots.next++,
  }
}
type Stores = ReturnType<typeof openStores>

/** What happens to both, and what each answers. */
type Act = (stores: Stores) => Promise<unknown>

const offsets = fc.nat(8)
const takeovers = fc.integer({min: 1, max: 3})
const ids = fc.nat(IDS - 1)

/** Of its id and offset alone: what is written at one timestamp is always the same. */
const eventOf = (id: number, offset: number): Fields => ({
  id,
  content: offset % 4 === 3 ? null : `c${offset % 3}`,
  at: offset % 5 === 4 ? null : (NOW_S - 600 * offset) * 1_000_000 + offset,
  value: offset % 3 === 2 ? null : 1000 * offset,
  status: offset % 2 === 0 ? 'paid' : null,
  position: null,
})
const ownId = ({partition}: Stores, id: number): number => IDS * partition + id
const change = (id: number, offset: number, takeover: number) => ({
  event: eventOf(id, offset),
  shown: {},
  outboxId: offset + 1,
  createdAt: NOW_S * 1_000_000,
  processedAt: NOW_S * 1000,
  offset,
  takeover,
})
const kinds = fc.constantFrom('put', 'delete')

const raw = fc
  .tuple(ids, offsets, takeovers, kinds, fc.boolean(), fc.boolean())
  .map(([id, offset, takeover, kind, fresh, isPatch]): Act => async ({raw: table, partition}) => {
    const write = {...change(id, offset, takeover), kind, fresh, isPatch}
    await table.write([write], partition)
    return await table.read(
      Array.from({length: IDS}, (_, n) => n),
      partition,
    )
  })

const files = fc
  .array(fc.tuple(ids, offsets), {minLength: 1, maxLength: 4})
  .map((filed): Act => async ({files: table, plan, partition, nextSlot}) => {
    const filings = filed.map(([id, offset]) => {
      const event = eventOf(id, offset)
      return {id, key: plan.keyOf(event) ?? '', timeUs: plan.timeOf(event), offset}
    })
    await table.append(filings, partition, nextSlot)
    const found = filings.map(({key, timeUs}) => table.read(key, partition, timeUs))
    return await Promise.all(found)
  })

const aggregates = fc
  .tuple(fc.nat(20), offsets, fc.array(fc.tuple(ids, offsets), {maxLength: 5}))
  .map(([n, offset, folded]): Act => async ({projections, plan, partition, cassandra: db}) => {
    const projection = projections[n % projections.length]!
    const {table} = projection
    const events = folded.map(([id, own]) => eventOf(id, own))
    const [key] = events.flatMap(event => projection.keysOf(event))
    if (key === undefined) return null
    const fence = {partition, offset}
    const naming = {namePart: () => 0, drop: () => undefined}
    const state = projection.create(key)
    for (const [i, event] of events.entries()) {
      if (!projection.keysOf(event).includes(key)) continue
      plan.inputs.read(event, {timeUs: plan.timeOf(event), id: plan.idOf(event)})
      projection.prepare?.(state, event)
      await projection.table.loadMissing?.(key, state, partition)
      projection.apply(state, event, i)
    }
    const {parts, before, rows} = table.encode(key, state, fence, naming)
    for (const statements of [parts, before, rows]) await writeGrouped(db, statements)
    const loaded = (await table.load([key], partition)).get(key)!
    return table.encode(key, loaded, fence, naming).rows.map(({statement}) => statement.params)
  })

const ownership = fc
  .tuple(fc.constantFrom('take', 'hold', 'save'), takeovers, offsets)
  .map(([what, takeover, offset]): Act => async ({positions, topic, partition}) => {
    if (what !== 'save') {
      const {holder, ...own} = await positions.take(topic, partition)
      if (what === 'take') return own
      // Of somebody else, then its own, then one that would take it back.
      const ceilings = [offset, offset, own.ceiling - 1]
      const holds: boolean[] = []
      for (const [i, ceiling] of ceilings.entries()) {
        const one = {...own, holder: i === 0 ? 'nobody' : holder, ceiling}
        holds.push(await positions.hold(topic, partition, one))
      }
      return holds
    }
    await positions.save({topic, partition, takeover}, barePosition(offset, 'space'))
    await positions.saveStale({topic, partition, takeover}, offset + 1, [
      {takeover, number: offset},
    ])
    return await positions.load(topic, partition)
  })

const stale = fc
  .tuple(
    fc.constantFrom('write', 'drop'),
    fc.nat(2),
    fc.array(fc.nat(5), {minLength: 1, maxLength: 4}),
  )
  .map(([what, number, keys]): Act => async ({staleRows, topic, partition, cassandra: db}) => {
    const block = {topic, partition, at: {takeover: 1, number}}
    const rows = keys.map(n => ({projection: 'p', key: `k${n}`, level: 'hour', start: 3600 * n}))
    await writeGrouped(db, what === 'write' ? staleStatements(block, rows) : [dropBlock(block)])
    return await staleRows.read(block)
  })

const runOf = (takeover: number) => ({name: `run of ${takeover}`, takeover})

const begin = fc.tuple(takeovers, offsets).map(
  ([takeover, offset]): Act =>
    async ({live}) =>
      await live.begin(0, runOf(takeover), offset),
)

const flush = fc
  .record({
    takeover: takeovers,
    sequence: fc.nat(3),
    offset: fc.option(offsets),
    since: fc.option(fc.constant(NOW_S)),
    steps: fc.option(fc.constant({window: [NOW_S]})),
    isFirst: fc.boolean(),
    isWhole: fc.boolean(),
    fields: fc.array(fc.constantFrom('a', 'b', 'c'), {maxLength: 2}),
  })
  .map(
    ({takeover, sequence, offset, since, steps, isFirst, isWhole, fields}): Act =>
      async ({live, reads, plan, partition}) => {
        const projection = plan.rollups[0]!.id
        const value = {
          key: `run${partition}:{0}:${projection}:k`,
          fields: fields.flatMap(name => [name, Buffer.from([takeover, sequence])]),
          ttlS: 900,
          offset: sequence,
          isFirst,
          isWhole,
        }
        const own = {run: runOf(takeover), sequence, values: [value], offset, since, steps}
        const answer = await live.flush(0, own)
        const [row] = await reads.rows(projection, ['a', 'b', 'c'], [{partition: 0, key: 'k'}])
        const [marker] = await reads.markers()
        return {
          answer,
          row: row && [row.offset, ...['a', 'b', 'c'].map(name => row.fieldOf(name))],
          marker,
        }
      },
  )

const hashes = fc
  .tuple(ids, offsets, takeovers, kinds, offsets, fc.nat(1))
  .map(([id, offset, takeover, kind, outboxId, from]): Act => async stores => {
    const {live, reads} = stores
    const own = ownId(stores, id)
    const {event, ...rest} = change(id, offset, takeover)
    const live1 = {...rest, kind, outboxId, event: {...event, id: own}}
    await live.hashes!.write([live1], runOf(takeover), from)
    const isNoted = (await live.hashes!.note(`${offset}`, own, 0)) > 0
    const noted = await live.hashes!.noted(0)
    if (offset === 0) await live.hashes!.forget([own], 0)
    const left = await live.hashes!.noted(0)
    return {found: await reads.event('model:event', own), isNoted, noted, left}
  })

test('stores get the same answers of the doubles as of Cassandra and Redis', async () => {
  const acts = fc.array(fc.oneof(raw, files, aggregates, ownership, stale, begin, flush, hashes), {
    minLength: 10,
    maxLength: 40,
    size: 'max',
  })
  const check = async (list: readonly Act[]): Promise<void> => {
    runs += 1
    const real = openStores({cassandra, redis}, runs)
    const fake = openStores(
      {cassandra: connectTo(fakeCassandra), redis: connectToRedis(fakeRedis)},
      runs,
    )
    for (const act of list) expect(await act(fake)).toEqual(await act(real))
    const pagesOf = async ({files: table, partition}: Stores): Promise<unknown> => {
      const found = []
      for (let from: string | null = null; ;) {
        const at = {partition, timeUs: null, shard: 0, from}
        const {events, next}: Awaited<ReturnType<typeof table.page>> = await table.page(at)
        found.push(...events)
        if (next === null) return found
        from = next
      }
    }
    expect(await pagesOf(fake)).toEqual(await pagesOf(real))
  }
  await fc.assert(fc.asyncProperty(acts, check), {...SEED, numRuns: RUNS})
}, 120_000)
