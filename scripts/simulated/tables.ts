/** Whether the tables that are to be fed are there, and are those of this project. */
import type {Pool} from '../../platform/postgres.ts'
import type {StreamName} from './changes.ts'
import {TARGETS} from './inserts.ts'

const COLUMNS = `
  SELECT c.relname AS table, array_agg(a.attname::text) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1::text[])
   GROUP BY c.relname`

/** What is missing, a sentence a stream; empty: nothing. */
export async function lackOfTables(
  pool: Pool,
  streams: readonly StreamName[],
): Promise<readonly string[]> {
  const {rows} = await pool.query<{table: string; columns: readonly string[]}>(COLUMNS, [
    streams.map(name => TARGETS[name].table),
  ])
  const found = new Map(rows.map(({table, columns}) => [table, columns]))
  return streams.flatMap(name => lackOf(name, found.get(TARGETS[name].table)))
}

/** @param found the columns of its table; undefined: there is none */
export function lackOf(name: StreamName, found: readonly string[] | undefined): readonly string[] {
  const {table, columns} = TARGETS[name]
  if (found === undefined) {
    return [
      `--streams ${name}: there is no table public.${table}: declare the stream ${name} in the folder of streams and run init, or leave it out`,
    ]
  }
  const missing = Object.keys(columns).filter(column => !found.includes(column))
  if (missing.length === 0) return []
  return [
    `--streams ${name}: public.${table} is another table, without ${missing.join(', ')}: leave the stream out`,
  ]
}
