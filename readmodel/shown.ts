/**
 * What raw rows show beside their event: columns of the reference it belongs to, and figures of the single
 * event. Nothing is counted by it. Pure.
 */
import type {Carried} from '../contracts/kinds.ts'
import type {Column, Quotient, Shown, Stream} from '../contracts/stream.ts'
import {getterOf, numberOf, quotientOf, textOf, type Fields} from './fields.ts'

/** Values by column, null where there is none. */
export type ShownValues = Readonly<Record<string, unknown>>
/** The reference row with this id; null when there is none. */
export type FindReference = (stream: string, id: string) => Fields | null

export interface ShownPlan {
  /** In the order of the raw row. */
  readonly columns: readonly (Carried & Pick<Column, 'field'>)[]
  /** Columns that depend on a reference: they change when that comes late, or is edited. */
  readonly late: readonly string[]
  /** References of an event: what they are looked up by. */
  readonly referencesOf: (event: Fields) => readonly {stream: string; id: string}[]
  readonly valuesOf: (event: Fields, find: FindReference) => ShownValues
}

const columnsOf = ({stream, columns}: Shown): readonly Column[] =>
  columns.map(name => stream.columns.find(({field}) => field === name)!)

export function planShown(stream: Pick<Stream, 'shows' | 'derived'>): ShownPlan {
  const shown = stream.shows.map(one => {
    const get = getterOf(one.by)
    // References are known by the texts of their ids.
    const idOf = (event: Fields): string | null => {
      const id = get(event)
      return id === null ? null : textOf(id)
    }
    return {of: one.stream.name, idOf, columns: columnsOf(one)}
  })
  const derived = Object.entries(stream.derived)
  const fromReferences = shown.flatMap(({columns}) => columns.map(({field}) => field))
  const late = new Set(fromReferences)
  for (const [name, {divide, by}] of derived) {
    if (late.has(divide) || (typeof by === 'string' && late.has(by))) late.add(name)
  }
  const valueOf = (values: Fields, event: Fields, name: string | number): number | null =>
    typeof name === 'number' ? name : numberOf(values[name] ?? getterOf(name)(event))
  const quotient = (values: Fields, event: Fields, {divide, by}: Quotient): number | null =>
    quotientOf(valueOf(values, event, divide), valueOf(values, event, by))
  return {
    columns: [
      ...shown.flatMap(({columns}) => columns),
      ...derived.map(([field]) => ({field, kind: 'double' as const})),
    ],
    late: [...late],
    referencesOf: event =>
      shown.flatMap(({of, idOf}) => {
        const id = idOf(event)
        return id === null ? [] : [{stream: of, id}]
      }),
    valuesOf(event, find) {
      const values: Record<string, unknown> = {}
      for (const {of, idOf, columns} of shown) {
        const id = idOf(event)
        const row = id === null ? null : find(of, id)
        for (const {field} of columns) values[field] = row?.[field] ?? null
      }
      for (const [name, one] of derived) values[name] = quotient(values, event, one)
      return values
    },
  }
}
