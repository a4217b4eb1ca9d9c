/**
 * How much a page brings: as many rows as fit into its bytes, or one.
 *
 * Usual rows are small, which PostgreSQL knows without a look at them. To add up what rows take costs more than to
 * read small ones, so it is done only from the first one on that is not small.
 */
import type {OutboxPage, PageLimit} from './outbox-reader.ts'

/** Below this a row is small: PostgreSQL stores no more in the row itself, and knows the size without a look at it. */
const SMALL_BYTES = 1_900
/** Of the columns beside the payload. */
const BESIDE_BYTES = 1_000
/** What a small row takes on its way, all together. */
const SMALL_ROW_BYTES = SMALL_BYTES + 3 * BESIDE_BYTES

const isPlain = (column: string, bytes: number): string =>
  `pg_column_size(${column}) < ${bytes} AND pg_column_compression(${column}) IS NULL`
const small = (column: string, is: string): string => `CASE WHEN ${is} THEN ${column} END`
const IS_KEY_SMALL = `octet_length(o.key) < ${BESIDE_BYTES}`
const IS_ID_SMALL = `octet_length(o.aggregate_id) < ${BESIDE_BYTES}`
const ARE_HEADERS_SMALL = `o.headers IS NULL OR ${isPlain('o.headers', BESIDE_BYTES)}`
const IS_SMALL = `${isPlain('o.payload', SMALL_BYTES)} AND (o.key IS NULL OR ${IS_KEY_SMALL}) AND ${IS_ID_SMALL}
  AND (${ARE_HEADERS_SMALL})`
/** Of a row `o`. Small ones as they are, others without payload. */
export const SMALL_COLUMNS = `o.id, o.topic, ${small('o.aggregate_id', IS_ID_SMALL)} AS aggregate_id,
  ${small('o.key', IS_KEY_SMALL)} AS key, o.op, ${small('o.payload', IS_SMALL)} AS payload,
  ${small('o.headers', ARE_HEADERS_SMALL)} AS headers, o.created_at`

/** What a row takes on its way: what is compressed has to be unpacked to know. */
const BYTES = ['payload', 'headers']
  .map(
    column =>
      `CASE WHEN pg_column_compression(o.${column}) IS NULL THEN coalesce(pg_column_size(o.${column}), 0)
         ELSE octet_length(o.${column}::text) END`,
  )
  .join(' + ')
  .concat(' + coalesce(octet_length(o.key), 0) + octet_length(o.aggregate_id)')

/**
 * Rows up to so many bytes, and the one behind them without payload. The first one always fits: more than all bytes
 * does not count. Of no bytes at all there is only the row behind.
 */
export const weighed = (rows: string, bytes: string): string => `
  SELECT o.id, o.topic, o.aggregate_id, o.key, o.op, CASE WHEN o.upto <= ${bytes} AND ${bytes} > 0 THEN o.payload END, o.headers, o.created_at
    FROM (SELECT o.*, sum(o.bytes) OVER (ORDER BY o.id ROWS UNBOUNDED PRECEDING) AS upto
            FROM (SELECT o.*, least(${BYTES}, ${bytes}) AS bytes FROM (${rows}) o) o) o
   WHERE o.upto - o.bytes <= ${bytes}`

/** Small rows are not weighed: so many of them are never more than the bytes. */
export const rowsOf = ({rows, bytes, isWeighed}: PageLimit): number =>
  isWeighed ? rows : Math.max(1, Math.min(rows, Math.floor(bytes / SMALL_ROW_BYTES)))

/** Of the cells of a row. */
export const isLargeRow = (cells: readonly (string | null)[]): boolean =>
  cells[5]!.length >= SMALL_BYTES ||
  [cells[2], cells[3], cells[6]].some(text => (text?.length ?? 0) >= BESIDE_BYTES)

/** How much of the next page is asked for. */
export type Pace = Pick<PageLimit, 'rows' | 'isWeighed'>

/**
 * Of large rows about as many as fit into a page are asked for, so that PostgreSQL weighs no others, and more again as
 * soon as they fit. Pure.
 */
export function nextPace(
  pace: Pace,
  {asked, most}: {readonly asked: number; readonly most: number},
  {answer, rows, weight}: OutboxPage,
): Pace {
  if (weight === undefined || (answer.kind !== 'page' && answer.kind !== 'tail')) return pace
  if (!weight.isLarge) return rows.length === 0 ? pace : {rows: most, isWeighed: false}
  if (!weight.isWeighed) return {rows: pace.rows, isWeighed: true}
  if (answer.limit < asked) {
    return {rows: Math.max(1, Math.min(most, 2 * answer.limit)), isWeighed: true}
  }
  const isFull = answer.rowCount >= asked
  return {
    rows: isFull ? Math.min(most, Math.max(pace.rows, 2 * asked)) : pace.rows,
    isWeighed: true,
  }
}
