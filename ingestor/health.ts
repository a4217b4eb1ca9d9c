/** Readiness and the looked-up metrics, from what the relay knows and what the outbox says. */
import type {Metrics} from '../platform/metrics.ts'
import type {Pool} from '../platform/postgres.ts'
import type {Readiness} from '../platform/status-server.ts'
import type {Coordinator} from './coordinator.ts'
import {countOpenLetters} from './dead-letters.ts'
import {cacheFor, countWaiting, judgeFlow, problemOf, type Waiting} from './flow.ts'
import type {createLaneMonitor} from './monitor.ts'

/** How long an answer of the database serves, milliseconds. */
const ANSWER_MS = 1_000

const SLOT_SIZES = `
SELECT c.relname AS name, pg_total_relation_size(c.oid)::float8 AS bytes
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'cdc.outbox_events'::regclass`

interface HealthDeps {
  readonly pool: Pool
  readonly monitor: ReturnType<typeof createLaneMonitor>
  readonly coordinator: Coordinator
  readonly metrics: Metrics
  readonly now: () => number
}

export type Health = (phase: {
  readonly starting: boolean
  readonly stopping: boolean
}) => Promise<Readiness>

export function createHealth(deps: HealthDeps, stalledMs: number): Health {
  const {pool, monitor, coordinator, now} = deps
  const waiting = cacheFor(ANSWER_MS, now, async () => await countWaiting(pool))
  const unowned = (): readonly number[] => {
    const {membership} = coordinator.view()
    if (membership === undefined) return []
    return membership.lanes.filter(lane => !membership.owned.includes(lane))
  }

  deps.metrics.onScrape(async () => {
    const m = monitor.metrics
    const {membership} = coordinator.view()
    m.lanesUnowned.set(unowned().length)
    m.members.set(membership?.members.length ?? 0)
    try {
      const {rows, oldestMs} = await waiting()
      m.unpublishedRows.set(rows)
      m.oldestUnpublished.set(oldestMs / 1_000)
      const sizes = await pool.query<{name: string; bytes: number}>(SLOT_SIZES)
      for (const {name, bytes} of sizes.rows) m.slotBytes.set({slot: name}, bytes)
      m.openDeadLetters.set(await countOpenLetters(pool))
    } catch {
      // The database is away: the last figures stand, and readiness says so.
    }
  })

  return async ({starting, stopping}) => {
    let problem = coordinator.view().problem
    if (starting) problem = 'starting: topics or schemas are not there yet'
    if (stopping) problem = 'stopping'
    let found: Waiting = {rows: 0, oldestMs: 0}
    try {
      found = await waiting()
    } catch (error) {
      problem ??= problemOf('PostgreSQL', error)
    }
    const flowedAt = monitor.flowedAt()
    return judgeFlow(
      {
        waiting: found,
        msSinceFlow: flowedAt === undefined ? 0 : now() - flowedAt,
        lanesOwned: monitor.states().length,
        lanesUnowned: unowned(),
        failures: monitor.failures(),
        problem,
      },
      stalledMs,
    )
  }
}
