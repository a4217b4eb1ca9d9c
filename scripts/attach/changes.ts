/** What a table has otherwise than its declaration, and what would be declared instead. Pure. */
import {misfitOf} from '../../contracts/column-fit.ts'
import type {Stream} from '../../contracts/stream.ts'
import type {CatalogTable, Remembered} from './catalog.ts'
import {proposeColumn, type ProposedColumn} from './propose.ts'

export interface Changes {
  readonly added: readonly ProposedColumn[]
  readonly dropped: readonly string[]
  /** The field stays what it was. */
  readonly renamed: readonly (Remembered['renamed'][number] & {readonly field: string})[]
  /** Of another type or other digits, or only null since. */
  readonly retyped: readonly (ProposedColumn & {readonly isOnlyNull: boolean})[]
}

export const isUnchanged = ({added, dropped, renamed, retyped}: Changes): boolean =>
  added.length + dropped.length + renamed.length + retyped.length === 0

/** A record that is there has no such column: it can only be null. */
const nullable = (column: ProposedColumn): ProposedColumn => ({
  ...column,
  type: column.type.replace(/\.notNull\(\)$/, ''),
})

export function changesOf(
  {columns: all, paths, enrich, omit}: Stream,
  table: CatalogTable,
  {renamed: moved, leftOut}: Remembered,
): Changes {
  const columns = all.filter(({parts}) => parts === undefined)
  const there = new Map(table.columns.map(column => [column.name, column]))
  const declared = new Set(columns.map(({column}) => column))
  const gone = columns.filter(({column}) => !there.has(column))
  const renamed = gone.flatMap(({column, field}) => {
    const to = moved.find(({from}) => from === column)?.to
    return to !== undefined && there.has(to) && !declared.has(to) ? [{from: column, to, field}] : []
  })
  const left = new Set([...omit, ...leftOut, ...renamed.map(({to}) => to)])
  const fields = new Set([
    ...all.map(({field}) => field),
    ...Object.keys(paths),
    ...Object.keys(enrich),
  ])
  const added = table.columns
    .filter(({name}) => !declared.has(name) && !left.has(name))
    .map(column => {
      const proposed = nullable(proposeColumn(column, fields))
      fields.add(proposed.field)
      return proposed
    })
  const retyped = columns.flatMap(column => {
    const to = renamed.find(({from}) => from === column.column)?.to ?? column.column
    const found = there.get(to)
    const why = found === undefined ? null : misfitOf(column, found)
    if (found === undefined || why === null) return []
    const proposed = {...proposeColumn(found, new Set()), field: column.field}
    return [{...(column.nullable ? nullable(proposed) : proposed), isOnlyNull: why === 'null'}]
  })
  const dropped = gone.filter(({column}) => !renamed.some(({from}) => from === column))
  return {added, dropped: dropped.map(({column}) => column), renamed, retyped}
}

const listOf = (names: readonly string[]): string => names.join(', ')

/** What to write by hand, a line each. */
export const byHand = ({added, dropped, renamed, retyped}: Changes): readonly string[] => [
  ...added.map(({name, type}) => `add the column        ${name}: t.${type}`),
  ...dropped.map(name => `take out the column   ${name}`),
  ...renamed.map(
    ({from, to, field}) =>
      `call the column       ${from} now ${to}, with fields: {${to}: '${field}'}`,
  ),
  ...retyped.map(({name, type}) => `change the column to  ${name}: t.${type}`),
]

/** What was chosen, and why, a line each. */
export const reasonsOf = ({added, renamed}: Changes): readonly string[] => [
  ...(added.length === 0
    ? []
    : [
        `${listOf(added.map(({name}) => name))}: null in the records that are there, so null is allowed; nothing is counted by it yet`,
      ]),
  ...renamed.map(
    ({from, to, field}) => `${from} is called ${to} now, and stays ${field} in records`,
  ),
]
