/** SQL of a row's id, of a stream whose table is `r`: the same text that capture writes. Pure. */
import type {ColumnKind} from '../../contracts/kinds.ts'
import {splitId} from '../../contracts/row-id.ts'
import type {Stream} from '../../contracts/stream.ts'
import {quote} from '../../platform/sql-names.ts'

/** What an id is made of, and found by. */
type Identified = Pick<Stream, 'idColumns' | 'columns'>

/** A backslash, whatever a session takes one for. */
const BACKSLASH = 'chr(92)'

/** The text of a value, whatever the session that asks has set. */
function printedSql(kind: ColumnKind, at: string): string {
  if (kind === 'timestamp' || kind === 'date') return `cdc.printed(${at})`
  if (kind !== 'text') return `${at}::text`
  return `CASE WHEN pg_typeof(${at}) IN ('text'::regtype, 'varchar'::regtype) THEN ${at}::text ELSE cdc.printed(${at}) END`
}

function partSql({columns}: Identified, name: string): string {
  const at = `r.${quote(name)}`
  const {kind} = columns.find(({column}) => column === name)!
  const text = printedSql(kind, at)
  return `replace(replace(${text}, ${BACKSLASH}, ${BACKSLASH} || ${BACKSLASH}), ',', ${BACKSLASH} || ',')`
}

/** The id itself; of several columns their texts together. */
export function idSql(stream: Identified): string {
  const [first, ...others] = stream.idColumns
  if (others.length === 0) return `r.${quote(first!)}`
  return `(${stream.idColumns.map(name => partSql(stream, name)).join(` || ',' || `)})`
}

/** A condition on `r` and its values. */
export interface IdCondition {
  readonly text: string
  readonly values: readonly unknown[]
}

/**
 * Rows with these ids, by the index of the primary key; the last condition tells apart what it cannot.
 *
 * @param ids as texts
 */
export function withIdsSql(stream: Identified, ids: readonly string[]): IdCondition {
  const {idColumns} = stream
  if (idColumns.length === 1) return {text: `${idSql(stream)} = ANY($1)`, values: [ids]}
  const all = ids.map(splitId).filter(parts => parts.length === idColumns.length)
  const conditions = idColumns.map((name, i) => `r.${quote(name)} = ANY($${i + 1})`)
  return {
    text: `${conditions.join(' AND ')} AND ${idSql(stream)} = ANY($${idColumns.length + 1})`,
    values: [...idColumns.map((_, i) => [...new Set(all.map(parts => parts[i]))]), ids],
  }
}
