/** Runs the real partition owner over a random history with random faults, then compares. */
import {setTimeout as pause} from 'node:timers/promises'
import {pino} from 'pino'
import {PipelineError} from '../platform/errors.ts'
import {createMetrics} from '../platform/metrics.ts'
import {readProcessorConfig, type ProcessorConfig} from '../processor/config.ts'
import {createProcessorMetrics} from '../processor/metrics.ts'
import {createPartitionOwner, type PartitionOwner} from '../processor/partition-owner.ts'
import {takePartition, type PartitionStart, type Taken} from '../processor/partition-start.ts'
import {createSlices} from '../processor/slices.ts'
import {decideStart, type LogFacts, type StartDecision} from '../processor/start-check.ts'
import {createBudget} from '../processor/state-cache.ts'
import type {FakeCassandra} from './fakes/cassandra.ts'
import {createComparison} from './processor-compare.ts'
import {ModelLog, STOPS_OWNERS, UPSETS, type Upset} from './processor-log.ts'
import {startReader} from './processor-reader.ts'
import {turn, World, type Faults, type Random, type WorldOptions} from './processor-world.ts'

const NAME = {topic: 'model', partition: 0}
const log = pino({level: process.env['MODEL_LOG'] ?? 'silent'})
const metrics = createProcessorMetrics(createMetrics())

/** How an owner's life ends before the next one starts. */
export type Ending = 'killed' | 'zombie' | 'stopped'
const ENDINGS: readonly Ending[] = ['killed', 'zombie', 'stopped']

export interface RunOptions extends WorldOptions {
  readonly seed: number
  readonly changes?: number
  /** Owners that are killed, or left running as zombies, before the last one. */
  readonly ownersBefore?: number
  readonly failOneIn?: number
  readonly endings?: readonly Ending[]
  /** Of so many owners one starts at the same moment as the next; 1: all do. */
  readonly raceOneIn?: number
  /** What happens to the log or the keyspace; null: nothing. */
  readonly upset?: Upset | null
  /** How long equality is waited for while nothing comes closer to it; ten times as long in all. */
  readonly patienceMs?: number
}

export interface RunOutcome {
  /** Between what is read and the source rows, or what readers were told on the way; none when all is well. */
  readonly differences: readonly string[]
  /** Why the partition stands still for good. */
  readonly stood: string | null
}

/** With what is needed to tell one history from another. */
export interface ModelOutcome extends RunOutcome {
  readonly upset: Upset | null
  readonly owners: number
}

/** The partition stands still: something does not fit. */
class Stands extends Error {
  override readonly name = 'Stands'
}

const PATIENCE_MS = 4000
const PATIENCE_TIMES = 10
/** Comparing costs more than what is compared. */
const LOOK_AGAIN_MS = 10

const isFenced = (error: unknown): boolean =>
  error instanceof PipelineError && error.code === 'FENCED'
const isStanding = (error: unknown): boolean =>
  error instanceof Stands || (error instanceof PipelineError && error.code === 'STATE_CONTRADICTS')

interface Running {
  readonly stop: AbortController
  readonly faults: Faults
  /** Why it ended by itself. */
  error: Error | undefined
  ended: Promise<void>
}

function startOwner(world: World, kafka: ModelLog, faults: Faults): Running {
  const {random} = world
  const stop = new AbortController()
  const {history} = kafka
  const {positions, ...stores} = world.storesOf(faults)
  /** The topic that it reads is still the one that it knows. */
  const isSame = (): boolean => kafka.history === history
  const create = (start: PartitionStart) =>
    createPartitionOwner(
      NAME,
      {
        ...stores,
        positions,
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
        isNamed: () => true,
        publishDeadLetters: async () => {},
        commit: async next => {
          // A commit of an overtaken owner may be accepted, too; not one of another topic.
          if (isSame()) kafka.commit(next)
        },
        metrics,
        log,
        now: Date.now,
      },
      modelConfig(random),
    )
  const feed = async (owner: PartitionOwner, next: number): Promise<void> => {
    let offset = Math.max(kafka.begin, next - 1)
    while (isSame() && !stop.signal.aborted) {
      const to = Math.min(kafka.end, offset + 1 + random(5))
      if (to > offset) await owner.push(kafka.records(offset, to), kafka.end)
      // What is deleted meanwhile is passed over: the client goes on with what there is.
      offset = Math.max(to, kafka.begin)
      if (offset >= kafka.end || random(3) === 0) await turn()
    }
  }
  const live = async (): Promise<void> => {
    // In the order of processor/assignments.ts.
    const {committed} = kafka
    const patience = {attempts: 1000, firstDelayMs: 1, maxDelayMs: 20, signal: stop.signal}
    const taken = await takePartition(NAME, positions, patience)
    const {begin, end} = kafka
    const decision = decide(world, {committed, begin, end}, taken)
    if (decision.kind === 'stand') throw new Stands(decision.cause)
    const owner = create({...taken, ...decision, end, partitions: 1})
    await Promise.all([owner.run(stop.signal), feed(owner, decision.next)])
  }
  const running: Running = {stop, faults, error: undefined, ended: Promise.resolve()}
  running.ended = live().catch((error: unknown) => {
    if (!stop.signal.aborted) running.error = error instanceof Error ? error : new Error('failed')
  })
  return running
}

function decide({sabotage, space}: World, facts: LogFacts, {position}: Taken): StartDecision {
  if (sabotage.trustCommits !== true) {
    const believed = sabotage.ignoreSpace === true ? (position?.space ?? space) : space
    return decideStart(facts, position, believed)
  }
  return {kind: 'start', next: Math.max(facts.begin, facts.committed ?? 0), before: null}
}

/** Owners before the last one: each ends in its own way, several may start at the same moment. */
async function runEarlierOwners(
  world: World,
  kafka: ModelLog,
  options: RunOptions,
): Promise<readonly Running[]> {
  const {random} = world
  const all: Running[] = []
  const count = options.ownersBefore ?? random(4)
  const drawn = random(2) === 0 ? UPSETS[random(UPSETS.length)]! : null
  const upset = options.upset === undefined ? drawn : options.upset
  let saved = world.cassandra.copy()
  for (let n = count; n > 0; n--) {
    kafka.grow()
    const owner = startOwner(world, kafka, {
      dead: false,
      failOneIn: options.failOneIn ?? 3 * random(4),
      turnsMax: random(6),
      recordsNothing: random(4) === 0,
    })
    all.push(owner)
    // At the same moment as the next one, or long enough for some checkpoints, or for hardly one.
    const isRace = options.endings === undefined && random(options.raceOneIn ?? 4) === 0
    if (!isRace) {
      if (random(2) === 0) await pause(random(3) === 0 ? random(150) : random(40))
      else for (let turns = random(120); turns > 0; turns--) await turn()
    }
    switch (isRace ? 'zombie' : (options.endings?.[n - 1] ?? ENDINGS[random(3)]!)) {
      case 'killed':
        // Killed: what it sent may arrive, nothing is answered.
        owner.faults.dead = true
        owner.stop.abort()
        break
      case 'zombie':
        // Goes on until its successor is done.
        break
      case 'stopped':
        owner.stop.abort()
    }
    if (upset !== null && kafka.upset === null && (n === 1 || random(2) === 0)) {
      await happens(upset, {world, kafka, saved, owners: all})
    }
    if (random(2) === 0) saved = world.cassandra.copy()
  }
  return all
}

/** Something that people or servers do between two owners. */
async function happens(
  upset: Upset,
  at: {world: World; kafka: ModelLog; saved: FakeCassandra; owners: readonly Running[]},
): Promise<void> {
  const {world, kafka, saved, owners} = at
  if (STOPS_OWNERS.has(upset)) {
    for (const {stop} of owners) stop.abort()
    // Those that stop may come to their end, and those that do not are gone then.
    await Promise.race([Promise.all(owners.map(({ended}) => ended)), pause(100)])
    for (const {faults} of owners) faults.dead = true
  }
  kafka.happens(upset, world, saved)
}

export async function runModel(options: RunOptions): Promise<ModelOutcome> {
  const world = new World(options.seed, options)
  const {random} = world
  const nowS = Math.floor(Date.now() / 1000)
  const kafka = new ModelLog(random, {changes: options.changes ?? 30, nowS})
  const reader = startReader(world, kafka)
  const earlier = await runEarlierOwners(world, kafka, options)
  kafka.end = kafka.length
  const faults = {
    dead: false,
    failOneIn: options.failOneIn ?? 5 * random(3),
    turnsMax: random(4),
  }
  const compare = createComparison(world, kafka.history)
  let last = startOwner(world, kafka, faults)
  const finish = async (): Promise<RunOutcome> => {
    const patienceMs = options.patienceMs ?? PATIENCE_MS
    const deadline = Date.now() + PATIENCE_TIMES * patienceMs
    // On a machine that does much else everything takes longer, and nothing stands still.
    let [closest, closerAt] = ['', Date.now()]
    let differences: readonly string[] = ['nothing was done yet']
    let isQuiet = false
    while (differences.length > 0 && Date.now() < Math.min(deadline, closerAt + patienceMs)) {
      await pause(LOOK_AGAIN_MS)
      const {error} = last
      if (error !== undefined) {
        if (isStanding(error) && kafka.mayStand) {
          if (!kafka.setRight()) return {differences: [], stood: error.message}
        } else if (!isFenced(error)) {
          return {differences: [`the owner failed: ${error.stack}`], stood: null}
        }
        // A slow start of an earlier owner took the partition from it; Kafka knows who is right.
        last = startOwner(world, kafka, faults)
      }
      differences =
        kafka.furthest === kafka.length
          ? await compare()
          : [`committed ${kafka.furthest} of ${kafka.length}`]
      const now = differences.join()
      if (now !== closest) [closest, closerAt] = [now, Date.now()]
      if (differences.length > 0 || isQuiet) continue
      // What comes late changes nothing of it for good.
      await world.whenQuiet()
      isQuiet = true
      differences = await compare()
    }
    return {differences, stood: null}
  }
  try {
    const outcome = await finish()
    const told = await reader.stop()
    const failed = earlier.flatMap(({error}) =>
      error === undefined || isFenced(error) || (isStanding(error) && kafka.mayStand)
        ? []
        : [`an earlier owner failed: ${error.stack}`],
    )
    const differences = [...outcome.differences, ...told, ...failed, ...world.broken]
    return {...outcome, differences, upset: kafka.upset, owners: earlier.length + 1}
  } finally {
    for (const {stop} of earlier) stop.abort()
    last.stop.abort()
    await last.ended
  }
}

function modelConfig(random: Random): ProcessorConfig {
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
