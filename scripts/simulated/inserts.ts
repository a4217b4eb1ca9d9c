/** Writes what was simulated, many rows with one statement, as an application would in its own transactions. */
import type {Pool} from '../../platform/postgres.ts'
import type {Change, ContentRow, LineKey, StreamName, UserRow} from './changes.ts'
import {RETURNABLE} from './orders.ts'

interface Target {
  readonly table: string
  /** Columns that are written, with their types. */
  readonly columns: Readonly<Record<string, string>>
  readonly end?: string
}

/** What is there already stays as it is. */
const ONCE = 'ON CONFLICT DO NOTHING'

export const TARGETS: Readonly<Record<StreamName, Target>> = {
  engagement: {
    table: 'engagement_events',
    columns: {
      content_id: 'uuid',
      user_id: 'uuid',
      event_type: 'text',
      event_ts: 'timestamptz',
      duration_ms: 'int',
      device: 'text',
      raw_payload: 'jsonb',
    },
  },
  activity: {
    table: 'activity_events',
    columns: {
      user_id: 'text',
      activity_type: 'text',
      occurred_at: 'timestamptz',
      metadata: 'jsonb',
    },
  },
  users: {
    table: 'users',
    columns: {
      id: 'uuid',
      name: 'text',
      email: 'text',
      gender: 'text',
      age: 'int',
      country: 'text',
      city: 'text',
      registered_at: 'timestamptz',
    },
    end: ONCE,
  },
  orders: {
    table: 'order_lines',
    columns: {
      order_id: 'uuid',
      user_id: 'uuid',
      product: 'text',
      category: 'text',
      price: 'numeric',
      quantity: 'int',
      place: 'text',
      ordered_at: 'timestamptz',
    },
    end: 'RETURNING id, order_id, product',
  },
  readings: {
    table: 'readings',
    columns: {
      device: 'text',
      sensor: 'text',
      value: 'float8',
      unit: 'text',
      measured_at: 'timestamptz',
    },
  },
  logs: {
    table: 'logs',
    columns: {service: 'text', level: 'text', message: 'text', logged_at: 'timestamptz'},
  },
}

const INSERT_CONTENT = `
  INSERT INTO public.content (id, slug, title, content_type, length_seconds, publish_ts)
  SELECT id, slug, title, content_type, length_seconds, to_timestamp($2::float8 / 1000) - make_interval(days => published_days_ago)
    FROM jsonb_to_recordset($1::jsonb) AS t(id uuid, slug text, title text, content_type text,
                                            length_seconds int, published_days_ago int)
  ${ONCE}`
const UPDATE_LINES = `
  UPDATE public.order_lines SET price = t.price, quantity = t.quantity
    FROM jsonb_to_recordset($1::jsonb) AS t(id bigint, price numeric, quantity int)
   WHERE order_lines.id = t.id`
const DELETE_LINES = 'DELETE FROM public.order_lines WHERE id = ANY ($1::bigint[])'

/** In this order: users before those who look them up. */
const ORDER = ['users', 'engagement', 'activity', 'orders', 'readings', 'logs'] as const

/** Ids of lines that are remembered: some more than can come back, for those of one batch. */
const LINES_KEPT = RETURNABLE + 10_000

function insertOf({table, columns, end = ''}: Target): string {
  const names = Object.keys(columns).join(', ')
  const types = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
  return `INSERT INTO public.${table} (${names}) SELECT ${names} FROM jsonb_to_recordset($1::jsonb) AS t(${types.join(', ')}) ${end}`
}

export interface Writer {
  /** Inserts of a stream in one statement, then what becomes of lines that are there. */
  write(changes: readonly Change[]): Promise<void>
}

const nameOf = ({order_id, product}: LineKey): string => `${order_id} ${product}`

export function createWriter(pool: Pool): Writer {
  const lineIds = new Map<string, string>()
  const remember = (lines: readonly (LineKey & {readonly id: string})[]): void => {
    for (const line of lines) lineIds.set(nameOf(line), line.id)
    for (const name of lineIds.keys()) {
      if (lineIds.size <= LINES_KEPT) break
      lineIds.delete(name)
    }
  }
  const take = (line: LineKey): readonly string[] => {
    const id = lineIds.get(nameOf(line))
    lineIds.delete(nameOf(line))
    return id === undefined ? [] : [id]
  }
  const insert = async (stream: StreamName, changes: readonly Change[]): Promise<void> => {
    const rows = changes.flatMap(one =>
      one.stream === stream && one.op === 'insert' ? [one.row] : [],
    )
    if (rows.length === 0) return
    const result = await pool.query(insertOf(TARGETS[stream]), [JSON.stringify(rows)])
    if (stream === 'orders') remember(result.rows as (LineKey & {readonly id: string})[])
  }
  const change = async (changes: readonly Change[]): Promise<void> => {
    const corrected = changes.flatMap(({op, row}) =>
      op === 'update' ? take(row).map(id => ({id, price: row.price, quantity: row.quantity})) : [],
    )
    const returned = changes.flatMap(({op, row}) => (op === 'delete' ? take(row) : []))
    if (corrected.length > 0) await pool.query(UPDATE_LINES, [JSON.stringify(corrected)])
    if (returned.length > 0) await pool.query(DELETE_LINES, [returned])
  }
  return {
    async write(changes) {
      for (const stream of ORDER) await insert(stream, changes)
      await change(changes)
    },
  }
}

/** Those that are there already stay as they are; the others were published before the simulation begins. */
export async function insertContents(
  pool: Pool,
  contents: readonly ContentRow[],
  startMs: number,
): Promise<void> {
  await pool.query(INSERT_CONTENT, [JSON.stringify(contents), startMs])
}

const USERS_A_STATEMENT = 5000

/** The same of people. */
export async function insertUsers(pool: Pool, users: Iterable<UserRow>): Promise<void> {
  const insert = insertOf(TARGETS.users)
  let rows: UserRow[] = []
  for (const user of users) {
    rows.push(user)
    if (rows.length < USERS_A_STATEMENT) continue
    await pool.query(insert, [JSON.stringify(rows)])
    rows = []
  }
  if (rows.length > 0) await pool.query(insert, [JSON.stringify(rows)])
}
