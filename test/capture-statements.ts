/** Statements that change rows: of the captured table, of its parts, and of tables of others. */
import type {Column, TableState} from './capture-table.ts'

/** What is drawn for a statement: a few ids, and two numbers that it takes as it likes. */
export interface Args {
  readonly ids: readonly number[]
  readonly n: number
  readonly m: number
  readonly session: number
}

export type Write = (table: TableState, args: Args) => string

const KEYS: Readonly<Record<string, readonly string[]>> = {
  text: ["'a'", "'b'", "'c,d'", 'NULL'],
  numeric: ["'1.0'", "'1.00'", "'2'", 'NULL'],
  interval: ["'1 day'", "'24:00:00'", "'1 mon -1 day 02:00'", 'NULL'],
  bytea: ["'\\x01ff'", "'\\x00'", 'NULL'],
  'timestamp with time zone': ["'2026-01-02 03:04:05.000006+00'", "'2026-07-01 00:00+02'", 'NULL'],
}

const byNum = (table: TableState, num: number): Column =>
  table.columns.find(one => one.num === num) ?? {
    name: 'gone',
    raw: 'gone',
    num,
    type: 'text',
    generated: '',
  }
export const idOf = (table: TableState): Column => byNum(table, 1)
export const keyOf = (table: TableState): Column => byNum(table, 2)

export function keyValue(table: TableState, n: number): string {
  const {type} = keyOf(table)
  const values = KEYS[type] ?? KEYS['text']!
  return `(${values[n % values.length]})::${type}`
}

export const pick = <T>(of: readonly T[], n: number): T | undefined => of[n % of.length]

/** Sometimes a part of the table, named itself. */
const target = (table: TableState, n: number): string =>
  (n % 4 === 0 ? pick(table.parts, n >> 2)?.name : undefined) ?? table.name

/** Columns that every row is given, and rows of them for the ids drawn. */
export const columnsOf = (table: TableState): string =>
  `${idOf(table).name}, ${keyOf(table).name}, v`
const rowsOf = (table: TableState, {ids, n, m}: Args): string =>
  `SELECT i::text::${idOf(table).type}, ${keyValue(table, n)}, ${m} FROM unnest('{${ids.join()}}'::int[]) i`
const isOneOf = (table: TableState, ids: readonly number[], alias = ''): string =>
  `${alias}${idOf(table).name}::text = ANY ('{${ids.flatMap(id => [id, `${id}.00`]).join()}}')`
/** An id that many away. */
const moved = (table: TableState, by: number): string => {
  const {name, type} = idOf(table)
  return `((${name}::text::numeric + ${by})::${type === 'text' ? 'numeric::text' : type})`
}
const conflict = (table: TableState): string => {
  const names = table.primaryKey.map(raw => table.columns.find(one => one.raw === raw)!.name)
  return `(${names.join(', ')})`
}

export const WRITES = {
  insert: (t, a) => `INSERT INTO ${target(t, a.m)} (${columnsOf(t)}) ${rowsOf(t, a)}`,
  insertNew: (t, a) =>
    `INSERT INTO ${target(t, a.m)} (${columnsOf(t)}) ${rowsOf(t, a)} ON CONFLICT DO NOTHING`,
  upsert: (t, a) => `INSERT INTO ${target(t, a.m)} (${columnsOf(t)}) ${rowsOf(t, a)}
    ON CONFLICT ${conflict(t)} DO UPDATE SET ${keyOf(t).name} = excluded.${keyOf(t).name}, v = excluded.v`,
  update: (t, a) => `UPDATE ${target(t, a.m)} SET v = ${a.n} WHERE ${isOneOf(t, a.ids)}`,
  updateAll: (t, a) => `UPDATE ${target(t, a.m)} SET v = v + 1`,
  updateKey: (t, a) =>
    `UPDATE ${target(t, a.m)} SET ${keyOf(t).name} = ${keyValue(t, a.n)} WHERE ${isOneOf(t, a.ids)}`,
  swapKeys: (t, a) =>
    `UPDATE ${t.name} x SET ${keyOf(t).name} = (SELECT max(y.${keyOf(t).name}::text) FROM ${t.name} y WHERE y.v <> x.v)::${keyOf(t).type} WHERE ${isOneOf(t, a.ids)}`,
  move: (t, a) =>
    `UPDATE ${t.name} SET ${idOf(t).name} = ${moved(t, a.n % 2 === 0 ? 10 : -10)} WHERE ${isOneOf(t, [...a.ids, ...a.ids.map(id => id + 10)])}`,
  moveByOne: (t, a) =>
    `UPDATE ${t.name} SET ${idOf(t).name} = ${moved(t, 1)}, v = ${a.n} WHERE ${isOneOf(t, a.ids)}`,
  /** Equal, and another text where it is a number with digits behind the point. */
  spell: (t, a) =>
    `UPDATE ${t.name} SET ${idOf(t).name} = (${idOf(t).name}::text::numeric + ${a.n % 2 === 0 ? '0.00' : '0'})::text::${idOf(t).type} WHERE ${isOneOf(t, a.ids)}`,
  delete: (t, a) => `DELETE FROM ${target(t, a.m)} WHERE ${isOneOf(t, a.ids)}`,
  merge: (
    t,
    a,
  ) => `MERGE INTO ${target(t, a.m)} USING unnest('{${a.ids.join()}}'::int[]) s (i) ON ${isOneOf(t, a.ids)} AND ${idOf(t).name}::text::numeric = s.i
    WHEN MATCHED AND v > 50 THEN DELETE WHEN MATCHED THEN UPDATE SET v = ${a.n}
    WHEN NOT MATCHED THEN INSERT (${columnsOf(t)}) VALUES (s.i::text::${idOf(t).type}, ${keyValue(t, a.n)}, ${a.m})`,
  goneAndBack: (t, a) =>
    `WITH gone AS (DELETE FROM ${t.name} WHERE ${isOneOf(t, a.ids)} RETURNING *) INSERT INTO ${t.name} (${columnsOf(t)}) SELECT ${columnsOf(t).replace(/v$/, String(a.n))} FROM gone`,
  /** Moves a row away and stores another one in its place. */
  reuse: (
    t,
    a,
  ) => `WITH moved AS (UPDATE ${t.name} SET ${idOf(t).name} = ${moved(t, 20)} WHERE ${isOneOf(t, a.ids.slice(0, 1))} RETURNING v)
    INSERT INTO ${t.name} (${columnsOf(t)}) SELECT '${a.ids[0]}'::${idOf(t).type}, ${keyValue(t, a.n)}, v FROM moved`,
  copy: (t, a) =>
    `COPY ${target(t, a.m)} (${idOf(t).name}, v) FROM PROGRAM $$printf '${a.ids.map(id => `${id}\\t${a.n}\\n`).join('')}'$$`,
  truncate: (t, a) => `TRUNCATE ${target(t, a.m)}`,
  /** Rows of a table that is no part (any more) are nobody's business. */
  writeLoose(t, a) {
    const loose = pick(t.loose, a.m)
    if (loose === undefined) return 'SELECT'
    return a.n % 2 === 0
      ? `UPDATE ${loose} SET v = ${a.n}`
      : `DELETE FROM ${loose} WHERE v > ${a.m}`
  },
} satisfies Readonly<Record<string, Write>>

export const TRANSACTIONS = {
  begin: () => 'BEGIN',
  beginRepeatable: () => 'BEGIN ISOLATION LEVEL REPEATABLE READ',
  commit: () => 'COMMIT',
  rollback: () => 'ROLLBACK',
  savepoint: () => 'BEGIN; SAVEPOINT s',
  rollbackTo: () => 'ROLLBACK TO s',
} satisfies Readonly<Record<string, Write>>

const SETTINGS = [
  "DateStyle = 'SQL, DMY'",
  "DateStyle = 'German'",
  "TimeZone = 'Asia/Kolkata'",
  "IntervalStyle = 'iso_8601'",
  "IntervalStyle = 'sql_standard'",
  "bytea_output = 'escape'",
  'extra_float_digits = -3',
  "search_path = ''",
  'search_path = w, w2, w3, pg_catalog',
  'quote_all_identifiers = on',
  'session_replication_role = replica',
  'session_replication_role = origin',
  "default_transaction_isolation = 'repeatable read'",
  "default_transaction_isolation = 'serializable'",
  "default_transaction_isolation = 'read committed'",
] as const

/** Tables of others, a few of each session's own: none of these may ever fail. */
const FOREIGN = [
  'INSERT INTO f.own$ VALUES (coalesce((SELECT max(id) FROM f.own$), 0) + 1)',
  'ALTER TABLE f.own$ ADD COLUMN IF NOT EXISTS b int DEFAULT 1',
  'ALTER TABLE f.own$ DROP COLUMN IF EXISTS b',
  'ALTER TABLE f.own$ DISABLE TRIGGER ALL',
  'CREATE TABLE IF NOT EXISTS f.more$ (id int PRIMARY KEY, k text)',
  'DROP TABLE IF EXISTS f.more$',
  'CREATE TEMP TABLE IF NOT EXISTS mine (id int PRIMARY KEY)',
  'DROP TABLE IF EXISTS f.part$; CREATE TABLE f.part$ PARTITION OF f.parted$ DEFAULT',
  'DROP TABLE IF EXISTS f.part$',
  'TRUNCATE f.own$',
  'CREATE OR REPLACE VIEW f.seen$ AS SELECT id FROM f.own$',
] as const

export const makeForeign = (session: number): string =>
  `CREATE TABLE f.own${session} (id int PRIMARY KEY); CREATE TABLE f.parted${session} (id int PRIMARY KEY) PARTITION BY RANGE (id)`

export const OTHERS = {
  set: (_, a) => `SET ${pick(SETTINGS, a.n)!}`,
  setLocal: (_, a) => `SET LOCAL ${pick(SETTINGS, a.n)!}`,
  reset: (_, a) => `RESET ${pick(SETTINGS, a.n)!.split(' ')[0]!}`,
  foreign: (_, a) => pick(FOREIGN, a.n)!.replaceAll('$', String(a.session)),
  /** What relays do. */
  backfill: () =>
    'UPDATE cdc.backfills SET next_at = clock_timestamp() WHERE next_at > clock_timestamp(); SELECT FROM cdc.backfill_step()',
} satisfies Readonly<Record<string, Write>>
