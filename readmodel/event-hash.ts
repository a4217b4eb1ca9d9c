/**
 * A single event as a hash in Redis: fields by the names of its columns, absent where there is no value.
 *
 * A deleted event leaves a hash for a while that says so.
 */
import {KINDS} from '../contracts/kinds.ts'
import {eventColumns, type EventColumn} from './event-columns.ts'
import type {Fields} from './fields.ts'
import type {StreamPlan} from './plan.ts'
import type {ShownPlan, ShownValues} from './shown.ts'

/** An event on its way to its hash. */
export interface LiveEvent {
  readonly kind: 'put' | 'delete'
  /** For `delete` only its id counts. */
  readonly event: Fields
  /** Empty for `delete`. */
  readonly shown: ShownValues
  readonly outboxId: number
  /** Microseconds since 1970. */
  readonly createdAt: number
  /** Milliseconds since 1970. */
  readonly processedAt: number
  readonly offset: number
}

export interface HashAt {
  readonly partition: number
  readonly run: string
}

export interface EventHash {
  readonly idField: string
  readonly fields: readonly string[]
  /** In the order of `fields`; null where the hash has no such field. */
  valuesOf(live: LiveEvent, at: HashAt): ReadonlyArray<string | null>
}

const toText = (column: EventColumn, value: unknown): string | null =>
  value === null ? null : KINDS[column.kind].print(value, column)

const META = ['created_at', 'processed_at', 'src_offset', 'partition', 'run', 'deleted'] as const

export function createEventHash({stream}: StreamPlan, shown: ShownPlan): EventHash {
  const columns = eventColumns(stream, shown)
  return {
    idField: stream.idField,
    fields: [...columns.map(({name}) => name), ...META],
    valuesOf(live, {partition, run}) {
      const {kind, event, createdAt, processedAt, offset} = live
      const isPut = kind === 'put'
      return [
        ...columns.map(column =>
          isPut || column.name === stream.idField
            ? toText(column, column.get(event, live.shown))
            : null,
        ),
        String(createdAt),
        String(processedAt),
        String(offset),
        String(partition),
        run,
        isPut ? null : '1',
      ]
    },
  }
}
