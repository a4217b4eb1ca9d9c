/** Runs the real partition owner over a random history with random faults, then compares. */
import {setTimeout as pause} from 'node:timers/promises'
import {pino} from 'pino'
import {PipelineError} from '../platform/errors.ts'
import type {ConsumedRecord} from '../platform/kafka.ts'
import {createMetrics} from '../platform/metrics.ts'
import {readProcessorConfig, type ProcessorConfig} from '../processor/config.ts'
import {createProcessorMetrics} from '../processor/metrics.ts'
import {createPartitionOwner, type PartitionOwner} from '../processor/partition-owner.ts'
import {takePartition, type PartitionStart} from '../processor/partition-start.ts'
import {createSlices} from '../processor/slices.ts'
import {decideStart} from '../processor/start-check.ts'
import {createBudget} from '../processor/state-cache.ts'
import {createComparison} from './processor-compare.ts'
import {createHistory, type History} from './processor-history.ts'
import {World, type Faults, type WorldSabotage} from './processor-world.ts'

const NAME = {topic: 'model', partition: 0}
const log = pino({level: process.env['MODEL_LOG'] ?? 'silent'})
const metrics = createProcessorMetrics(createMetrics())

/** How an owner's life ends before the next one starts. */
export type Ending = 'killed' | 'zombie' | 'stopped'
const ENDINGS: readonly Ending[] = ['killed', 'zombie', 'stopped']

export interface RunOptions {
  readonly seed: number
  readonly changes?: number
  readonly sabotage?: WorldSabotage
  /** Owners that are killed, or left running as zombies, before the last one. */
  readonly ownersBefore?: number
  readonly failOneIn?: number
  readonly endings?: readonly Ending[]
  /** How long equality is waited for. */
  readonly patienceMs?: number
}

/** @returns every difference between what is read and the source rows; none when all is well */
export async function runModel(options: RunOptions): Promise<readonly string[]> {
  const world = new World(options.seed, options.sabotage)
  const {random} = world
  const nowS = Math.floor(Date.now() / 1000)
  const history = createHistory(random, {changes: options.changes ?? 30, nowS})
  const compare = createComparison(world, history)
  let committed: number | null = null
  let furthest = 0
  const zombies: AbortController[] = []

  /** Redis is short of memory now and then. */
  const isShort = random(3) === 0
  const evictSome = (): void => world.redis.evict(() => random(4) === 0)

  /** @param end records that are in the log by then */
  const startOwner = (faults: Faults, end: number) => {
    const stop = new AbortController()
    const stores = world.storesOf(faults)
    const create = (start: PartitionStart) =>
      createPartitionOwner(
        NAME,
        {
          ...stores,
          references: new Map(),
          decoder: {
            // A decoded record is the owner's own: it may put into it what it finds.
            decode: (value: Buffer) => structuredClone(history.log[Number(value.toString())]),
            prepare: async () => {},
          },
          budget: createBudget({entriesMax: 1 + random(6), bytesMax: 1e9}),
          slices: createSlices(),
          start,
          hashBytesMax: random(3) === 0 ? 2000 : 1e9,
          publishDeadLetters: async () => {},
          commit: async next => {
            // A commit of an overtaken owner may be accepted, too.
            committed = next
            furthest = Math.max(furthest, next)
          },
          metrics,
          log,
          now: Date.now,
        },
        modelConfig(random),
      )
    const feed = async (owner: PartitionOwner, next: number): Promise<void> => {
      let offset = Math.max(0, next - 1)
      while (offset < end && !stop.signal.aborted) {
        const size = 1 + random(5)
        await owner.push(recordsOf(history, offset, Math.min(end, offset + size)), end)
        offset += size
        if (random(3) === 0) await turn()
        if (isShort && random(8) === 0) evictSome()
      }
    }
    const live = async (): Promise<void> => {
      const facts = {begin: 0, end, committed}
      const patience = {attempts: 1000, firstDelayMs: 1, maxDelayMs: 20, signal: stop.signal}
      const taken = await takePartition(NAME, stores.positions, patience)
      const decision = decideStart(facts, taken.position)
      if (decision.kind === 'stand') throw new Error(decision.cause)
      const owner = create({...taken, ...decision, end, partitions: 1})
      await Promise.all([owner.run(stop.signal), feed(owner, decision.next)])
    }
    const outcome: {error: Error | undefined} = {error: undefined}
    const ended = live().catch((error: unknown) => {
      if (!stop.signal.aborted) outcome.error = error instanceof Error ? error : new Error('failed')
    })
    return {stop, outcome, ended, faults}
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
    const saved = world.redis.snapshot()
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
    if (random(4) === 0) world.restartRedis(random(2) === 0 ? undefined : saved)
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
        furthest === history.log.length
          ? await compare()
          : [`committed ${furthest} of ${history.log.length}`]
    }
    if (differences.length > 0) return differences
    // What is missing in Redis is read from Cassandra, which has everything by now.
    evictSome()
    return (await compare()).filter(text => !/is believed up to/.test(text))
  } finally {
    for (const zombie of zombies) zombie.abort()
    last.stop.abort()
    await last.ended
  }
}

const turn = (): Promise<void> =>
  new Promise(resolve => {
    setImmediate(resolve)
  })

function modelConfig(random: (below: number) => number): ProcessorConfig {
  return {
    ...readProcessorConfig({}),
    hashLagMax: random(3) === 0 ? random(4) : 1000,
    liveLagMax: random(4) === 0 ? 3 : 1000,
    checkpointMs: random(3) === 0 ? 1 : 5,
    checkpointMaxMs: 50,
    checkpointRowsPerSecond: 1_000_000,
    retryMs: 1,
    mendAgainMs: 1,
    aggregateRowsMax: 2,
    batchRecordsMax: 4,
    queueRecordsMax: 8,
    rawRowsMax: 3,
    rawEveryMs: 0,
    rawBusyMs: 0,
    liveEveryMs: 1,
    liveLifeMs: 500,
    liveRowsMax: 3,
    liveEventsMax: 4,
  }
}

function recordsOf({log: records}: History, from: number, to: number): ConsumedRecord[] {
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
