/** Runs the real partition owner over a random history with random faults, then compares. */
import {setTimeout as pause} from 'node:timers/promises'
import {pino} from 'pino'
import {PipelineError} from '../platform/errors.ts'
import {createMetrics} from '../platform/metrics.ts'
import {readProcessorConfig, type ProcessorConfig} from '../processor/config.ts'
import type {SourceRecord} from '../processor/dead-letters.ts'
import {createProcessorMetrics} from '../processor/metrics.ts'
import {createPartitionOwner} from '../processor/partition-owner.ts'
import type {Projection} from '../processor/projections/projection.ts'
import {createSlices} from '../processor/slices.ts'
import {createBudget} from '../processor/state-cache.ts'
import type {StreamFold} from '../processor/stream-fold.ts'
import {createHistory, type History, type ModelRecord, type ModelRow} from './processor-history.ts'
import {
  keysOf,
  World,
  type Faults,
  type ModelEvent,
  type ModelState,
  type Sabotage,
} from './processor-world.ts'

const log = pino({level: process.env['MODEL_LOG'] ?? 'silent'})
const metrics = createProcessorMetrics(createMetrics())

function projection(name: string, which: 0 | 1): Projection<ModelEvent, ModelState> {
  return {
    name,
    stream: 'model',
    keysOf: event => [keysOf(event)[which]!],
    create: () => ({count: 0, sum: 0, max: -1, stale: false}),
    apply(state, event) {
      state.count += 1
      state.sum += event.value ?? 0
      state.max = Math.max(state.max, event.value ?? -1)
    },
    retract(state, event) {
      state.count -= 1
      state.sum -= event.value ?? 0
      state.stale = true
    },
    isStale: state => state.stale,
    adopt(state, fresh) {
      state.max = fresh.max
      state.stale = false
    },
    markStale(state) {
      state.stale = true
    },
    bytesOf: () => 100,
    ...(which === 1 ? {periodOf: (key: string) => Number(key.split('@')[1])} : {}),
  }
}

const PROJECTIONS = [projection('totals', 0), projection('minutes', 1)]

const fold: StreamFold<ModelRow, ModelEvent, null> = {
  stream: {
    name: 'model',
    topic: 'model',
    table: 'model',
    keyColumn: 'content',
    idColumn: 'id',
    columns: [],
    schema: {type: 'record', name: 'model', namespace: 'test', fields: []},
  },
  toEvent: ({id, content, at, value}) => ({id, content, at, value}),
  problemOf: () => undefined,
  timeOf: ({at}) => at * 1_000_000,
  contentOf: () => null,
  derive: () => null,
  projections: PROJECTIONS,
}

/** How an owner's life ends before the next one starts. */
export type Ending = 'killed' | 'zombie' | 'stopped'
const ENDINGS: readonly Ending[] = ['killed', 'zombie', 'stopped']

export interface RunOptions {
  readonly seed: number
  readonly changes?: number
  readonly sabotage?: Sabotage
  /** Owners that are killed, or left running as zombies, before the last one. */
  readonly ownersBefore?: number
  readonly failOneIn?: number
  readonly endings?: readonly Ending[]
  /** How long equality is waited for. */
  readonly patienceMs?: number
}

/** @returns every difference between what is stored and the source rows; none when all is well */
export async function runModel(options: RunOptions): Promise<readonly string[]> {
  const world = new World(options.seed, options.sabotage)
  const {random} = world
  const history = createHistory(random, options.changes ?? 30)
  let committed: number | null = null
  const zombies: AbortController[] = []

  /** @param end records that are in the log by then */
  const startOwner = (faults: Faults, end: number) => {
    const stop = new AbortController()
    const at = committed
    const start = {begin: 0, end, committed: at}
    const owner = createPartitionOwner(
      {topic: 'model', partition: 0},
      {
        stream: {
          fold,
          stores: {
            aggregates: world.aggregateStore(faults),
            registers: world.registerStore(faults),
            live: world.liveStore(faults, Date.now),
          },
        },
        partitions: world.partitionStore(faults),
        metadata: {peek: () => null, resolve: async () => {}},
        decoder: {
          decode: (value: Buffer) => history.log[Number(value.toString())],
          prepare: async () => {},
        },
        budget: createBudget({entriesMax: 1 + random(6), bytesMax: 1e9}),
        slices: createSlices(),
        start,
        publishDeadLetters: async () => {},
        commit: async next => {
          // A commit of an overtaken owner may be accepted, too.
          committed = next
        },
        metrics,
        log,
        now: Date.now,
      },
      modelConfig(random(3) === 0 ? 1 : 5, random(3) === 0 ? random(4) : 1000),
    )
    const outcome: {error: Error | undefined} = {error: undefined}
    const ended = owner.run(stop.signal).catch((error: unknown) => {
      outcome.error = error instanceof Error ? error : new Error('failed')
    })
    const feed = async (): Promise<void> => {
      let offset = Math.max(0, (at ?? 0) - 1)
      while (offset < end && !stop.signal.aborted) {
        const size = 1 + random(5)
        await owner.push(recordsOf(history, offset, Math.min(end, offset + size)), end)
        offset += size
        if (random(3) === 0) await turn()
      }
    }
    return {stop, outcome, ended, feeding: feed(), faults}
  }

  // The log grows: what an owner made durable and committed, its successor does not read again.
  let end = 0
  for (let n = options.ownersBefore ?? random(4); n > 0; n--) {
    end += random(history.log.length - end + 1)
    const {stop, faults} = startOwner(
      {
        dead: false,
        failOneIn: options.failOneIn ?? 3 * random(4),
        turnsMax: random(6),
        recordsNothing: random(4) === 0,
      },
      end,
    )
    // Long enough for some checkpoints, or for hardly one.
    if (random(2) === 0) await pause(random(40))
    else for (let turns = random(120); turns > 0; turns--) await turn()
    const saved = world.snapshotRedis()
    switch (options.endings?.[n - 1] ?? ENDINGS[random(3)]!) {
      case 'killed':
        // Killed: what it sent may arrive, nothing is answered.
        faults.dead = true
        stop.abort()
        break
      case 'zombie':
        // Goes on until its successor is done.
        zombies.push(stop)
        break
      case 'stopped':
        stop.abort()
    }
    if (random(4) === 0) world.restartRedis(random(2) === 0 ? null : saved)
  }

  const faults = {
    dead: false,
    failOneIn: options.failOneIn ?? 5 * random(3),
    turnsMax: random(4),
  }
  let last = startOwner(faults, history.log.length)
  try {
    const deadline = Date.now() + (options.patienceMs ?? 4000)
    let differences: readonly string[] = ['nothing was done yet']
    while (differences.length > 0 && Date.now() < deadline) {
      for (let turns = 0; turns < 20; turns++) await turn()
      const {error} = last.outcome
      if (error !== undefined) {
        if (!(error instanceof PipelineError) || error.code !== 'FENCED') {
          return [`the owner failed: ${error.stack}`]
        }
        // A slow start of an earlier owner took the partition from it; Kafka knows who is right.
        last = startOwner(faults, history.log.length)
      }
      differences =
        committed === history.log.length
          ? compare(world, history)
          : [`committed ${committed} of ${history.log.length}`]
    }
    return differences
  } finally {
    for (const zombie of zombies) zombie.abort()
    last.stop.abort()
    await Promise.all([last.feeding, last.ended])
  }
}

const turn = (): Promise<void> =>
  new Promise(resolve => {
    setImmediate(resolve)
  })

function modelConfig(checkpointMs: number, hashLagMax: number): ProcessorConfig {
  return {
    ...readProcessorConfig({}),
    hashLagMax,
    checkpointMs,
    checkpointMaxMs: 50,
    retryMs: 1,
    recomputeAgainMs: 1,
    aggregateRowsMax: 2,
    batchRecordsMax: 4,
    queueRecordsMax: 8,
    rawRowsMax: 3,
    liveBusyMs: 0,
    liveLeaseMs: 500,
    livePatienceMs: 600,
    liveRowsMax: 3,
    liveEventsMax: 4,
  }
}

function recordsOf({log: records}: History, from: number, to: number): SourceRecord[] {
  return records.slice(from, to).map((_record, i) => ({
    topic: 'model',
    partition: 0,
    offset: from + i,
    timestampMs: 0,
    key: null,
    value: Buffer.from(String(from + i)),
    headers: {},
  }))
}

/** Aggregates, raw rows and Redis against the source rows. */
function compare(world: World, {rows}: History): readonly string[] {
  const expected = new Map<string, ModelState>()
  for (const row of rows.values()) {
    for (const each of PROJECTIONS) {
      for (const key of each.keysOf(row)) {
        const name = `${each.name} ${key}`
        const state = expected.get(name) ?? each.create(key)
        each.apply(state, row)
        expected.set(name, state)
      }
    }
  }
  const empty: ModelState = {count: 0, sum: 0, max: -1, stale: false}
  const differences: string[] = []
  const toRecompute = new Set(
    world.progress?.value.stale.map(({projection: of, key}) => `${of} ${key}`),
  )
  const check = (where: string, name: string, text: string | undefined): void => {
    const wanted = expected.get(name) ?? empty
    const found = text === undefined ? empty : (JSON.parse(text) as ModelState)
    const isEqual =
      found.count === wanted.count &&
      found.sum === wanted.sum &&
      // What could not be retracted says so, and is on the list of what is recomputed.
      (found.stale ? toRecompute.has(name) : found.max === wanted.max)
    if (isEqual) return
    differences.push(`${where} ${name}: ${JSON.stringify(found)} not ${JSON.stringify(wanted)}`)
  }
  for (const name of new Set([...expected.keys(), ...world.aggregates.keys()])) {
    check('Cassandra', name, world.aggregates.get(name)?.state)
  }
  if (!world.isRedisBelieved()) return [...differences, 'Redis is not believed yet']
  for (const name of new Set([...expected.keys(), ...world.redis.rows.keys()])) {
    check('Redis', name, world.redis.rows.get(name)?.state)
  }
  // An event that Redis does not know is looked up in Cassandra; one that it knows is believed.
  for (const [id, {event}] of world.redis.events) {
    if (event === null) continue
    const found = JSON.stringify(event)
    const wanted = JSON.stringify(rows.get(id) ?? null)
    if (found !== wanted) differences.push(`Redis event ${id}: ${found} instead of ${wanted}`)
  }
  const stored = [...world.readRaw().values()].map(event => JSON.stringify(event)).toSorted()
  const source = [...rows.values()].map(event => JSON.stringify(event)).toSorted()
  if (JSON.stringify(stored) !== JSON.stringify(source)) {
    differences.push(`raw rows: ${stored.join(' ')} instead of ${source.join(' ')}`)
  }
  return differences
}

export type {ModelRecord}
