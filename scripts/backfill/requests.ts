/** Rows of cdc.backfills: asking for one, and watching it. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {Stream} from '../../contracts/stream.ts'
import {quote} from '../../platform/sql-names.ts'
import type {Client} from '../../platform/postgres.ts'
import {createTeller} from '../progress.ts'
import {UsageError} from '../command.ts'

export interface Backfill {
  readonly id: string
  readonly topic: string
  readonly condition: string | null
  readonly generation: string | null
  readonly state: 'waiting' | 'running' | 'paused' | 'done' | 'cancelled' | 'failed'
  readonly rows_estimated: string | null
  readonly rows_looked_at: string
  readonly rows_written: string
  readonly problem: string | null
  readonly seconds: number | null
}

export interface Request {
  readonly topic: string
  readonly condition?: string | null
  /** The generation of the read model that it fills, by its space; null: all. */
  readonly generation?: string | null
  readonly group?: string | null
  readonly rowsPerSecond?: number | undefined
}

const COLUMNS = `id, topic, condition, generation, state, rows_estimated, rows_looked_at, rows_written, problem,
  extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::float8 AS seconds`

/** What two cores carry beside live events; as the column's default. */
export const ROWS_PER_SECOND = 1000

/** Of `--rate`. @throws a sentence of what is no number of rows */
export function readRate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,7}$/.test(text) && Number(text) >= 1 && Number(text) <= 1_000_000) return Number(text)
  throw new UsageError(`--rate ${text} is no number of rows from 1 to 1000000`)
}

/** @throws what PostgreSQL says of a topic that is not captured, or a condition that cannot be asked */
export async function requestBackfill(
  client: Client,
  {topic, condition = null, generation = null, group = null, rowsPerSecond}: Request,
): Promise<string> {
  const {rows} = await client.query<{id: string}>(
    `INSERT INTO cdc.backfills (topic, condition, generation, group_id, rows_per_second)
     VALUES ($1, $2, $3, $4, $5) RETURNING id`,
    [topic, condition, generation, group, rowsPerSecond ?? ROWS_PER_SECOND],
  )
  return rows[0]!.id
}

export async function readBackfill(client: Client, id: string): Promise<Backfill> {
  const {rows} = await client.query<Backfill>(
    `SELECT ${COLUMNS} FROM cdc.backfills WHERE id = $1`,
    [id],
  )
  const [found] = rows
  if (found === undefined) throw new UsageError(`there is no backfill ${id}: --list shows them`)
  return found
}

export async function listBackfills(client: Client, limit: number): Promise<readonly Backfill[]> {
  const {rows} = await client.query<Backfill>(
    `SELECT ${COLUMNS} FROM cdc.backfills ORDER BY id DESC LIMIT $1`,
    [limit],
  )
  return rows
}

/** Of a time that is left or has passed: `1 h 5 min`, `3 min`, `20 s`. */
export function timeText(seconds: number): string {
  if (seconds >= 3600)
    return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
  return seconds >= 90 ? `${Math.round(seconds / 60)} min` : `${Math.ceil(seconds)} s`
}

/** One line: how far it is, how fast, and how long it will take. */
export function progressText(backfill: Backfill): string {
  const {id, topic, state, problem, seconds} = backfill
  const [looked, written, about] = [
    Number(backfill.rows_looked_at),
    Number(backfill.rows_written),
    Number(backfill.rows_estimated ?? 0),
  ]
  const parts = [`backfill ${id} of ${topic}: ${state}`]
  if (state === 'running' && about > 0) {
    parts.push(`${Math.min(99, Math.floor((100 * looked) / about))} %`)
  }
  parts.push(`${written.toLocaleString('en')} rows written`)
  if (seconds !== null && seconds > 0 && looked > 0) {
    parts.push(`${Math.round(written / seconds).toLocaleString('en')} a second`)
    const left = ((about - looked) * seconds) / looked
    if (state === 'running' && left > 0) parts.push(`about ${timeText(left)} left`)
  }
  if (problem !== null) parts.push(problem)
  return parts.join(', ')
}

export const isOver = ({state}: Backfill): boolean =>
  state === 'done' || state === 'cancelled' || state === 'failed'

const LOOK_MS = 500

/** Says how far it is until it is over. */
export async function watchBackfill(
  client: Client,
  id: string,
  say: (line: string) => void,
): Promise<Backfill> {
  const tell = createTeller(say)
  let last: string | undefined
  for (;;) {
    const backfill = await readBackfill(client, id)
    const {state, rows_looked_at: looked} = backfill
    if (state !== last) say(progressText(backfill))
    else tell(progressText(backfill), `${state} ${looked}`)
    last = state
    if (isOver(backfill)) return backfill
    await sleep(LOOK_MS)
  }
}

export interface Range {
  readonly 'from-id'?: string | undefined
  readonly 'to-id'?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly where?: string | undefined
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * The rows of a range as SQL; null: every row.
 *
 * @throws a sentence that names the option
 */
export function conditionOf(
  {idColumns, columns, timeField, name}: Stream,
  range: Range,
): string | null {
  const conditions: string[] = []
  const compare = (column: string, operator: string, value: string | undefined): void => {
    if (value !== undefined) conditions.push(`t.${quote(column)} ${operator} ${literal(value)}`)
  }
  const [idColumn = '', ...others] = idColumns
  if (others.length > 0 && (range['from-id'] ?? range['to-id']) !== undefined) {
    throw new UsageError(
      `ids of ${name} have several columns (${idColumns.join(', ')}): give --where instead of --from-id and --to-id`,
    )
  }
  compare(idColumn, '>=', range['from-id'])
  compare(idColumn, '<=', range['to-id'])
  if (range.from !== undefined || range.to !== undefined) {
    const time = columns.find(({field}) => field === timeField)?.column
    if (time === undefined)
      throw new UsageError(
        `stream ${name} has no time column: give --where instead of --from and --to`,
      )
    for (const [option, value] of Object.entries({from: range.from, to: range.to})) {
      if (value !== undefined && Number.isNaN(Date.parse(value))) {
        throw new UsageError(
          `--${option} ${value} is no time: give it as 2026-01-31 or 2026-01-31T12:00:00Z`,
        )
      }
    }
    compare(time, '>=', range.from)
    compare(time, '<', range.to)
  }
  if (range.where !== undefined) conditions.push(`(${range.where})`)
  return conditions.length === 0 ? null : conditions.join(' AND ')
}
