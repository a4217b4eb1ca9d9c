/** What PostgreSQL says of a table that is to be counted. Needs no schema of ours. */
import type {Client} from '../../platform/postgres.ts'
import {quoteTable} from '../../platform/sql-names.ts'
import {UsageError} from '../command.ts'

export interface CatalogType {
  /** Of a domain: what it is made of. */
  readonly type: string
  readonly isEnum: boolean
  /** It is JSON in a captured row: an array, a row, or a type with a cast of its own. */
  readonly isNested: boolean
  /** Digits in all, and behind the point; of a numeric that has them. */
  readonly precision: number | null
  readonly scale: number | null
}

export interface CatalogColumn extends CatalogType {
  readonly name: string
  /** Of an array of one dimension. */
  readonly element: CatalogType | null
  readonly notNull: boolean
  /** How many values it has, as statistics say: a number, or, negative, a share of the rows; null: unknown. */
  readonly distinct: number | null
}

/** What only the database remembers of a declared table. */
export interface Remembered {
  readonly renamed: readonly {readonly from: string; readonly to: string}[]
  /** Columns that the declaration leaves out. */
  readonly leftOut: readonly string[]
}

export interface CatalogTable {
  readonly schema: string
  readonly name: string
  readonly columns: readonly CatalogColumn[]
  readonly primaryKey: readonly string[]
  /** Columns that are unique and NOT NULL by themselves. */
  readonly uniqueColumns: readonly string[]
  /** Columns that are a foreign key by themselves. */
  readonly foreignKeys: readonly string[]
  readonly hasRows: boolean
}

const KINDS: Readonly<Record<string, string>> = {
  v: 'a view: name the table that it shows',
  m: 'a materialized view: name the table that it shows',
  f: 'a foreign table: capture it where it is',
  S: 'a sequence',
  i: 'an index',
  c: 'a type',
}

/** Domains are what they are made of, whatever that is; of an array also its elements. */
const COLUMNS = `
  WITH RECURSIVE types (attnum, "isElement", oid, typmod, "notNull") AS (
    SELECT a.attnum, false, a.atttypid, a.atttypmod, a.attnotnull FROM pg_attribute a
     WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT x.attnum, x."isElement" OR t.typtype <> 'd',
           CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
           CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE x.typmod END,
           x."notNull" OR t.typnotnull AND NOT x."isElement"
      FROM types x
      JOIN pg_type t ON t.oid = x.oid AND (t.typtype = 'd' OR NOT x."isElement" AND t.typcategory = 'A' AND t.typelem <> 0)
  ), found AS (
    SELECT x.attnum, x."isElement", x."notNull", format_type(t.oid, NULL) AS type, t.typtype = 'e' AS "isEnum",
           t.typtype = 'c' OR t.typcategory = 'A'
             OR EXISTS (SELECT FROM pg_cast k WHERE k.castsource = t.oid AND k.casttarget = 'json'::regtype AND t.oid >= 16384) AS "isNested",
           CASE WHEN t.oid = 'numeric'::regtype AND x.typmod >= 4 THEN ((x.typmod - 4) >> 16) & 65535 END AS precision,
           CASE WHEN t.oid = 'numeric'::regtype AND x.typmod >= 4 THEN (((x.typmod - 4) & 2047) # 1024) - 1024 END AS scale
      FROM types x JOIN pg_type t ON t.oid = x.oid AND t.typtype <> 'd'
  )
  SELECT a.attname AS name, f.type, f."isEnum", f."isNested", f.precision, f.scale, f."notNull",
         CASE WHEN e.attnum IS NOT NULL
              THEN json_build_object('type', e.type, 'isEnum', e."isEnum", 'isNested', e."isNested", 'precision', e.precision, 'scale', e.scale)
         END AS element,
         (SELECT s.n_distinct::float8 FROM pg_stats s JOIN pg_class c ON c.relname = s.tablename
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
           WHERE c.oid = a.attrelid AND s.attname = a.attname ORDER BY s.inherited DESC LIMIT 1) AS distinct
    FROM found f
    JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = f.attnum
    LEFT JOIN found e ON e.attnum = f.attnum AND e."isElement" AND a.attndims <= 1
   WHERE NOT f."isElement"
   ORDER BY a.attnum`

const KEYS = `
  SELECT coalesce((SELECT json_agg(a.attname ORDER BY k.ord) FROM pg_index i
                     CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (attnum, ord)
                     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                    WHERE i.indrelid = $1 AND i.indisprimary), '[]') AS "primaryKey",
         coalesce((SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_index i
                     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = $1 AND i.indisunique AND i.indimmediate AND i.indnkeyatts = 1
                      AND i.indpred IS NULL AND a.attnotnull), '[]') AS "uniqueColumns",
         coalesce((SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_constraint f
                     JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
                    WHERE f.conrelid = $1 AND f.contype = 'f' AND cardinality(f.conkey) = 1), '[]') AS "foreignKeys"`

/**
 * @param name as in SQL: `orders`, `shop.orders`, `"Odd name"`
 * @throws UsageError when there is no such table, or it is none
 */
export async function readTable(client: Client, name: string): Promise<CatalogTable> {
  const {rows: found} = await client.query<{
    oid: number
    schema: string
    name: string
    kind: string
  }>(
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`,
    [name],
  )
  const [table] = found
  if (table === undefined)
    throw new UsageError(`there is no table ${name}${await similar(client, name)}`)
  const what = KINDS[table.kind]
  if (what !== undefined) throw new UsageError(`${name} is ${what}`)
  const {rows: columns} = await client.query<CatalogColumn>(COLUMNS, [table.oid])
  const {rows: keys} = await client.query<
    Pick<CatalogTable, 'primaryKey' | 'uniqueColumns' | 'foreignKeys'>
  >(KEYS, [table.oid])
  const {rowCount} = await client.query(
    `SELECT FROM ${quoteTable(`${table.schema}.${table.name}`)} LIMIT 1`,
  )
  return {schema: table.schema, name: table.name, columns, ...keys[0]!, hasRows: rowCount === 1}
}

/** Tables of the same name elsewhere, or what there is. */
async function similar(client: Client, name: string): Promise<string> {
  const {rows} = await client.query<{name: string}>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'cdc', 'api') AND n.nspname !~ '^pg_'
      ORDER BY lower(c.relname) <> lower(split_part($1, '.', greatest(1, array_length(string_to_array($1, '.'), 1)))), c.oid
      LIMIT 8`,
    [name],
  )
  return rows.length === 0 ? '' : `; there are ${rows.map(row => row.name).join(', ')}`
}

/** What the database remembers of a declared table; nothing before `npm run init`. */
export async function readRemembered(client: Client, topic: string): Promise<Remembered> {
  const {rows: known} = await client.query<{found: boolean}>(
    "SELECT to_regclass('cdc.declared_columns') IS NOT NULL AS found",
  )
  if (known[0]?.found !== true) return {renamed: [], leftOut: []}
  const {rows: renamed} = await client.query<Remembered['renamed'][number]>(
    `SELECT h.name AS from, h.renamed_to AS to
       FROM cdc.changed_columns() h JOIN cdc.captured_tables c USING (source)
      WHERE c.topic = $1 AND h.renamed_to IS NOT NULL`,
    [topic],
  )
  const {rows: left} = await client.query<{name: string}>(
    'SELECT name FROM cdc.declared_columns WHERE topic = $1 AND NOT is_declared',
    [topic],
  )
  return {renamed, leftOut: left.map(({name}) => name)}
}
