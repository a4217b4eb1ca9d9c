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
import {judgeHistory, type HistoryFacts} from './history.ts'
import type {IdCeiling} from './id-ceiling.ts'
import {fenced, type LaneEpochId} from './outbox-reader.ts'
import {READER_SETTINGS} from './outbox-sql.ts'
import type {Cursor} from './snapshot-cursor.ts'
import type {Ends} from './suspects.ts'

/** Classes of advisory locks; the second number is the lane or the member. */
const LANE_LOCK = 9134
const MEMBER_LOCK = 9135

export interface Taken extends LaneEpochId {
  readonly cursor: Cursor
  /** What may have been published before is visible in it. */
  readonly takeover: string
  /** True when the owner before gave the lane up in an orderly way: nothing of it is under way. */
  readonly isClean: boolean
  /** How the owners before ended. */
  readonly ends: Ends
  /** How the source was found to have gone back, or null. */
  readonly wentBack: string | null
  /** Ids between these were given twice: no row that is published has one. */
  readonly voidIds: {readonly from: number; readonly to: number}
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
  readonly ends: number
  readonly suspect_id: string | null
  readonly suspect_ends: number
}

interface Place {
  readonly owner: string | null
  readonly known_system: string | null
  readonly known_timeline: number | null
  readonly system: string
  readonly timeline: number
  readonly ids_below: string
  readonly highest_id: string
  readonly last_id: string
}

const PLACE = `
SELECT c.owner, c.system_identifier AS known_system, c.timeline AS known_timeline,
       now.system_identifier AS system, now.timeline, ids.ids_below::text,
       (SELECT max(highest_id) FROM cdc.relay_cursor)::text AS highest_id,
       (SELECT last_value FROM cdc.outbox_events_id_seq)::text AS last_id
  FROM cdc.relay_cursor c, cdc.cluster() now, cdc.outbox_ids ids WHERE c.lane = $1`

const TAKE = `
SELECT lanes, snap_from::text, snap_to::text, last_id::text, epoch::text, ends, suspect_id::text, suspect_ends
  FROM cdc.take_lane($1::smallint, $2)`

const REMEMBER_PLACE = `
UPDATE cdc.relay_cursor SET system_identifier = $3, timeline = $4 WHERE lane = $1 AND epoch = $2`

const toFacts = (place: Place): HistoryFacts => ({
  knownSystem: place.known_system,
  knownTimeline: place.known_timeline,
  system: place.system,
  timeline: place.timeline,
  idsBelow: Number(place.ids_below),
  lastId: Number(place.last_id),
  highestId: Number(place.highest_id),
})

/** What a lane's next owner knows without asking the database. */
export interface LaneKnowledge {
  readonly owner: string
  /** The highest id that this process published of the lane. */
  readonly highestId: number
  readonly ceiling: Pick<IdCeiling, 'known' | 'look'>
}

/**
 * Takes an epoch of a lane whose lock this connection holds. Before that, rows whose ids were given twice get others.
 *
 * @throws `FENCED` when the lane does not exist any more
 */
export async function takeLane(
  client: Client,
  lane: number,
  {owner, highestId, ceiling}: LaneKnowledge,
): Promise<Taken> {
  const [place] = await run<Place>(client, PLACE, [lane])
  if (place === undefined) throw fenced(lane)
  const history = judgeHistory(toFacts(place), {idsBelow: ceiling.known(), highestId})
  if (history.kind !== 'same') {
    await ceiling.look()
    const below = Math.max(ceiling.known(), highestId + 1)
    const found = [history.why, below, history.kind === 'other']
    await run(client, 'SELECT cdc.start_again($1, $2::bigint, $3::boolean)', found)
  }
  await run(client, 'SELECT cdc.give_ids() FROM cdc.outbox_ids WHERE void_to > 0')
  const [row] = await run<CursorRow>(client, TAKE, [lane, owner])
  if (row === undefined) throw fenced(lane)
  if (place.known_system === null) {
    await run(client, REMEMBER_PLACE, [lane, row.epoch, place.system, place.timeline])
  }
  const [now] = await run<{takeover: string; void_from: string; void_to: string}>(
    client,
    'SELECT pg_current_snapshot()::text AS takeover, void_from::text, void_to::text FROM cdc.outbox_ids',
  )
  return {
    lane,
    lanes: row.lanes,
    epoch: Number(row.epoch),
    cursor: {snapFrom: row.snap_from, snapTo: row.snap_to, lastId: Number(row.last_id)},
    takeover: now!.takeover,
    isClean: place.owner === null,
    ends: toEnds(row),
    wentBack: history.kind === 'same' ? null : history.why,
    voidIds: {from: Number(now!.void_from), to: Number(now!.void_to)},
  }
}

const toEnds = ({ends, suspect_id: id, suspect_ends: suspectEnds}: CursorRow): Ends => ({
  ends,
  suspect: id === null ? null : Number(id),
  suspectEnds,
})

const SAVE = `
UPDATE cdc.relay_cursor
   SET snap_from = $3::pg_snapshot, snap_to = $4::pg_snapshot, last_id = $5,
       highest_id = greatest(highest_id, $7::bigint),
       owner = CASE WHEN $6 THEN NULL ELSE owner END, updated_at = clock_timestamp()
 WHERE lane = $1 AND epoch = $2`

/** Writes what is published. @throws `FENCED` */
export async function saveCursor(
  client: Client,
  of: LaneEpochId,
  cursor: Cursor,
  {release, highestId}: {readonly release: boolean; readonly highestId: number},
): Promise<void> {
  let written: number | null
  try {
    const result = await client.query({
      name: 'save_cursor',
      text: SAVE,
      values: [
        of.lane,
        of.epoch,
        cursor.snapFrom,
        cursor.snapTo,
        cursor.lastId,
        release,
        highestId,
      ],
    })
    written = result.rowCount
  } catch (error) {
    throw classifyPostgresError(error)
  }
  if (written === 0) throw fenced(of.lane)
}
