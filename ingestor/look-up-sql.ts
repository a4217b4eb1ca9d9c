/** What a look-up asks PostgreSQL, and what the relay's role needs for it. Pure. */
import type {Lookup, LookupKeyType} from '../contracts/stream.ts'
import {quote, quoteTable} from '../platform/sql-names.ts'

/** Columns of a table that a role of db/migrations/0009_roles.sql has to read. */
export interface ColumnsRead {
  readonly role: 'cdc_relay' | 'cdc_api'
  readonly table: string
  readonly columns: readonly string[]
}

/** $1: texts, each castable to the key's type. Answers each text that names a row, and the row as JSON text. */
export function lookUpSql({table, key, keyType, columns}: Lookup): string {
  const wanted = columns.map(({column}) => `t.${quote(column)}`).join(', ')
  return `
SELECT w.value, row_to_json(c)::text
  FROM unnest($1::text[]) AS w (value)
  JOIN ${quoteTable(table)} t ON t.${quote(key)} = w.value::${keyType}
 CROSS JOIN LATERAL (SELECT ${wanted}) c`
}

/** What the relay reads of a look-up. */
export const lookUpRead = ({table, key, columns}: Lookup): ColumnsRead => ({
  role: 'cdc_relay',
  table,
  columns: [...new Set([key, ...columns.map(({column}) => column)])],
})

/** Statements that let a role read that, and no more. */
export function grantsOf({role, table, columns}: ColumnsRead): readonly string[] {
  const schema = table.slice(0, table.indexOf('.'))
  return [
    `GRANT USAGE ON SCHEMA ${quote(schema)} TO ${role}`,
    `GRANT SELECT (${columns.map(quote).join(', ')}) ON ${quoteTable(table)} TO ${role}`,
  ]
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
const INTEGER = /^-?\d{1,19}$/
const NUMBER = /^-?\d{1,1000}(\.\d{1,1000})?$/
const BIGINT_MAX = 2n ** 63n - 1n

/** Whether PostgreSQL can cast the text: one that it cannot would fail the page, and names no row. */
export function isCastable(text: string, type: LookupKeyType): boolean {
  switch (type) {
    case 'uuid':
      return UUID.test(text)
    case 'bigint': {
      if (!INTEGER.test(text)) return false
      const value = BigInt(text)
      return value <= BIGINT_MAX && value >= -BIGINT_MAX - 1n
    }
    case 'numeric':
      return NUMBER.test(text)
    case 'text':
    case 'bpchar':
      return !text.includes('\0')
    default:
      return type satisfies never
  }
}
