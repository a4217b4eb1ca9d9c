/**
 * Changes the number of lanes while relays run.
 *
 * Guarantees    INV-102: a lane goes on where every lane that its rows come from was, under an epoch
 *               that fences the owners until now; nothing is lost or reordered, what may come twice
 *               is flagged.
 * Does not      need the relays' help: the epochs in the cursor rows are what counts, not their locks.
 */
import {PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, type Client} from '../platform/postgres.ts'
import {intersectSnapshots, type Cursor} from './snapshot-cursor.ts'

/** A hash has ten bits. */
export const LANES_MAX = 1024

export interface LaneCursor {
  readonly lane: number
  readonly cursor: Cursor
}

/** Cursors of the new lanes. A split copies; a union goes on from what all its parts have published. */
export function remapLanes(old: readonly LaneCursor[], lanes: number): LaneCursor[] {
  const mask = Math.min(old.length, lanes) - 1
  return Array.from({length: lanes}, (_, lane) => {
    const parents = old.filter(parent => (parent.lane & mask) === (lane & mask))
    const [first, ...rest] = parents.map(parent => parent.cursor)
    if (first === undefined) throw new Error(`lane ${lane} has no parent`)
    if (rest.length === 0) return {lane, cursor: first}
    const snapFrom = rest.reduce(
      (snapshot, cursor) => intersectSnapshots(snapshot, cursor.snapFrom),
      first.snapFrom,
    )
    return {lane, cursor: {snapFrom, snapTo: null, lastId: 0}}
  })
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(n) && n > 0 && (n & (n - 1)) === 0

/** Fields of a cursor row that this needs. */
interface CursorRow {
  readonly lane: number
  readonly snap_from: string
  readonly snap_to: string | null
  readonly last_id: string
  readonly epoch: string
  readonly place: string
}

const SELECT = `
SELECT lane, snap_from::text, snap_to::text, last_id::text, epoch::text,
       concat_ws('/', system_identifier, timeline) AS place
  FROM cdc.relay_cursor ORDER BY lane FOR UPDATE`

/** An owner that is no relay makes the takeover an ungraceful one: sends may be under way. */
const INSERT = `
INSERT INTO cdc.relay_cursor (lane, lanes, snap_from, snap_to, last_id, epoch, owner, system_identifier, timeline)
SELECT $1::int, $2::int, $3::pg_snapshot, $4::pg_snapshot, $5,
       greatest($6::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + $1::int + 1,
       'set-lanes', nullif(split_part($7, '/', 1), ''), nullif(split_part($7, '/', 2), '')::int`

async function change(client: Client, lanes: number): Promise<number> {
  // The lock that every takeover holds while it draws an epoch.
  await client.query('SELECT pg_advisory_xact_lock(913370002)')
  const {rows} = await client.query<CursorRow>(SELECT)
  if (rows.length === lanes) return lanes
  const [first] = rows
  if (first === undefined || rows.some(row => row.place !== first.place)) {
    throw new PipelineError(
      'STATE_CONTRADICTS',
      'not every lane was taken since the database moved: start a relay and wait, then try again',
      {disposition: 'stop'},
    )
  }
  const highest = rows.reduce((max, {epoch}) => (BigInt(epoch) > max ? BigInt(epoch) : max), 0n)
  const old = rows.map(row => ({
    lane: row.lane,
    cursor: {snapFrom: row.snap_from, snapTo: row.snap_to, lastId: Number(row.last_id)},
  }))
  await client.query('DELETE FROM cdc.relay_cursor')
  for (const {lane, cursor} of remapLanes(old, lanes)) {
    const {snapFrom, snapTo, lastId} = cursor
    const values = [lane, lanes, snapFrom, snapTo, lastId, String(highest), first.place]
    await client.query(INSERT, values)
  }
  return rows.length
}

/**
 * Sets the number of lanes; running relays share the new ones within seconds.
 *
 * @returns the number until now
 * @throws `CONFIG_INVALID` unless `lanes` is a power of two up to 1024
 */
export async function setLaneCount(client: Client, lanes: number): Promise<number> {
  if (!isPowerOfTwo(lanes) || lanes > LANES_MAX) {
    throw new PipelineError('CONFIG_INVALID', `lanes: a power of two up to ${LANES_MAX}`, {
      disposition: 'stop',
    })
  }
  try {
    await client.query('BEGIN; SET LOCAL synchronous_commit = on')
    const before = await change(client, lanes)
    await client.query('COMMIT')
    return before
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw classifyPostgresError(error)
  }
}
