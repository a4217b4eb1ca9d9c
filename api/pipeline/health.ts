/**
 * The verdict, looked at once for all who ask within a moment: the routes, the metrics, `npm run status`.
 */
import type {Cassandra} from '../../platform/cassandra.ts'
import {pause, type Loop} from '../../platform/lifecycle.ts'
import {readSpace} from '../../readmodel/migrate.ts'
import {createPositions} from '../../readmodel/positions.ts'
import type {DeadLetters} from './dead-letters.ts'
import {createFacts, type FactsDeps, type FactsOptions, type Gathered} from './facts.ts'
import type {LauncherFacts, Reconciliation, Told} from './facts.ts'
import {createLagTrend} from './lag-trend.ts'
import {createOpenLetters} from './open-letters.ts'
import {judgePipeline} from './verdict.ts'
import type {Verdict} from './findings.ts'

export interface HealthView {
  readonly verdict: Verdict
  /** The last comparisons with PostgreSQL. */
  readonly reconciliations: Told<readonly Reconciliation[]>
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
  'db' | 'admin' | 'checkStores' | 'lag' | 'readModels' | 'backfills' | 'streams'
> {
  readonly cassandra: Cassandra
  readonly deadLetters: Pick<DeadLetters, 'count' | 'list'>
  /** Known only to who started the processes. */
  readonly launcher?: () => LauncherFacts
}

export function createHealth(deps: HealthDeps, options: FactsOptions): Health {
  const positions = createPositions(deps.cassandra)
  const gather = createFacts(
    {
      ...deps,
      trend: createLagTrend({windowMs: TREND_MS}),
      openLetters: createOpenLetters(deps.db, deps.deadLetters),
      space: () => readSpace(deps.cassandra),
      position: (topic, partition) => positions.load(topic, partition),
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
    return {verdict, reconciliations: facts.reconciliations}
  }
  return {
    async read() {
      if (latest === undefined || now() - latest.at > LIFE_MS) latest = {at: now(), view: look()}
      return await latest.view
    },
  }
}

export const createHealthKeeper = (health: Health): Loop => ({
  name: 'health',
  async run(signal) {
    while (!signal.aborted) {
      await health.read()
      await pause(LOOK_EVERY_MS, signal)
    }
  },
})
