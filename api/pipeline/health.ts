/**
 * The verdict, looked at once for all who ask within a moment: the routes, the metrics, `npm run status`.
 */
import {topicName} from '../../contracts/topics.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import {pause, type Loop} from '../../platform/lifecycle.ts'
import {servedOf, type Generation} from '../../readmodel/generations.ts'
import {createPositions} from '../../readmodel/positions.ts'
import {readBackfillStates} from './backfill-states.ts'
import type {DeadLetters} from './dead-letters.ts'
import {createFacts, type FactsDeps, type FactsOptions, type Gathered} from './facts.ts'
import type {LauncherFacts, Reconciliation, Told} from './facts.ts'
import {createLagTrend} from './lag-trend.ts'
import {createReadModels} from './read-models.ts'
import {judgePipeline, standingOf} from './verdict.ts'
import type {Verdict} from './findings.ts'

export interface HealthView {
  readonly verdict: Verdict
  /** The last comparisons with PostgreSQL. */
  readonly reconciliations: Told<readonly Reconciliation[]>
  /** Names of partitions that stand still. */
  readonly standing: readonly string[]
}

export interface Health {
  /** Never rejects: what cannot be told is part of the verdict. */
  read(): Promise<HealthView>
}

/** Of so long ago records may still wait. */
const TREND_MS = 60_000
/** A pipeline that was just started may take so long until everything is there. */
const STARTING_MS = 60_000
const LIFE_MS = 1000
/** The memory of the lag is kept also while nobody asks. */
const LOOK_EVERY_MS = 5000

export interface HealthDeps extends Pick<
  FactsDeps,
  'db' | 'admin' | 'checkStores' | 'lag' | 'streams'
> {
  readonly cassandraOf: (keyspace: string) => Cassandra
  readonly generations: () => Promise<readonly Generation[]>
  readonly deadLetters: Pick<DeadLetters, 'count'>
  /** Known only to who started the processes. */
  readonly launcher?: () => LauncherFacts
}

export function createHealth(deps: HealthDeps, options: FactsOptions): Health {
  const servedOfTopic = async (topic: string): Promise<Generation> => {
    const stream = deps.streams.find(one => topicName(options.topicPrefix, one.topic) === topic)
    const served = servedOf(await deps.generations(), stream?.name ?? '')
    if (served === null) throw new Error(`topic ${topic} has no tables`)
    return served
  }
  const gather = createFacts(
    {
      ...deps,
      trend: createLagTrend({windowMs: TREND_MS}),
      async openLetters() {
        const {outbox, topics} = await deps.deadLetters.count()
        if (outbox === null) throw new Error('the dead letters of the outbox cannot be read')
        if (topics === null) throw new Error('the topics of dead letters cannot be read')
        return {outbox, topics}
      },
      readModels: createReadModels(deps.generations, deps.streams),
      backfills: () => readBackfillStates(deps.db),
      space: async topic => (await servedOfTopic(topic)).space,
      async position(topic, partition) {
        const {keyspace} = await servedOfTopic(topic)
        return await createPositions(deps.cassandraOf(keyspace)).load(topic, partition)
      },
    },
    options,
  )
  return createHealthOf(gather, {launcher: deps.launcher, now: Date.now})
}

export function createHealthOf(
  gather: () => Promise<Gathered>,
  {
    launcher,
    now,
  }: {readonly launcher?: (() => LauncherFacts) | undefined; readonly now: () => number},
): Health {
  const startedAt = now()
  let wasHealthy = false
  let latest: {readonly at: number; readonly view: Promise<HealthView>} | undefined

  const look = async (): Promise<HealthView> => {
    const facts = await gather()
    const launched = launcher?.()
    // Whoever started the processes knows better than a clock.
    const isYoung = launched?.starting ?? now() - startedAt < STARTING_MS
    const verdict = judgePipeline({
      ...facts,
      ...(launched === undefined ? {} : {launcher: launched}),
      starting: isYoung && !wasHealthy,
    })
    wasHealthy ||= verdict.healthy
    const standing = facts.services.flatMap(standingOf).map(([partition]) => partition)
    return {verdict, reconciliations: facts.reconciliations, standing}
  }
  return {
    async read() {
      if (latest === undefined || now() - latest.at > LIFE_MS) latest = {at: now(), view: look()}
      return await latest.view
    },
  }
}

/** @param onSeen told of each look */
export const createHealthKeeper = (health: Health, onSeen: (view: HealthView) => void): Loop => ({
  name: 'health',
  async run(signal) {
    while (!signal.aborted) {
      onSeen(await health.read())
      await pause(LOOK_EVERY_MS, signal)
    }
  },
})
