/**
 * Ids of rows whose primary key has several columns: their texts joined by commas, with a backslash before each comma
 * and backslash within one, so that no two rows have one id. The same as capture writes (`cdc.id_sql`). Pure.
 */
import {KINDS, type ColumnKind} from './kinds.ts'

/** The field that holds such an id in records and rows. */
export const ROW_ID = 'row_id'

export const joinId = (parts: readonly string[]): string =>
  parts.map(part => part.replaceAll(/[\\,]/g, '\\$&')).join(',')

/** The texts that an id was joined of. */
export function splitId(id: string): readonly string[] {
  const parts = ['']
  for (let i = 0; i < id.length; i++) {
    const character = id[i]!
    if (character === ',') parts.push('')
    else parts.push(parts.pop()! + (character === '\\' ? (id[++i] ?? '') : character))
  }
  return parts
}

/** Whether its text in PostgreSQL, where ids of several columns are made, is one that answers can be asked by. */
export const isIdPart = (kind: ColumnKind): boolean =>
  KINDS[kind].isName || kind === 'boolean' || kind === 'timestamp' || kind === 'date'
