/**
 * Ownership of lanes in PostgreSQL: a session lock says who, an epoch in the cursor row says since when.
 *
 * Guarantees    INV-6: epochs only grow, over all lanes, and a new one is durable before it is used.
 *               The takeover snapshot is taken after the new epoch was committed.
 * Does not      rest on the lock: a relay that lost it without knowing sees no rows (INV-4).
 */
import {HOLD_LOCK, QUIET_LOCK} from '../db/publishing-hold.ts'
import {pause} from '../platform/lifecycle.ts'
import {classifyPostgresError, openClient, type Client} from '../platform/postgres.ts'
import {fenced, READER_SETTINGS, type LaneEpochId} from './outbox-reader.ts'
import type {Cursor} from './snapshot-cursor.ts'

/** Classes of advisory locks; the second number is the lane or the member. */
const LANE_LOCK = 9134
const MEMBER_LOCK = 9135

export interface Taken extends LaneEpochId {
  readonly cursor: Cursor
  /** What may have been published before is visible in it. */
  readonly takeover: string
  /** True when the owner before gave the lane up in an orderly way: nothing of it is under way. */
  readonly isClean: boolean
  /** Why everything in the outbox is published again, or null. */
  readonly republish: string | null
}

async function run<T extends object>(
  client: Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  try {
    const result = await client.query<T>(text, [...values])
    return result.rows
  } catch (error) {
    throw classifyPostgresError(error)
  }
}

/**
 * A connection that the server ends when its client stops answering: a relay that is stopped or cut
 * off loses its locks within seconds.
 */
export async function openLeaseClient(
  databaseUrl: string,
  options: {readonly applicationName: string; readonly leaseMs: number},
): Promise<Client> {
  const client = await openClient(databaseUrl, {applicationName: options.applicationName})
  try {
    const seconds = Math.max(1, Math.ceil(options.leaseMs / 1_000))
    const settings = [
      ...READER_SETTINGS,
      `SET idle_session_timeout = ${options.leaseMs}`,
      `SET tcp_user_timeout = ${options.leaseMs}`,
      `SET tcp_keepalives_idle = ${seconds}`,
      'SET tcp_keepalives_interval = 1',
      'SET tcp_keepalives_count = 3',
    ]
    await run(client, settings.join('; '))
    return inTurn(client)
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

/** Statements of one connection wait for each other here: the cursor is written beside the reading. */
function inTurn(client: Client): Client {
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
  let last: Promise<unknown> = Promise.resolve()
  const queryInTurn = async (...args: unknown[]): Promise<unknown> => {
    const turn = last.then(async () => await query(...args))
    last = turn.catch(() => undefined)
    return await turn
  }
  return Object.assign(client, {query: queryInTurn as typeof client.query})
}

/** True for a standby: its snapshots do not list what is running on the primary. */
export async function isStandby(client: Client): Promise<boolean> {
  const [row] = await run<{standby: boolean}>(client, 'SELECT pg_is_in_recovery() AS standby')
  return row?.standby === true
}

export async function tryLockLane(client: Client, lane: number): Promise<boolean> {
  const [row] = await run<{ok: boolean}>(client, 'SELECT pg_try_advisory_lock($1, $2) AS ok', [
    LANE_LOCK,
    lane,
  ])
  return row?.ok === true
}

/** Joins the members; resolves to our number. Numbers grow with the time of joining. */
export async function joinMembers(client: Client, nowMs: number): Promise<number> {
  for (let member = Math.floor(nowMs / 100) & 0x7fffffff; ; member++) {
    const [row] = await run<{ok: boolean}>(client, 'SELECT pg_try_advisory_lock($1, $2) AS ok', [
      MEMBER_LOCK,
      member,
    ])
    if (row?.ok === true) return member
  }
}

export interface Membership {
  readonly lanes: readonly number[]
  readonly members: readonly number[]
  /** Lanes whose lock somebody holds. */
  readonly owned: readonly number[]
}

const LIST = `
SELECT 'lane' AS what, lane::bigint AS id FROM cdc.relay_cursor
UNION ALL
SELECT CASE l.classid WHEN ${MEMBER_LOCK} THEN 'member' ELSE 'owned' END, l.objid::bigint
  FROM pg_locks l
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
   AND l.classid IN (${LANE_LOCK}, ${MEMBER_LOCK})
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1, 2`

export async function listMembership(client: Client): Promise<Membership> {
  const rows = await run<{what: string; id: string}>(client, LIST)
  const idsOf = (what: string): number[] =>
    rows.filter(row => row.what === what).map(row => Number(row.id))
  return {lanes: idsOf('lane'), members: idsOf('member'), owned: idsOf('owned')}
}

/** How often a lane that is held looks whether it may go on: beside the shortest hold it is little. */
const HELD_LOOK_MS = 20

/**
 * Waits until nobody holds publishing; meanwhile the lane says that it is quiet, if it is. Statements follow
 * each other closely enough for the session to live: a hold costs no lane.
 */
export async function waitWhileHeld(
  client: Client,
  {lane, isExact}: {readonly lane: number; readonly isExact: boolean},
  signal: AbortSignal,
): Promise<void> {
  const quiet = [QUIET_LOCK, lane]
  if (isExact) await run(client, 'SELECT pg_advisory_lock_shared($1, $2)', quiet)
  for (;;) {
    const [row] = await run<{free: boolean}>(
      client,
      'SELECT pg_try_advisory_xact_lock_shared($1, 0) AS free',
      [HOLD_LOCK],
    )
    if (row?.free === true || signal.aborted) break
    await pause(HELD_LOOK_MS, signal)
  }
  // Before anything is read: who holds next must not take the lane for quiet.
  if (isExact) await run(client, 'SELECT pg_advisory_unlock_shared($1, $2)', quiet)
}

interface CursorRow {
  readonly lanes: number
  readonly snap_from: string
  readonly snap_to: string | null
  readonly last_id: string
  readonly epoch: string
}

interface Place {
  readonly owner: string | null
  readonly known_system: string | null
  readonly known_timeline: number | null
  readonly system: string
  readonly timeline: number
}

const PLACE = `
SELECT c.owner, c.system_identifier AS known_system, c.timeline AS known_timeline,
       now.system_identifier AS system, now.timeline
  FROM cdc.relay_cursor c, cdc.cluster() now WHERE c.lane = $1`

const TAKE = `
SELECT lanes, snap_from::text, snap_to::text, last_id::text, epoch::text
  FROM cdc.take_lane($1::smallint, $2)`

/**
 * Sets the cursor back to the beginning, under the epoch just taken: everything in the outbox is
 * published again as redelivered.
 */
const START_AGAIN = `
WITH numbered AS MATERIALIZED (SELECT cdc.renumber() AS rows)
UPDATE cdc.relay_cursor
   SET snap_from = '1:1:', snap_to = NULL, last_id = 0, system_identifier = $3, timeline = $4
 WHERE lane = $1 AND epoch = $2 AND (SELECT rows FROM numbered) >= 0`

const REMEMBER_PLACE = `
UPDATE cdc.relay_cursor SET system_identifier = $3, timeline = $4 WHERE lane = $1 AND epoch = $2`

/** Why the outbox has to be published again from its beginning, or null. */
export function whyRepublish(place: Place): string | null {
  const {known_system: system, known_timeline: timeline} = place
  if (system !== null && system !== place.system) return 'another database cluster'
  if (timeline !== null && timeline !== place.timeline) return 'another timeline after a failover'
  return null
}

/**
 * Takes an epoch of a lane whose lock this connection holds.
 *
 * @throws `FENCED` when the lane does not exist any more
 */
export async function takeLane(client: Client, lane: number, owner: string): Promise<Taken> {
  const [place] = await run<Place>(client, PLACE, [lane])
  if (place === undefined) throw fenced(lane)
  const [row] = await run<CursorRow>(client, TAKE, [lane, owner])
  if (row === undefined) throw fenced(lane)
  const republish = whyRepublish(place)
  const where = [lane, row.epoch, place.system, place.timeline]
  if (republish !== null) await run(client, START_AGAIN, where)
  else if (place.known_system === null) await run(client, REMEMBER_PLACE, where)
  const [now] = await run<{takeover: string}>(
    client,
    'SELECT pg_current_snapshot()::text AS takeover',
  )
  const cursor =
    republish === null
      ? {snapFrom: row.snap_from, snapTo: row.snap_to, lastId: Number(row.last_id)}
      : {snapFrom: '1:1:', snapTo: null, lastId: 0}
  const {lanes} = row
  const epoch = Number(row.epoch)
  const isClean = place.owner === null
  return {lane, lanes, epoch, cursor, takeover: now!.takeover, isClean, republish}
}

const SAVE = `
UPDATE cdc.relay_cursor
   SET snap_from = $3::pg_snapshot, snap_to = $4::pg_snapshot, last_id = $5,
       owner = CASE WHEN $6 THEN NULL ELSE owner END, updated_at = clock_timestamp()
 WHERE lane = $1 AND epoch = $2`

/** Writes what is published. @throws `FENCED` */
export async function saveCursor(
  client: Client,
  of: LaneEpochId,
  cursor: Cursor,
  {release}: {readonly release: boolean},
): Promise<void> {
  let written: number | null
  try {
    const result = await client.query({
      name: 'save_cursor',
      text: SAVE,
      values: [of.lane, of.epoch, cursor.snapFrom, cursor.snapTo, cursor.lastId, release],
    })
    written = result.rowCount
  } catch (error) {
    throw classifyPostgresError(error)
  }
  if (written === 0) throw fenced(of.lane)
}
