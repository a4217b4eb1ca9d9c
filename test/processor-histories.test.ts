/** Histories that broke an earlier engine, run through the whole owner against doubles of its servers. */
import {pino} from 'pino'
import {expect, test, vi} from 'vitest'
import type {ConsumedRecord} from '../platform/kafka.ts'
import {createMetrics} from '../platform/metrics.ts'
import {readProcessorConfig, type ProcessorConfig} from '../processor/config.ts'
import {createProcessorMetrics} from '../processor/metrics.ts'
import {createPartitionOwner} from '../processor/partition-owner.ts'
import {takePartition} from '../processor/partition-start.ts'
import {createSlices} from '../processor/slices.ts'
import {decideStart} from '../processor/start-check.ts'
import {createBudget} from '../processor/state-cache.ts'
import {createLiveReads} from '../readmodel/live-reads.ts'
import {createPositions} from '../readmodel/positions.ts'
import type {WindowTotals} from '../readmodel/step.ts'
import {connectTo} from './fakes/cassandra.ts'
import {connectToRedis} from './fakes/redis.ts'
import {model} from './model-stream.ts'
import type {ModelRecord} from './processor-history.ts'
import {unavailable, World} from './processor-world.ts'

const NAME = {topic: 'model', partition: 0}
const QUICK = {
  ...readProcessorConfig({}),
  checkpointMs: 1,
  checkpointMaxMs: 50,
  checkpointRowsPerSecond: 1_000_000,
  retryMs: 1,
  mendAgainMs: 1,
  rawEveryMs: 0,
  rawBusyMs: 0,
  liveEveryMs: 1,
} as const satisfies ProcessorConfig
const NOW_US = Math.floor(Date.now() / 10_000) * 10_000_000

interface Change {
  readonly op: 'c' | 'u' | 'd' | 'r'
  readonly id: number
  readonly content?: string
  readonly value?: number
  /** Microseconds since 1970. */
  readonly at?: number
}

const toRecord = (change: Change, offset: number): ModelRecord => {
  const {op, id, content = 'c', value = 1, at = NOW_US} = change
  const row = {id, content, at, value, status: null, position: null}
  const sender = {lanes: 1, lane: 0, epoch: 1, redelivered: false}
  const before = op === 'u' || op === 'd' ? row : null
  return {...row, ...sender, op, before, outbox_id: offset + 1, created_at: NOW_US + offset}
}

/** One owner from the start of a log that grows. */
async function start(
  config: Partial<ProcessorConfig> = {},
  {redisIsAway = false, stateRowsMax = 10_000, turnsPerWrite = 0} = {},
) {
  const budget = createBudget({entriesMax: stateRowsMax, bytesMax: 1e9})
  let rowsMost = 0
  const world = new World(1)
  const given = world.storesOf({dead: false, failOneIn: 0, turnsMax: 0})
  if (redisIsAway) {
    const away = async (): Promise<never> => await Promise.reject(unavailable())
    const live = {connection: 0, begin: away, flush: away, hashes: undefined}
    Object.assign(given.stores, {live})
  }
  const written: string[] = []
  const log: ModelRecord[] = []
  const metrics = createProcessorMetrics(createMetrics())
  const stop = new AbortController()
  const patience = {attempts: 3, firstDelayMs: 1, maxDelayMs: 1, signal: stop.signal}
  const taken = await takePartition(NAME, given.positions, patience)
  const decision = decideStart({begin: 0, end: 0, committed: null}, taken.position, world.space)
  if (decision.kind === 'stand') throw new Error(decision.cause)
  let committed = 0
  const owner = createPartitionOwner(
    NAME,
    {
      ...given,
      async write(statements) {
        written.push(...statements.map(({partition}) => partition.split('/', 1)[0]!))
        for (let turns = 0; turns < turnsPerWrite; turns++) await new Promise(setImmediate)
        rowsMost = Math.max(rowsMost, budget.entries)
        await given.write(statements)
      },
      references: new Map(),
      decoder: {
        decode: (value: Buffer) => structuredClone(log[Number(value.toString())]),
        prepare: async () => {},
      },
      budget,
      slices: createSlices(),
      start: {...taken, ...decision, end: 0, partitions: 1},
      hashBytesMax: 1e9,
      isNamed: () => true,
      publishDeadLetters: async () => {},
      commit: async next => void (committed = next),
      metrics,
      log: pino({level: 'silent'}),
      now: Date.now,
    },
    {...QUICK, ...config},
  )
  const ended = owner.run(stop.signal)
  const recordAt = (offset: number): ConsumedRecord => {
    const value = Buffer.from(String(offset))
    return {...NAME, offset, timestampMs: 0, key: null, value, headers: {}}
  }
  return {
    world,
    metrics,
    ended,
    /** The client starts over there. */
    goBack: (offset: number) =>
      owner.push(
        log.slice(offset).map((_record, i) => recordAt(offset + i)),
        log.length,
      ),
    /** An unclean election: from an offset on the log holds something else. */
    elect(offset: number, changes: readonly Change[]) {
      log.length = offset
      log.push(...changes.map((change, i) => toRecord(change, offset + i + 1000)))
    },
    /** Aggregates that were written, by their tables. */
    written,
    isDurable: () => committed === log.length,
    /** The most rows that were in memory at a write. */
    rowsMost: () => rowsMost,
    /** The fold waits for nothing but the stores. */
    async append(changes: readonly Change[]) {
      const first = log.length
      log.push(...changes.map((change, i) => toRecord(change, first + i)))
      const records = changes.map((_change, i) => recordAt(first + i))
      for (const record of records) await owner.push([record], log.length)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended.catch(() => undefined)
    },
  }
}

test('what is folded faster than it is saved waits: memory has a bound', async () => {
  const rows = 1500
  const config = {batchRecordsMax: 10, aggregateRowsMax: 100}
  await using one = await start(config, {stateRowsMax: 64, turnsPerWrite: 50})
  const spread = Array.from({length: rows}, (_, id) => ({op: 'c', id, content: `c${id}`}) as const)
  await one.append(spread)
  await expect.poll(one.isDurable, {timeout: 30_000, interval: 5}).toBe(true)
  // Of 6,000: a thousand that are not saved, the bound, and what one batch and its readers add.
  expect(one.rowsMost()).toBeLessThan(2000)
  expect(one.written.length).toBeGreaterThan(rows)
}, 40_000)

const DEADLINE = {timeout: 15_000, interval: 5}

test('mending uses nothing up: however often something is computed again, the takeover is the first', async () => {
  await using one = await start()
  // The other event stays: what is left of a bucket cannot be told without looking.
  await one.append([
    {op: 'c', id: 1, value: 0},
    {op: 'c', id: 2, value: 50},
  ])
  for (let n = 1; n <= 50; n++) {
    await one.append([{op: 'u', id: 1, value: n}])
    await expect.poll(one.isDurable, DEADLINE).toBe(true)
  }
  const positions = createPositions(connectTo(one.world.cassandra))
  expect(await positions.take(NAME.topic, NAME.partition)).toMatchObject({takeover: 2})
}, 30_000)

test('what is published again as it is touches no aggregate', async () => {
  await using one = await start()
  const ids = Array.from({length: 50}, (_, id) => id)
  await one.append(ids.map(id => ({op: 'c', id})))
  await expect.poll(one.isDurable, DEADLINE).toBe(true)
  one.written.length = 0
  await one.append(ids.map(id => ({op: 'r', id})))
  await expect.poll(one.isDurable, DEADLINE).toBe(true)
  expect(one.written).toEqual([])
})

test('a queue that is full of corrections starts a checkpoint, however long that would wait', async () => {
  const waits = {checkpointMs: 50, checkpointMaxMs: 600_000, checkpointRowsPerSecond: 1}
  await using one = await start({...waits, rawBacklogMax: 20, batchRecordsMax: 10})
  const ids = Array.from({length: 100}, (_, id) => id)
  await one.append(ids.map(id => ({op: 'c', id, content: `c${id}`})))
  await one.append(ids.map(id => ({op: 'u', id, content: `c${id}`, value: 2})))
  // All but what does not fill the queue again.
  const waiting = async (): Promise<number> => {
    const positions = createPositions(connectTo(one.world.cassandra))
    return 200 - ((await positions.load(NAME.topic, NAME.partition))?.offset ?? 0)
  }
  await expect.poll(waiting, DEADLINE).toBeLessThan(30)
}, 30_000)

test('INV-46: while Redis is away corrections are stored, and the position goes on', async () => {
  await using one = await start({}, {redisIsAway: true})
  await one.append([
    {op: 'c', id: 1},
    {op: 'u', id: 1, value: 2},
    {op: 'd', id: 1},
  ])
  await expect.poll(one.isDurable, DEADLINE).toBe(true)
})

test('a step that Redis evicts is written whole with its next event, never in part', async () => {
  await using one = await start()
  const redis = connectToRedis(one.world.redis)
  const {plan} = one.world.storesOf({dead: false, failOneIn: 0, turnsMax: 0}).stores
  const reads = createLiveReads(redis, {space: one.world.space, stream: model.name, partitions: 1})
  const eventsOf = async () => {
    const totals: WindowTotals = new Map()
    const nowS = NOW_US / 1e6 + 5
    const [found] = await reads.window(plan.tops[0]!, nowS, totals)
    return [
      found?.isWhole,
      ['a', 'b'].flatMap(key => (totals.has(key) ? [[key, totals.get(key)!.events]] : [])),
    ]
  }
  await one.append([
    {op: 'c', id: 1, content: 'a'},
    {op: 'c', id: 2, content: 'b'},
  ])
  const both = [
    ['a', 1],
    ['b', 1],
  ]
  await expect.poll(eventsOf, DEADLINE).toEqual([true, both])
  await expect.poll(one.isDurable, DEADLINE).toBe(true)
  one.world.redis.evict(key => key.includes('model_top'))
  expect(await eventsOf(), 'to be asked from Cassandra').toEqual([false, []])
  await one.append([{op: 'c', id: 3, content: 'b'}])
  const seen = new Set<string>()
  const look = async () => {
    const found = await eventsOf()
    seen.add(JSON.stringify(found))
    return found
  }
  await expect.poll(look, DEADLINE).toEqual([true, [both[0], ['b', 2]]])
  expect([...seen], 'never believed in part').not.toContain(JSON.stringify([true, [['b', 2]]]))
})

test('a Redis that has lost its last writes is noticed, though the connection stands', async () => {
  await using one = await start({liveLifeMs: 300})
  const redis = connectToRedis(one.world.redis)
  const reads = createLiveReads(redis, {space: one.world.space, stream: model.name, partitions: 1})
  const markerOf = async () => (await reads.markers())[0]
  await one.append([{op: 'c', id: 1}])
  await expect.poll(async () => (await markerOf())?.offset, DEADLINE).toBe(0)
  const replica = one.world.redis.snapshot()
  const before = await markerOf()
  await one.append([{op: 'u', id: 1, value: 2}])
  await expect.poll(async () => (await markerOf())?.offset, DEADLINE).toBe(1)
  // A proxy goes on with a replica that was behind.
  one.world.redis.restart(replica, {isNoticed: false})
  const isAnother = async () => {
    const marker = await markerOf()
    return marker?.run !== before?.run && marker?.offset === 1
  }
  await expect.poll(isAnother, DEADLINE).toBe(true)
}, 30_000)

test('INV-43: a log that holds another record where the owner was is noticed while it runs', async () => {
  await using one = await start()
  await one.append([
    {op: 'c', id: 1},
    {op: 'c', id: 2},
  ])
  await expect.poll(one.isDurable, DEADLINE).toBe(true)
  await one.goBack(0)
  await one.append([{op: 'c', id: 3}])
  await expect.poll(one.isDurable, DEADLINE).toBe(true)
  one.elect(1, [
    {op: 'c', id: 4},
    {op: 'c', id: 5},
    {op: 'c', id: 6},
  ])
  await one.goBack(1)
  await expect(one.ended).rejects.toThrow(/outbox row 1003, but row 3 was read there/)
})

test('one event of the year 1 does not make every correction look through two thousand years', async () => {
  await using one = await start()
  const asked = vi.spyOn(one.world.cassandra, 'run')
  const mended = vi.spyOn(one.metrics.mended, 'inc')
  const stale = vi.spyOn(one.metrics.staleParts, 'set')
  // A day that is closed: what is open is not in the total yet.
  const at = NOW_US - 3 * 86_400_000_000
  await one.append([
    {op: 'c', id: 1, at: Date.UTC(1, 0, 1) * 1000},
    {op: 'c', id: 2, at, value: 9},
    {op: 'c', id: 3, at, value: 5},
    {op: 'c', id: 4},
    {op: 'd', id: 2, at, value: 9},
  ])
  const isMended = (): boolean =>
    one.isDurable() &&
    mended.mock.calls.length > 0 &&
    (stale.mock.lastCall as unknown[] | undefined)?.[1] === 0
  await expect.poll(isMended, DEADLINE).toBe(true)
  expect(asked.mock.calls.length).toBeLessThan(2000)
}, 30_000)

test('INV-41: what a correction makes stale is named before the correction itself is stored', async () => {
  await using one = await start()
  const at = NOW_US - 3 * 86_400_000_000
  await one.append([
    {op: 'c', id: 1, at, value: 9},
    {op: 'c', id: 2, at, value: 5},
    {op: 'c', id: 3},
  ])
  await expect.poll(() => one.isDurable(), DEADLINE).toBe(true)
  const tables: string[] = []
  const {cassandra} = one.world
  const note = (query: string): void => {
    tables.push(/INTO (\w+ ?\([^)]*\bstale\)|\w+)/.exec(query)?.[1] ?? '')
  }
  const [mutate, run] = [cassandra.mutate.bind(cassandra), cassandra.run.bind(cassandra)]
  vi.spyOn(cassandra, 'mutate').mockImplementation(statements => {
    for (const {query} of statements) note(query)
    return mutate(statements)
  })
  vi.spyOn(cassandra, 'run').mockImplementation((query, params) => {
    note(query)
    return run(query, params)
  })
  await one.append([{op: 'd', id: 1, at, value: 9}])
  await expect.poll(() => one.isDurable(), DEADLINE).toBe(true)
  const order = ['stale_rows', 'partition_position (topic, src_partition, stale)', 'model_deleted']
  const places = order.map(table => tables.indexOf(table))
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(places).not.toContain(-1)
}, 30_000)
