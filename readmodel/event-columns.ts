/**
 * What is kept of a single event, by the names of its columns: the same in its raw row and in its hash. Pure.
 */
import {isDeepStrictEqual} from 'node:util'
import type {Carried} from '../contracts/kinds.ts'
import type {Stream} from '../contracts/stream.ts'
import {getterOf, type Fields} from './fields.ts'
import type {ShownPlan, ShownValues} from './shown.ts'

export interface EventColumn extends Carried {
  /** Name in Cassandra and in Redis. */
  readonly name: string
  /** Null where there is no value. */
  readonly get: (event: Fields, shown: ShownValues) => unknown
  /** It is no part of the event, only shown beside it. */
  readonly isShown: boolean
}

/** The event's own columns, those that were looked up, and what is shown beside it. */
export function eventColumns(stream: Stream, shown: ShownPlan): readonly EventColumn[] {
  const own = stream.columns.map((column): EventColumn => {
    const {field} = column
    return {...column, name: field, get: getterOf(field), isShown: false}
  })
  const added = Object.entries(stream.enrich).flatMap(([alias, {columns}]) =>
    columns.map((column): EventColumn => {
      const {field} = column
      return {
        ...column,
        name: `${alias}_${field}`,
        get: getterOf(`${alias}.${field}`),
        isShown: false,
      }
    }),
  )
  const beside = shown.columns.map((column): EventColumn => {
    const {field} = column
    return {...column, name: field, get: (_event, values) => values[field] ?? null, isShown: true}
  })
  return [...own, ...added, ...beside]
}

interface Kept {
  readonly event: Fields
  readonly shown: ShownValues
}

/** Tells whether two events leave the same in every one of the columns. */
export const createComparer =
  (columns: readonly EventColumn[]) =>
  (one: Kept, other: Kept): boolean =>
    columns.every(({get}) => {
      const [a, b] = [get(one.event, one.shown), get(other.event, other.shown)]
      // 0 and -0 are two values of a row.
      return Object.is(a, b) || (typeof a === 'object' && isDeepStrictEqual(a, b))
    })
