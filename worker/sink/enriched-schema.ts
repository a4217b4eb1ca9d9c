/** The Avro schema of enriched events: the stream's own, and what raw rows show beside. Pure. */
import {KINDS} from '../../contracts/kinds.ts'
import type {Stream} from '../../contracts/stream.ts'
import type {ShownPlan} from '../../readmodel/shown.ts'

export const enrichedTopic = (topic: string): string => `${topic}_enriched`

/** Readers of the plain topic can read the enriched one, and the other way round: what is added may be null. */
export function enrichedSchema({schema}: Pick<Stream, 'schema'>, {columns}: ShownPlan): object {
  const beside = columns.map(column => ({
    name: column.field,
    type: ['null', KINDS[column.kind].avro(column)],
    default: null,
  }))
  return {...schema, fields: [...schema.fields, ...beside]}
}
