/**
 * Compares at one point beside a live stream: publishing is held for a moment, what is stored is read once it
 * includes everything that was published, and SQL sees the rows as they were published.
 *
 * Does not      hold for long: what cannot be read in time is left for another hold, and SQL is asked after
 *               letting go, in the snapshot that was taken meanwhile.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import {holdPublishing} from '../../db/publishing-hold.ts'
import {quote, quoteTable} from '../../platform/sql-names.ts'
import {messageOf} from '../../platform/errors.ts'
import type {KafkaAdmin, PartitionOffsets} from '../../platform/kafka.ts'
import {PRINT_SETTINGS, type Client} from '../../platform/postgres.ts'
import type {Redis} from '../../platform/redis.ts'
import {markAwaited} from '../../readmodel/awaited.ts'
import type {Positions} from '../../readmodel/positions.ts'
import type {Compared, Place} from './differences.ts'
import {partitionsOf, readPlaces, type Judge} from './look-again.ts'
import {chunksOf} from './rollups.ts'

export interface CommonPointDeps {
  /** A connection of one's own; the caller ends it. */
  openClient(): Promise<Client>
  readonly admin: Pick<KafkaAdmin, 'offsets'>
  readonly positions: Pick<Positions, 'load'>
  readonly redis: Redis
  readonly space: string
}

export interface CommonPointOptions {
  /** As Kafka knows it. */
  readonly topic: string
  /** So long publishing is held at a time. */
  readonly holdMs: number
}

export interface Round {
  /** Places that were compared; the others are to be tried again. */
  readonly compared: readonly Place[]
  /** So long publishing was held. */
  readonly heldMs: number
  /** Why none or not all of them were. */
  readonly reason?: string
}

export interface CommonPoint {
  /** @param times as long as usual publishing may be held */
  compare(places: readonly Place[], report: Compared['report'], times: number): Promise<Round>
  close(): Promise<void>
}

/** So long lanes may take to come to rest. */
const QUIET_MS = 1_000
/** Beyond what we need: the server ends a hold whose holder hangs. */
const MARGIN_MS = 2_000
const LOOK_MS = 20
/** An owner looks at the mark whenever it writes to Redis; a mark stands for a second. */
const MARK_AGAIN_MS = 400
/** Read together: on a busy machine not longer than the margin of a hold. */
const PLACES_AT_ONCE = 20
/** So long the processor may take to catch up while nothing is held: one that does not would not under a hold. */
const CATCH_UP_MS = 15_000
const BEHIND = 'the processor is behind'
/** Of the time that publishing is held at most so much is for waiting, the rest for reading. */
const WAIT_SHARE = 0.8
/** More changes that wait are a relay that is behind: nothing can be compared before it has caught up. */
const PENDING_MAX = 50_000

/**
 * Of each row and key the first change that is not published: before it the row was as that says. What only says
 * again what was there changes nothing. Costs what waits, as in cdc.unpublished().
 */
const PENDING = `
SELECT DISTINCT ON (x.aggregate_id, x.key) x.aggregate_id AS id, x.key, x.before::text AS before
  FROM cdc.relay_cursor c
  CROSS JOIN LATERAL (
    SELECT o.* FROM cdc.outbox_events o WHERE o.txid >= pg_snapshot_xmax(c.snap_from)
    UNION ALL
    SELECT o.* FROM pg_snapshot_xip(c.snap_from) late
      CROSS JOIN LATERAL (SELECT * FROM cdc.outbox_events q WHERE q.txid = late OFFSET 0) o) o
  CROSS JOIN LATERAL (SELECT o.aggregate_id, o.key, o.id, o.payload -> 'before' AS before) x
 WHERE (o.hash & (c.lanes - 1)) = c.lane AND o.topic = $1 AND o.op <> 'r'
   AND (o.headers -> 'repair') IS NULL
   AND NOT (c.snap_to IS NOT NULL AND o.id <= c.last_id AND pg_visible_in_snapshot(o.txid, c.snap_to))
 ORDER BY x.aggregate_id, x.key, x.id
 LIMIT ${PENDING_MAX + 1}`

interface Pending {
  readonly id: string
  readonly key: string | null
  readonly before: string | null
}

const AS_PUBLISHED = 'as_published'

/** A view of the source table as it was published, over what a temporary table says is pending. */
async function makeView(client: Client, {stream}: Compared): Promise<void> {
  const {rows} = await client.query<{id: string}>(`SELECT cdc.id_sql($1::regclass, 's') AS id`, [
    quoteTable(stream.table),
  ])
  const table = quoteTable(stream.table)
  await client.query(`${PRINT_SETTINGS.join('; ')};
    CREATE TEMPORARY TABLE pending (id text NOT NULL, key text, before json);
    CREATE TEMPORARY VIEW ${AS_PUBLISHED} AS
    SELECT s.* FROM ${table} s WHERE NOT EXISTS (SELECT FROM pg_temp.pending p
      WHERE p.id = ${rows[0]!.id} AND p.key IS NOT DISTINCT FROM s.${quote(stream.keyColumn)}::text)
    UNION ALL
    SELECT b.* FROM pg_temp.pending p CROSS JOIN LATERAL json_populate_record(NULL::${table}, p.before) b
     WHERE p.before IS NOT NULL`)
}

const bucketOf = (place: Place): string =>
  place.kind === 'rollup' ? `${place.rollup} ${place.level} ${place.start}` : place.kind

export async function openCommonPoint(
  at: Compared,
  deps: CommonPointDeps,
  {topic, holdMs}: CommonPointOptions,
): Promise<CommonPoint> {
  const client = await deps.openClient()
  try {
    await makeView(client, at)
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
  const {name} = at.stream

  /** Partitions that are not as far as the log, in either store. */
  const behind = async (ends: readonly PartitionOffsets[]): Promise<readonly number[]> => {
    const markers = await at.live.markers()
    const isBehind = await Promise.all(
      ends.map(async ({partition, end}) => {
        const marker = markers[partition] ?? null
        if (marker !== null && marker.offset < end - 1) return true
        return end > 0 && ((await deps.positions.load(topic, partition))?.offset ?? 0) < end
      }),
    )
    return ends.filter((_, i) => isBehind[i]).map(({partition}) => partition)
  }

  const markAll = async (partitions: readonly number[]): Promise<void> => {
    const {redis, space} = deps
    await Promise.all(
      partitions.map(partition => markAwaited(redis, {space, stream: name, partition})),
    )
  }

  /** Waits until everything that is in the log is in both stores. @returns partitions of which it is not */
  const whenProcessed = async (deadlineMs: number): Promise<readonly number[]> => {
    const ends = await deps.admin.offsets(topic)
    for (let markedMs = Number.NEGATIVE_INFINITY; ; await sleep(LOOK_MS)) {
      const missing = await behind(ends)
      const nowMs = performance.now()
      if (missing.length === 0 || nowMs > deadlineMs) return missing
      if (nowMs - markedMs < MARK_AGAIN_MS) continue
      await markAll(missing)
      markedMs = nowMs
    }
  }

  const readPending = async (holder: Client): Promise<readonly Pending[]> =>
    (await holder.query<Pending>(PENDING, [at.stream.topic])).rows

  /** Under a hold: reads what is stored, as much as there is time for. */
  const readHeld = async (
    holder: Client,
    of: Compared,
    {places, deadlineMs}: {readonly places: readonly Place[]; readonly deadlineMs: number},
  ) => {
    // Changes of later transactions are undone as well, to what the snapshot sees: none is missed.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await client.query('DELETE FROM pg_temp.pending')
    const pending = await readPending(holder)
    if (pending.length > PENDING_MAX) return {reason: 'the relay is behind: too many changes wait'}
    await client.query(
      `INSERT INTO pg_temp.pending SELECT id, key, before::json
         FROM unnest($1::text[], $2::text[], $3::text[]) p (id, key, before)`,
      [pending.map(({id}) => id), pending.map(({key}) => key), pending.map(one => one.before)],
    )
    const leftMs = deadlineMs - performance.now()
    const missing = await whenProcessed(performance.now() + WAIT_SHARE * leftMs)
    // Each partition has a point of its own: what lies in others can be compared.
    const isThere = (place: Place): boolean =>
      !partitionsOf(at, place).some(partition => missing.includes(partition))
    // Those of one bucket together: SQL is asked once for all of them.
    const there = Map.groupBy(places.filter(isThere), bucketOf)
    if (there.size === 0) return {reason: BEHIND}
    const judges: Judge[] = []
    const read: Place[] = []
    const nowS = Math.floor(Date.now() / 1000)
    for (const some of chunksOf([...there.values()].flat(), PLACES_AT_ONCE)) {
      judges.push(await readPlaces(of, some, nowS))
      read.push(...some)
      if (performance.now() > deadlineMs) break
    }
    return missing.length === 0 ? {judges, read} : {judges, read, late: BEHIND}
  }

  const compareHeld = async (
    of: Compared,
    places: readonly Place[],
    times: number,
  ): Promise<Round> => {
    const none = {compared: [], heldMs: 0}
    // Right after a checkpoint the next one is small, and comes soon.
    const missing = await whenProcessed(performance.now() + CATCH_UP_MS)
    if (missing.length === at.partitions) return {...none, reason: BEHIND}
    await markAll(Array.from({length: at.partitions}, (_, partition) => partition))
    const holder = await deps.openClient()
    try {
      const mostMs = times * holdMs
      const limits = {mostMs: QUIET_MS + mostMs + MARGIN_MS, quietMs: QUIET_MS}
      const hold = await holdPublishing(holder, limits)
      if (hold === null) {
        return {...none, reason: 'a lane of the relay does not come to rest, or has no owner'}
      }
      const startedAt = performance.now()
      const asked = {places, deadlineMs: startedAt + mostMs}
      const {judges = [], read = [], reason, late} = await readHeld(holder, of, asked)
      const isHeld = await hold.isHeld()
      await hold.letGo()
      const heldMs = performance.now() - startedAt
      if (reason !== undefined) return {compared: [], heldMs, reason}
      if (!isHeld) return {compared: [], heldMs, reason: 'a lane of the relay changed its owner'}
      for (const judge of judges) await judge()
      return {compared: read, heldMs, ...(late === undefined ? {} : {reason: late})}
    } finally {
      await holder.end().catch(() => undefined)
    }
  }

  return {
    async compare(places, report, times) {
      const found: Parameters<Compared['report']>[0][] = []
      const stream = {...at.stream, table: `pg_temp.${AS_PUBLISHED}`}
      const of = {
        ...at,
        pg: client,
        stream,
        report: (one: (typeof found)[number]) => void found.push(one),
      }
      try {
        const round = await compareHeld(of, places, times)
        // What was read of a point that did not hold says nothing.
        if (round.compared.length > 0) for (const one of found) report(one)
        return round
      } catch (error) {
        return {compared: [], heldMs: holdMs, reason: messageOf(error)}
      } finally {
        await client.query('ROLLBACK').catch(() => undefined)
      }
    },
    close: async () => await client.end().catch(() => undefined),
  }
}
