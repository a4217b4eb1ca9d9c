/** Random histories of users, orders, readings and logs: late, corrected, moved and deleted rows, by a seed. */
import type {Pool} from '../platform/postgres.ts'
import {writeAnyHistory} from './any-table-history.ts'
import {pick, type AnyColumn, type Random} from './any-table.ts'
import {createRandom} from './source-history.ts'

type Column = Pick<AnyColumn, 'name' | 'nullable' | 'draw'>

const column = (name: string, draw: Column['draw'], nullable = false): Column => ({
  name,
  nullable,
  draw,
})
const oneOf = (name: string, texts: readonly string[], nullable = false): Column =>
  column(name, random => pick(random, texts), nullable)

const uuidOf = (n: number): string => `5a3b1e00-0000-4000-8000-${String(n).padStart(12, '0')}`
const uuids = (name: string, many: number, nullable = false): Column =>
  column(name, random => uuidOf(random(many)), nullable)

/** Mostly of the last minutes, which windows hold; else late, and at ends of hours and days. */
function drawTime(random: Random): string {
  const now = Date.now()
  const day = 86_400_000
  const midnight = now - (now % day)
  const at = pick(random, [
    now - random(900_000),
    now - random(900_000),
    now - random(3 * day),
    midnight - random(3) + 1,
    midnight - 7 * day + random(2) * 3_600_000,
    Date.UTC(2026, 9, 25, random(4), random(60)),
  ])
  return new Date(at).toISOString()
}

const MESSAGES = ['user 1 came', 'user 22 came', "no 'file' at 0xff", 'no "dir" at 0x01', 'ok', '']

interface Table {
  readonly table: string
  readonly id: Column
  /** Others know its rows by their ids: these stay. */
  readonly isKnown?: true
  readonly columns: readonly Column[]
}

const TABLES: readonly Table[] = [
  {
    table: 'users',
    id: uuids('id', 60),
    isKnown: true,
    columns: [
      oneOf('email', ['a@x', 'b@x', 'c@x'], true),
      oneOf('gender', ['female', 'male', '(none)'], true),
      column('age', random => String(random(90)), true),
      oneOf('country', ['Norway', 'Perú', '', '(other)'], true),
      oneOf('city', ['Oslo', 'Lima'], true),
      column('registered_at', drawTime),
    ],
  },
  {
    table: 'order_lines',
    id: column('id', random => String(1 + random(1e9))),
    columns: [
      uuids('order_id', 30),
      uuids('user_id', 60, true),
      oneOf('product', ['lamp', 'sofa', 'télé 📺', 'x'.repeat(100)]),
      oneOf('category', ['light', 'seats', '(none)']),
      oneOf('price', ['0', '0.01', '19.99', '9999999999.99']),
      oneOf('quantity', ['1', '2', '30']),
      oneOf('place', ['Oslo', 'online'], true),
      column('ordered_at', drawTime),
    ],
  },
  {
    table: 'readings',
    id: column('id', random => String(1 + random(1e9))),
    columns: [
      oneOf('device', ['d1', 'd2', 'd/3']),
      oneOf('sensor', ['temperature', 'humidity']),
      column('value', random =>
        random(20) === 0
          ? pick(random, ['NaN', 'Infinity', '-0', '1e300', '9007199254.740991'])
          : String((random(2_000_001) - 1_000_000) / 1024),
      ),
      oneOf('unit', ['C', '%'], true),
      column('measured_at', drawTime),
    ],
  },
  {
    table: 'logs',
    id: column('id', random => String(1 + random(1e9))),
    columns: [
      oneOf('service', ['api', 'relay', 'billing']),
      oneOf('level', ['debug', 'info', 'warn', 'error', 'fatal']),
      oneOf('message', MESSAGES),
      column('logged_at', drawTime),
    ],
  },
]

/** A history of each table, side by side. */
export async function writeMoreHistory(
  pool: Pool,
  {seed, steps}: {readonly seed: number; readonly steps: number},
): Promise<void> {
  await Promise.all(
    TABLES.map(async ({table, id, columns, isKnown = false}, n) => {
      const random = createRandom(seed * 10 + n)
      const all = [id, ...columns]
      const changed = isKnown ? columns : all
      await writeAnyHistory(pool, {table, id}, {random, steps, columns: all, changed})
    }),
  )
}
