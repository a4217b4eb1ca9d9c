/**
 * A single event as a hash in Redis: fields by the names of its columns, absent where there is no value.
 *
 * A deleted event leaves a hash for a while that says so.
 */
import type {ColumnKind} from '../contracts/columns.ts'
import {eventColumns} from './event-columns.ts'
import {textOf, type Fields} from './fields.ts'
import {toIsoDay} from './slices.ts'
import type {StreamPlan} from './plan.ts'
import type {ShownPlan, ShownValues} from './shown.ts'
import {toIsoMicros} from './times.ts'

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

function toText(kind: ColumnKind, value: unknown): string | null {
  if (value === null) return null
  if (kind === 'timestamp') return toIsoMicros(value as number)
  return kind === 'date' ? toIsoDay(value as number) : textOf(value)
}

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
        ...columns.map(({name, kind: type, get}) =>
          isPut || name === stream.idField ? toText(type, get(event, live.shown)) : null,
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
