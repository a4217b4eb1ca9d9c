/** What a look-up asks PostgreSQL, and what the relay's role needs for it. Pure. */
import type {Lookup, LookupKeyType} from '../contracts/stream.ts'
import {quote, quoteTable} from '../platform/sql-names.ts'

/** The role of db/migrations/0009_roles.sql. */
const RELAY_ROLE = 'cdc_relay'

/** $1: texts, each castable to the key's type. Answers each text that names a row, and the row as JSON text. */
export function lookUpSql({table, key, keyType, columns}: Lookup): string {
  const wanted = columns.map(({column}) => `t.${quote(column)}`).join(', ')
  return `
SELECT w.value, row_to_json(c)::text
  FROM unnest($1::text[]) AS w (value)
  JOIN ${quoteTable(table)} t ON t.${quote(key)} = w.value::${keyType}
 CROSS JOIN LATERAL (SELECT ${wanted}) c`
}

/** Columns that a look-up reads. */
export const columnsRead = ({key, columns}: Lookup): readonly string[] => [
  ...new Set([key, ...columns.map(({column}) => column)]),
]

/** Statements that let the relay's role read what a look-up reads, and no more. */
export function lookUpGrants(of: Lookup): readonly string[] {
  const schema = of.table.slice(0, of.table.indexOf('.'))
  return [
    `GRANT USAGE ON SCHEMA ${quote(schema)} TO ${RELAY_ROLE}`,
    `GRANT SELECT (${columnsRead(of).map(quote).join(', ')}) ON ${quoteTable(of.table)} TO ${RELAY_ROLE}`,
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
