/**
 * Whether only columns of a stream's table of single events differ from what its declaration wants, columns that
 * nothing counts: then they are added in place, and its numbers go on. Pure.
 */
import type {Stream} from '../contracts/stream.ts'
import {layoutOf, type CatalogEntry} from './generations.ts'
import {rawColumnsOf} from './schema.ts'

const nameOf = (column: string): string => column.slice(0, column.indexOf(' '))

/** Microseconds of times follow each other in a row: of one from before only those behind may be missing. */
function keepsTimes(before: readonly string[], after: readonly string[]): boolean {
  const [old, present] = [before, after].map(columns =>
    columns.filter(column => column.endsWith(' timestamp')),
  )
  return old!.every((column, i) => column === present![i])
}

/**
 * @param known what the keyspace says of itself
 * @param there columns of the table, with their types
 * @returns columns that are missing, with their types; null: the tables are those of another declaration
 */
export function columnsToAdd(
  stream: Stream,
  known: CatalogEntry,
  there: readonly string[],
): readonly string[] | null {
  if (known.columns === undefined || layoutOf(stream, known.columns) !== known.layout) return null
  const wanted = rawColumnsOf(stream)
  if (!keepsTimes(known.columns, wanted)) return null
  const types = new Map([...there, ...known.columns].map(column => [nameOf(column), column]))
  const isOther = (column: string): boolean => (types.get(nameOf(column)) ?? column) !== column
  if (wanted.some(isOther)) return null
  return wanted.filter(column => !there.includes(column))
}
