/** Aggregate rows of contents in Cassandra: the engagement state by its key. */
import {toNumber, toText, toUuidBytes} from '../platform/cassandra.ts'
import type {Cassandra, CqlParams, CqlRow} from '../platform/cassandra.ts'
import {contentIdOf, parseTimeKey, PROJECTIONS, restOf} from './aggregate-keys.ts'
import type {AggregateTable, LoadedState} from './aggregate-store.ts'
import {
  dayBucketOf,
  periodOf,
  TOTAL_PERIOD,
  TOTALS_BUCKETS,
  totalsBucketOf,
} from './content-place.ts'
import {decodeContentState, type ContentState} from './content-state.ts'
import {timestampBytes, type Fence} from './fence.ts'
import {createFigureEncoder, FIGURE_COLUMNS, FIGURE_QUESTIONS} from './figure-columns.ts'
import {isoDayOfSeconds} from './time.ts'

/** Where one row of engagement figures lies: its table's key columns and values. */
export interface FigurePlace {
  readonly table: 'content_totals' | 'content_metrics' | 'content_days'
  readonly key: CqlParams
  /** Key of its spilled viewers. */
  readonly viewers: CqlParams
  /** Equal texts lie in one Cassandra partition. */
  readonly partition: string
}

interface FigureTable {
  readonly columns: string
  readonly questions: string
  readonly where: string
  /** False when `src_partition` is part of the key. */
  readonly hasSource: boolean
}

const FIGURE_TABLES: Readonly<Record<FigurePlace['table'], FigureTable>> = {
  content_totals: {
    columns: 'src_partition, bucket, content_id',
    questions: '?, ?, ?',
    where: 'src_partition = ? AND bucket = ? AND content_id = ?',
    hasSource: false,
  },
  content_metrics: {
    columns: 'content_id, period, granularity, start',
    questions: '?, ?, ?, ?',
    where: 'content_id = ? AND period = ? AND granularity = ? AND start = ?',
    hasSource: true,
  },
  content_days: {
    columns: 'day, bucket, content_id',
    questions: '?, ?, ?',
    where: 'day = ? AND bucket = ? AND content_id = ?',
    hasSource: true,
  },
}

const insertInto = (table: FigurePlace['table']): string => {
  const {columns, questions, hasSource} = FIGURE_TABLES[table]
  const source = hasSource ? 'src_partition, ' : ''
  return `INSERT INTO ${table} (${columns}, ${FIGURE_COLUMNS}, ${source}src_offset)
    VALUES (${questions}, ${FIGURE_QUESTIONS}, ${hasSource ? '?, ' : ''}?) USING TIMESTAMP ?`
}

const selectFrom = (table: FigurePlace['table']): string =>
  `SELECT detail, src_offset FROM ${table} WHERE ${FIGURE_TABLES[table].where}`

const byTable = (
  make: (table: FigurePlace['table']) => string,
): Readonly<Record<FigurePlace['table'], string>> => ({
  content_totals: make('content_totals'),
  content_metrics: make('content_metrics'),
  content_days: make('content_days'),
})

const INSERT = byTable(insertInto)
const SELECT = byTable(selectFrom)

const VIEWERS_INSERT = `INSERT INTO content_viewers
  (content_id, period, granularity, start, slot, sketch, src_partition, src_offset)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
const VIEWERS_SELECT = `SELECT slot, sketch FROM content_viewers
  WHERE content_id = ? AND period = ? AND granularity = ? AND start = ?`

export function placeOfTotals(contentId: string, partition: number): FigurePlace {
  const id = toUuidBytes(contentId)
  const bucket = totalsBucketOf(contentId)
  return {
    table: 'content_totals',
    key: [partition, bucket, id],
    viewers: [id, TOTAL_PERIOD, 'total', 0],
    partition: `t${partition}/${bucket}`,
  }
}

export function placeOfTime(contentId: string, timeKey: string): FigurePlace {
  const bucket = parseTimeKey(timeKey)
  const {granularity, start} = bucket
  const id = toUuidBytes(contentId)
  const period = periodOf(bucket)
  const key = [id, period, granularity, start * 1000]
  if (granularity !== 'day') {
    return {table: 'content_metrics', key, viewers: key, partition: `c${contentId}/${period}`}
  }
  const day = isoDayOfSeconds(start)
  const dayBucket = dayBucketOf(contentId)
  return {
    table: 'content_days',
    key: [day, dayBucket, id],
    viewers: key,
    partition: `d${day}/${dayBucket}`,
  }
}

/** The state in a row that was read; spilled viewers are read too. */
export async function toContentState(
  cassandra: Cassandra,
  row: CqlRow,
  viewers: FigurePlace['viewers'],
): Promise<ContentState> {
  const state = decodeContentState(row['detail'] as Buffer)
  if (state.viewers.isSpilled) {
    for await (const page of cassandra.pages(VIEWERS_SELECT, viewers, 100)) {
      for (const {slot, sketch} of page) state.viewers.addStored(slot as number, sketch as Buffer)
    }
  }
  return state
}

export async function loadFigures(
  cassandra: Cassandra,
  place: FigurePlace,
  withViewers = true,
): Promise<LoadedState | null> {
  const [row] = await cassandra.rows(SELECT[place.table], place.key)
  if (row === undefined) return null
  const state = withViewers
    ? await toContentState(cassandra, row, place.viewers)
    : decodeContentState(row['detail'] as Buffer)
  return {state, srcOffset: toNumber(row['src_offset'])}
}

function createFigureTable(
  cassandra: Cassandra,
  toPlace: (key: string, partition: number) => FigurePlace,
): AggregateTable {
  const encodeFigures = createFigureEncoder()
  return {
    load: (key, partition) => loadFigures(cassandra, toPlace(key, partition)),
    encode(key, state, fence) {
      const place = toPlace(key, fence.partition)
      const {counts, viewers, spill} = encodeFigures(state as ContentState)
      const source = sourceOf(fence, FIGURE_TABLES[place.table].hasSource)
      const params = [...place.key, ...counts, ...viewers, ...source]
      const row = {partition: place.partition, statement: {query: INSERT[place.table], params}}
      if (spill === undefined) return {row}
      const before = spill.slots.map(({slot, sketch}) => ({
        partition: `v${place.partition}/${key}`,
        statement: {
          query: VIEWERS_INSERT,
          params: [...place.viewers, slot, sketch, ...sourceOf(fence, true)],
        },
      }))
      return {row, before, commit: spill.commit}
    },
  }
}

/** `src_partition` where it is a column of its own, `src_offset`, and the write timestamp. */
const sourceOf = (fence: Fence, hasSource: boolean): CqlParams =>
  hasSource
    ? [fence.partition, fence.offset, timestampBytes(fence)]
    : [fence.offset, timestampBytes(fence)]

const TOTALS_PAGE = `SELECT content_id, detail, src_offset FROM content_totals
  WHERE src_partition = ? AND bucket = ?`
export function createTotalsTable(cassandra: Cassandra): AggregateTable {
  return {
    ...createFigureTable(cassandra, placeOfTotals),
    async *scanLive(partition) {
      for (let bucket = 0; bucket < TOTALS_BUCKETS; bucket++) {
        for await (const page of cassandra.pages(TOTALS_PAGE, [partition, bucket], 500)) {
          yield await Promise.all(
            page.map(async row => {
              const key = toText(row['content_id'])
              const {viewers} = placeOfTotals(key, partition)
              return {
                projection: PROJECTIONS.contentTotals,
                key,
                state: await toContentState(cassandra, row, viewers),
                srcOffset: toNumber(row['src_offset']),
              }
            }),
          )
        }
      }
    },
  }
}

export const createTimeTable = (cassandra: Cassandra): AggregateTable =>
  createFigureTable(cassandra, key => placeOfTime(contentIdOf(key), restOf(key)))
