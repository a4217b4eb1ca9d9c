/** An enriched event, and how it is said in JSON. Pure. */
import {toIsoMicros} from '../../contracts/times.ts'
import {toJsonText, type Carried} from '../../contracts/kinds.ts'
import type {StreamRecord} from '../../contracts/record.ts'
import type {Stream} from '../../contracts/stream.ts'
import type {ConsumedRecord} from '../../platform/kafka.ts'
import {eventColumns} from '../../readmodel/event-columns.ts'
import type {Fields} from '../../readmodel/fields.ts'
import type {ShownPlan, ShownValues} from '../../readmodel/shown.ts'

export interface SinkEvent {
  /** The same whenever and by whomever it is sent: a receiver tells doubles by it. */
  readonly id: string
  readonly source: ConsumedRecord
  readonly record: StreamRecord<Fields>
  /** What its raw row shows beside it. */
  readonly shown: ShownValues
}

/**
 * Of an event: its row in the outbox, with when that was written, since ids are given again after a restore. No
 * dots, which separate the parts of what is signed.
 */
export const eventIdOf = (
  {name}: Pick<Stream, 'name'>,
  {outbox_id: outboxId, created_at: createdAt}: StreamRecord<Fields>,
): string => `${name}-${outboxId}-${createdAt}`

interface Member extends Carried {
  readonly name: string
  readonly get: (event: SinkEvent) => unknown
}

const toObject = (members: readonly Member[], event: SinkEvent): string => {
  const texts = members.map(member => {
    const value = member.get(event) ?? null
    const text = value === null ? 'null' : toJsonText(value, member)
    return `${JSON.stringify(member.name)}:${text}`
  })
  return `{${texts.join(',')}}`
}

/**
 * The event as single events are served: columns by their names, what was looked up, what is shown beside; numbers
 * with all their digits.
 */
export function createEventPrinter(stream: Stream, shown: ShownPlan): (event: SinkEvent) => string {
  const members = eventColumns(stream, shown).map(({get, ...column}): Member => ({
    ...column,
    get: event => get(event.record, event.shown),
  }))
  const before = stream.columns.map((column): Member => ({
    ...column,
    name: column.field,
    get: ({record}) => record.before?.[column.field],
  }))
  return event => {
    const {id, source, record} = event
    const about = {
      id,
      op: record.op,
      outbox_id: record.outbox_id,
      created_at: toIsoMicros(record.created_at),
      partition: source.partition,
      offset: source.offset,
    }
    const was = record.before === null ? 'null' : toObject(before, event)
    return `${JSON.stringify(about).slice(0, -1)},"event":${toObject(members, event)},"before":${was}}`
  }
}
