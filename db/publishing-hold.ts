/**
 * Holding publishing: for a moment no relay sends anything, and the saved cursors say exactly what was sent.
 *
 * One takes an advisory lock exclusively. Relays try it, shared, within each statement that reads rows; one that
 * does not get it brings to an end what is on its way, saves its cursor, says that its lane is quiet (a lock of
 * its session), and waits. Locks go with their sessions: who dies holds nothing.
 *
 * Guarantees    INV-103: once `hold` resolves, and until `isHeld` was last true, nothing is published.
 * Does not      hold back writers: their changes wait in the outbox.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import type {Client} from '../platform/postgres.ts'

/** Classes of advisory locks. The second number is 0 of a hold, of a quiet lane its own. */
export const HOLD_LOCK = 9136
export const QUIET_LOCK = 9137

export interface HoldOptions {
  /** When nothing is asked for so long, or one statement takes it, the server ends the hold with its session. */
  readonly mostMs: number
  /** So long a lane may take to come to rest. */
  readonly quietMs: number
}

export interface PublishingHold {
  /** Whether it has stood without a break since it began. */
  isHeld(): Promise<boolean>
  letGo(): Promise<void>
}

/** Lanes, and whether they are quiet, as text: a lane that changed owners meanwhile is another one. */
const LANES = `
SELECT string_agg(c.lane || '/' || c.lanes || ':' || c.epoch, ' ' ORDER BY c.lane) AS epochs,
       bool_and(c.owner IS NULL OR EXISTS (
         SELECT FROM pg_locks l
          WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
            AND l.classid = ${QUIET_LOCK} AND l.objid = c.lane::integer::oid
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))) AS quiet
  FROM cdc.relay_cursor c`

interface Lanes {
  readonly epochs: string
  readonly quiet: boolean
}

const LOOK_MS = 10

/**
 * Holds publishing in a transaction of the client, which is READ COMMITTED and may be used meanwhile.
 *
 * @returns null when a lane did not come to rest in time, or somebody else holds it; nothing is held then
 */
export async function holdPublishing(
  client: Client,
  {mostMs, quietMs}: HoldOptions,
): Promise<PublishingHold | null> {
  const lanes = async (): Promise<Lanes> => (await client.query<Lanes>(LANES)).rows[0]!
  const letGo = async (): Promise<void> => void (await client.query('ROLLBACK'))
  // Should we hang or die, the server ends it (versions before 17 have no limit for a whole transaction). Relays have the lock for the time of a statement each; of one that
  // tries while we wait in the queue, it is refused.
  await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL statement_timeout = ${mostMs}; SET LOCAL idle_in_transaction_session_timeout = ${mostMs};
    SET LOCAL lock_timeout = ${quietMs}`)
  try {
    await client.query('SELECT pg_advisory_xact_lock($1, 0)', [HOLD_LOCK])
    const begun = await lanes()
    const deadline = performance.now() + quietMs
    for (let now = begun; now.epochs === begun.epochs; now = await lanes()) {
      if (now.quiet) return {isHeld: async () => await isStill(lanes, begun), letGo}
      if (performance.now() > deadline) break
      await sleep(LOOK_MS)
    }
  } catch (error) {
    await letGo().catch(() => undefined)
    if ((error as {readonly code?: string}).code !== LOCK_NOT_AVAILABLE) throw error
    return null
  }
  await letGo()
  return null
}

const LOCK_NOT_AVAILABLE = '55P03'

async function isStill(lanes: () => Promise<Lanes>, begun: Lanes): Promise<boolean> {
  const now = await lanes()
  return now.quiet && now.epochs === begun.epochs
}
