/** Rows of one source partition by time in Cassandra: the platform's buckets, and window steps. */
import {toNumber, type Cassandra} from '../platform/cassandra.ts'
import {parseTimeKey, PROJECTIONS, timeKey} from './aggregate-keys.ts'
import type {AggregateTable, LoadedRow} from './aggregate-store.ts'
import {ByteWriter} from './bytes.ts'
import {periodOf} from './content-place.ts'
import {decodeContentState, type ContentState} from './content-state.ts'
import {timestampBytes} from './fence.ts'
import {COUNT_COLUMNS, COUNT_QUESTIONS, createFigureEncoder} from './figure-columns.ts'
import {decodeLeaderboard, encodeLeaderboard, type LeaderboardState} from './leaderboard-state.ts'
import {HOUR_SECONDS, startOf} from './time.ts'
import {decodeViewers, encodeViewers, type ViewersState} from './viewers-state.ts'

const PLATFORM_INSERT = `INSERT INTO platform_metrics
  (src_partition, period, granularity, start, ${COUNT_COLUMNS}, src_offset)
  VALUES (?, ?, ?, ?, ${COUNT_QUESTIONS}, ?) USING TIMESTAMP ?`
const PLATFORM_SELECT = `SELECT detail, src_offset FROM platform_metrics
  WHERE src_partition = ? AND period = ? AND granularity = ? AND start = ?`
const PLATFORM_RECENT = `SELECT start, detail, src_offset FROM platform_metrics
  WHERE src_partition = ? AND period = ? AND granularity = 'minute' AND start >= ?`

/** @param liveSinceS start of the oldest minute that Redis keeps, seconds since 1970 */
export function createPlatformTable(
  cassandra: Cassandra,
  liveSinceS: () => number,
): AggregateTable {
  const encodeFigures = createFigureEncoder()
  return {
    async load(key, partition) {
      const bucket = parseTimeKey(key)
      const {granularity, start} = bucket
      const at = [partition, periodOf(bucket), granularity, start * 1000]
      const [row] = await cassandra.rows(PLATFORM_SELECT, at)
      if (row === undefined) return null
      const state = decodeContentState(row['detail'] as Buffer)
      return {state, srcOffset: toNumber(row['src_offset'])}
    },
    encode(key, state, fence) {
      const bucket = parseTimeKey(key)
      const {granularity, start} = bucket
      const period = periodOf(bucket)
      const {counts} = encodeFigures(state as ContentState)
      const at = [fence.partition, period, granularity, start * 1000]
      const params = [...at, ...counts, fence.offset, timestampBytes(fence)]
      return {
        row: {
          partition: `p${fence.partition}/${period}`,
          statement: {query: PLATFORM_INSERT, params},
        },
      }
    },
    async *scanLive(partition) {
      const since = liveSinceS()
      const periods = new Set(
        [0, 3, 6].map(hours =>
          periodOf({granularity: 'minute', start: since + hours * HOUR_SECONDS}),
        ),
      )
      for (const period of periods) {
        const rows = await cassandra.rows(PLATFORM_RECENT, [partition, period, since * 1000])
        yield rows.map(row => ({
          projection: PROJECTIONS.platformTime,
          key: timeKey('minute', toNumber(row['start']) / 1000),
          state: decodeContentState(row['detail'] as Buffer),
          srcOffset: toNumber(row['src_offset']),
        }))
      }
    },
  }
}

interface StepKind<State> {
  readonly projection: string
  readonly table: 'leaderboard_steps' | 'viewer_steps'
  /** Readable column beside the bytes. */
  readonly column: 'contents' | 'viewers'
  readonly sizeOf: (state: State) => number
  readonly encode: (state: State, writer: ByteWriter) => Buffer
  readonly decode: (detail: Buffer) => State
}

export const LEADERBOARD_STEPS: StepKind<LeaderboardState> = {
  projection: PROJECTIONS.leaderboard,
  table: 'leaderboard_steps',
  column: 'contents',
  sizeOf: state => state.contents.size,
  encode: encodeLeaderboard,
  decode: decodeLeaderboard,
}

export const VIEWER_STEPS: StepKind<ViewersState> = {
  projection: PROJECTIONS.viewers,
  table: 'viewer_steps',
  column: 'viewers',
  sizeOf: state => state.users.counts.size,
  encode: encodeViewers,
  decode: decodeViewers,
}

/** Steps of ten seconds; `scanLive` gives those since `liveSinceS`. */
export function createStepTable<State>(
  cassandra: Cassandra,
  kind: StepKind<State>,
  liveSinceS: () => number,
): AggregateTable {
  const writer = new ByteWriter()
  const {table, column} = kind
  const insert = `INSERT INTO ${table}
    (src_partition, hour, step, ${column}, detail, src_offset)
    VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
  const select = `SELECT detail, src_offset FROM ${table}
    WHERE src_partition = ? AND hour = ? AND step = ?`
  const recent = `SELECT step, detail, src_offset FROM ${table}
    WHERE src_partition = ? AND hour = ? AND step >= ?`
  return {
    async load(key, partition) {
      const step = Number(key)
      const at = [partition, startOf('hour', step) * 1000, step * 1000]
      const [row] = await cassandra.rows(select, at)
      if (row === undefined) return null
      return {state: kind.decode(row['detail'] as Buffer), srcOffset: toNumber(row['src_offset'])}
    },
    encode(key, opaque, fence) {
      const state = opaque as State
      const step = Number(key)
      const hour = startOf('hour', step)
      const params = [
        fence.partition,
        hour * 1000,
        step * 1000,
        kind.sizeOf(state),
        kind.encode(state, writer),
        fence.offset,
        timestampBytes(fence),
      ]
      const partition = `${table}/${fence.partition}/${hour}`
      return {row: {partition, statement: {query: insert, params}}}
    },
    async *scanLive(partition) {
      const since = liveSinceS()
      const first = startOf('hour', since)
      // One hour ahead too: events may be dated ahead of the clock, the window's end is now.
      for (const hour of [first, first + HOUR_SECONDS, first + 2 * HOUR_SECONDS]) {
        const at = [partition, hour * 1000, since * 1000]
        for await (const rows of cassandra.pages(recent, at, 50)) {
          yield rows.map((row): LoadedRow => ({
            projection: kind.projection,
            key: String(toNumber(row['step']) / 1000),
            state: kind.decode(row['detail'] as Buffer),
            srcOffset: toNumber(row['src_offset']),
          }))
        }
      }
    },
  }
}
