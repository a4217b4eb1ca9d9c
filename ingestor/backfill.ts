/**
 * Reads rows of captured tables again, as rows of cdc.backfills ask: chunk by chunk into the outbox, no faster
 * than what is behind it follows.
 *
 * Guarantees    INV-71: what is read is put between the changes of its row (db/migrations/0006_backfills.sql).
 * Does not      publish: the lanes do, with everything else.
 */
import {isOfGenerations} from '../contracts/generations.ts'
import {topicName} from '../contracts/topics.ts'
import {messageOf} from '../platform/errors.ts'
import {readLag} from '../platform/kafka-lag.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Pool} from '../platform/postgres.ts'
import type {RelayMetrics} from './metrics.ts'

export interface BackfillDeps {
  readonly pool: Pool
  readonly openAdmin: () => Promise<
    Pick<KafkaAdmin, 'offsets' | 'groupOffsets' | 'listGroups' | 'close'>
  >
  readonly metrics: Pick<RelayMetrics, 'backfilled'>
  readonly log: Logger
}

export interface BackfillOptions {
  readonly topicPrefix: string
  /** The processors' group; those of further generations begin with its name. */
  readonly groupId: string
  readonly chunkRows: number
  /** While more records of a topic are not durable in the read model, nothing is added. */
  readonly lagMax: number
  /** While more rows wait in the outbox, nothing is added. */
  readonly waitingMax: number
}

/** Between looks for work, and while what follows is behind. */
const IDLE_MS = 1000
const BUSY_MS = 100
/** How long an answer about lag serves. */
const LAG_MS = 500

interface Open {
  readonly topic: string
  readonly group: string | null
}

export function createBackfill(deps: BackfillDeps, options: BackfillOptions): Loop {
  const {pool, log} = deps
  let admin: Awaited<ReturnType<BackfillDeps['openAdmin']>> | undefined
  const known = new Map<string, {readonly at: number; readonly lag: number}>()

  const lagBehind = async ({topic, group}: Open): Promise<number> => {
    const key = JSON.stringify([topic, group])
    const last = known.get(key)
    if (last !== undefined && performance.now() - last.at < LAG_MS) return last.lag
    admin ??= await deps.openAdmin()
    const asked = admin
    const full = topicName(options.topicPrefix, topic)
    const isOurs = (one: string): boolean => isOfGenerations(options.groupId, one)
    const groups = group === null ? (await asked.listGroups()).filter(isOurs) : [group]
    const lagOf = async (one: string): Promise<number> =>
      (await readLag(asked, one, full)).reduce((sum, {lag}) => sum + lag, 0)
    // One that stands still does not hold back what another can follow.
    const lags = await Promise.all(groups.map(lagOf))
    const lag = lags.length === 0 ? 0 : Math.min(...lags)
    known.set(key, {at: performance.now(), lag})
    return lag
  }

  const readOpen = async (): Promise<readonly Open[]> => {
    const {rows} = await pool.query<Open>(
      `SELECT DISTINCT ON (topic) topic, group_id AS group FROM cdc.backfills
        WHERE state IN ('waiting', 'running') ORDER BY topic, id`,
    )
    return rows
  }

  const isOutboxBehind = async (): Promise<boolean> => {
    const {rows} = await pool.query<{rows: string}>('SELECT rows FROM cdc.unpublished($1)', [
      options.waitingMax + 1,
    ])
    return Number(rows[0]?.rows ?? 0) > options.waitingMax
  }

  /** @returns how long to wait before the next one, milliseconds */
  const step = async (): Promise<number> => {
    const open = await readOpen()
    if (open.length === 0) return IDLE_MS
    if (await isOutboxBehind()) return BUSY_MS
    const behind: string[] = []
    for (const one of open) if ((await lagBehind(one)) > options.lagMax) behind.push(one.topic)
    const {rows} = await pool.query<{
      id: string
      topic: string
      state: string
      problem: string | null
    }>('SELECT id, topic, state, problem FROM cdc.backfill_step($1, $2)', [
      options.chunkRows,
      behind,
    ])
    const [done] = rows
    if (done === undefined) return BUSY_MS
    const {state, problem} = done
    deps.metrics.backfilled.inc({topic: done.topic})
    if (state === 'failed') log.error(done, 'backfill ended')
    else if (problem !== null) log.warn(done, 'backfill waits')
    else if (state === 'done') log.info(done, 'backfill done')
    return 0
  }

  return {
    name: 'backfill',
    async run(signal) {
      while (!signal.aborted) {
        const waitMs = await step().catch(async (error: unknown) => {
          log.warn({message: messageOf(error)}, 'backfill tried again later')
          await admin?.close().catch(() => undefined)
          admin = undefined
          return IDLE_MS
        })
        if (waitMs > 0) await pause(waitMs, signal)
      }
      await admin?.close().catch(() => undefined)
    },
  }
}
