/**
 * Reads a lane's rows.
 *
 * Guarantees    INV-4, INV-5, INV-103: see outbox-sql.ts. A lane that is another's is told, not read as empty.
 *               A page has one row, or as many as fit into its bytes, whatever else waits.
 */
import {parseMicros} from '../contracts/times.ts'
import {PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, type Client} from '../platform/postgres.ts'
import {
  READ_LOWEST,
  READ_PAGE,
  READ_TAIL,
  STILL_OURS,
  WEIGH_PAGE,
  WEIGH_TAIL,
} from './outbox-sql.ts'
import {isLargeRow, rowsOf} from './page-weight.ts'
import type {ReadAnswer, ReadPlan} from './snapshot-cursor.ts'

export interface OutboxRow {
  readonly id: number
  readonly topic: string
  readonly aggregateId: string
  readonly key: string | null
  readonly op: 'c' | 'u' | 'd' | 'r'
  /** JSON text. */
  readonly payload: string
  /** JSON text, or null. */
  readonly headers: string | null
  /** Microseconds since 1970. */
  readonly createdAt: number
  /** One for each look-up of the stream, in their order. */
  readonly lookedUp?: readonly LookedUp[]
}

/** What a look-up found, as value and as Avro. */
export interface LookedUp {
  readonly fields: object | null
  readonly bytes: Buffer
}

export interface LaneEpochId {
  readonly lane: number
  readonly lanes: number
  readonly epoch: number
}

export interface OutboxPage {
  readonly answer: ReadAnswer
  readonly rows: readonly OutboxRow[]
  /** The last id that was given to a row; undefined where none was asked for. */
  readonly lastId?: number
  /** True: a crash of the server could still undo what was read. */
  readonly mustFlush?: boolean
  /** The row behind them that did not fit, without payload. */
  readonly behind?: OutboxRow
  /** Whether rows were weighed, and whether there are large ones. */
  readonly weight?: {readonly isWeighed: boolean; readonly isLarge: boolean}
}

/** How much one read may bring. */
export interface PageLimit {
  readonly rows: number
  readonly bytes: number
  /** Large rows are expected: weighing the usual ones would cost more than reading them. */
  readonly isWeighed: boolean
}

type Cells = readonly (string | null)[]

const HELD: OutboxPage = {answer: {kind: 'held'}, rows: []}

const headOf = (head: Cells): Pick<OutboxPage, 'lastId' | 'mustFlush'> => ({
  lastId: Number(head[2]),
  mustFlush: head[3] !== 'true',
})

/** Everything arrives as text and is parsed where it is needed. */
const AS_TEXT = {getTypeParser: () => (text: string) => text}

export const fenced = (lane: number): PipelineError =>
  new PipelineError('FENCED', `lane ${lane} has another owner`, {disposition: 'retry'})

const toRow = (cells: Cells): OutboxRow => ({
  id: Number(cells[0]),
  topic: cells[1]!,
  aggregateId: cells[2]!,
  key: cells[3]!,
  op: cells[4]! as OutboxRow['op'],
  payload: cells[5] ?? '',
  headers: cells[6]!,
  createdAt: parseMicros(cells[7]!) ?? 0,
})

async function query(
  client: Client,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<Cells[]> {
  try {
    const result = await client.query<string[]>({
      name,
      text,
      values: [...values],
      rowMode: 'array',
      types: AS_TEXT,
    })
    return result.rows
  } catch (error) {
    throw classifyPostgresError(error)
  }
}

/** @throws `FENCED` when the lane has another owner */
export async function assertOurs(client: Client, of: LaneEpochId): Promise<void> {
  const rows = await query(client, 'still_ours', STILL_OURS, [of.lane, of.lanes - 1, of.epoch])
  if (rows.length === 0) throw fenced(of.lane)
}

interface Found {
  /** Absent: the lane has another owner. */
  readonly head: Cells | undefined
  /** Rows that came whole, up to the first that did not. */
  readonly rows: readonly Cells[]
  readonly behind: Cells | undefined
  /** How many there were to come. */
  readonly count: number
  readonly weight: {readonly isWeighed: boolean; readonly isLarge: boolean}
}

function toFound([head, ...cells]: readonly Cells[], isWeighed: boolean): Found {
  const end = cells.findIndex(row => row[5] === null)
  const rows = end < 0 ? cells : cells.slice(0, end)
  const isLarge = end >= 0 || (isWeighed && rows.some(isLargeRow))
  return {head, rows, behind: cells[end], count: cells.length, weight: {isWeighed, isLarge}}
}

/** As many rows as were asked for, or as came whole. */
const mostOf = ({rows, count}: Found, asked: number): number =>
  rows.length < count ? rows.length : asked

interface Statements {
  readonly name: string
  readonly light: string
  readonly weighed: string
}
const TAIL: Statements = {name: 'tail', light: READ_TAIL, weighed: WEIGH_TAIL}
const PAGE: Statements = {name: 'page', light: READ_PAGE, weighed: WEIGH_PAGE}

/** Rows as they are when all are small; else, or where large ones are expected, weighed. */
async function find(
  client: Client,
  {name, light, weighed: heavy}: Statements,
  values: readonly unknown[],
  limit: PageLimit,
): Promise<Found> {
  if (!limit.isWeighed) {
    const found = toFound(await query(client, `read_${name}`, light, values), false)
    const isUseful = name === 'tail' ? found.rows.length === found.count : found.rows.length > 0
    if (found.count === 0 || isUseful) return found
  }
  return toFound(await query(client, `weigh_${name}`, heavy, [...values, limit.bytes]), true)
}

/**
 * Reads what the plan asks for.
 *
 * @throws `FENCED` when the lane has another owner, `UPSTREAM_UNAVAILABLE` when the connection broke
 */
export async function readOutbox(
  client: Client,
  of: LaneEpochId,
  plan: ReadPlan,
  limit: PageLimit,
): Promise<OutboxPage> {
  const base = [of.lane, of.lanes - 1, of.epoch, plan.xmax, plan.xip]
  const asked = rowsOf(limit)
  switch (plan.kind) {
    case 'tail': {
      const found = await find(client, TAIL, [...base, asked + 1], limit)
      if (found.head === undefined) throw fenced(of.lane)
      const snapshot = found.head[1] ?? null
      if (snapshot === null) return HELD
      const most = mostOf(found, asked)
      const rows = found.count > most ? [] : found.rows.map(toRow)
      const answer = {kind: 'tail', snapshot, rowCount: found.count, limit: most} as const
      return {answer, rows, weight: found.weight, ...headOf(found.head)}
    }
    case 'lowest': {
      const cells = await query(client, 'read_lowest', READ_LOWEST, [...base, plan.snapTo])
      if (cells.length === 0) throw fenced(of.lane)
      const id = cells[0]![1] ?? null
      const answer = {kind: 'lowest', id: id === null ? null : Number(id)} as const
      return {answer, rows: []}
    }
    case 'page': {
      const values = [...base, plan.snapTo, asked, plan.afterId]
      const found = await find(client, PAGE, values, limit)
      if (found.head === undefined) throw fenced(of.lane)
      // An empty page would be the end of the batch.
      if (found.head[1] === null) return HELD
      const rows = found.rows.map(toRow)
      const lastId = rows.at(-1)?.id ?? plan.afterId
      const most = mostOf(found, asked)
      const answer = {kind: 'page', rowCount: rows.length, limit: most, lastId} as const
      const page = {answer, rows, weight: found.weight, ...headOf(found.head)}
      return found.behind === undefined ? page : {...page, behind: toRow(found.behind)}
    }
    default:
      return plan satisfies never
  }
}
