/**
 * What is kept of a single event, by the names of its columns: the same in its raw row and in its hash. Pure.
 */
import type {Column, Stream} from '../contracts/stream.ts'
import {getterOf, type Fields} from './fields.ts'
import type {ShownPlan, ShownValues} from './shown.ts'

export interface EventColumn extends Pick<Column, 'kind'> {
  /** Name in Cassandra and in Redis. */
  readonly name: string
  /** Null where there is no value. */
  readonly get: (event: Fields, shown: ShownValues) => unknown
  /** It is no part of the event, only shown beside it. */
  readonly isShown: boolean
}

/** The event's own columns, those that were looked up, and what is shown beside it. */
export function eventColumns(stream: Stream, shown: ShownPlan): readonly EventColumn[] {
  const own = stream.columns.map(({field, kind}) => ({name: field, of: field, kind}))
  const added = Object.entries(stream.enrich).flatMap(([alias, {columns}]) =>
    columns.map(({field, kind}) => ({name: `${alias}_${field}`, of: `${alias}.${field}`, kind})),
  )
  return [
    ...[...own, ...added].map(({name, of, kind}) => {
      return {name, kind, get: getterOf(of), isShown: false}
    }),
    ...shown.columns.map(({field, kind}): EventColumn => {
      return {name: field, kind, get: (_event, values) => values[field] ?? null, isShown: true}
    }),
  ]
}
