/** Single events of any stream: one by its id, those of a key newest first. */
import {KINDS, type Carried} from '../../contracts/kinds.ts'
import {splitId} from '../../contracts/row-id.ts'
import {
  byAge,
  eventsOf,
  eventsOfSlice,
  positionOf,
  type EventPosition,
} from '../../readmodel/event-reads.ts'
import type {Fields} from '../../readmodel/fields.ts'
import type {StreamPlan} from '../../readmodel/plan.ts'
import {outlives} from '../../readmodel/live-reads.ts'
import type {EventId, StoredEvent} from '../../readmodel/raw-table.ts'
import {planShown} from '../../readmodel/shown.ts'
import type {StreamReads} from '../../readmodel/stream-reads.ts'
import {parseExact} from '../exact-json.ts'
import {refuse} from '../problem.ts'
import {UUID_PATTERN} from '../schemas/common.ts'
import {toMicros} from '../times.ts'
import type {Found} from './stores.ts'

/** As PostgreSQL prints it. */
const TIME = /^(-?infinity|\d[\d :.+-]*( BC)?)$/
const UUID = new RegExp(UUID_PATTERN)

/**
 * The id of a row as its records have it.
 *
 * @throws 422 when no row can have it
 */
export function parseId({stream}: Pick<StreamPlan, 'stream'>, text: string, field = 'id'): EventId {
  const {kind, parts} = stream.columns.find(column => column.field === stream.idField)!
  if (parts !== undefined) return parseParts({stream}, parts, {text, field})
  const isNumber = kind === 'long' || kind === 'int'
  if (isPossible(kind, text))
    return isNumber ? Number(text) : kind === 'uuid' ? text.toLowerCase() : text
  const what = `is no ${isNumber ? 'whole number' : 'UUID'}, as ids of ${stream.name} are`
  throw refuse(field === 'id' ? 'path' : 'query', field, text, what)
}

type Kind = Carried['kind']

/** Whether a value of the kind can have the text. */
function isPossible(kind: Kind, text: string): boolean {
  if (kind === 'long' || kind === 'int') {
    return /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))
  }
  if (kind === 'uuid') return UUID.test(text)
  if (kind === 'decimal') return /^-?\d+(\.\d+)?$/.test(text)
  if (kind === 'boolean') return text === 'true' || text === 'false'
  return kind === 'timestamp' || kind === 'date' ? TIME.test(text) : true
}

/** An id of several columns: their texts, with commas between them. */
function parseParts(
  {stream}: Pick<StreamPlan, 'stream'>,
  parts: readonly string[],
  {text, field}: {readonly text: string; readonly field: string},
): EventId {
  const texts = splitId(text)
  const kinds = parts.map(name => stream.columns.find(({column}) => column === name)!.kind)
  if (texts.length === parts.length && kinds.every((kind, i) => isPossible(kind, texts[i]!))) {
    return text
  }
  const what = `is no ${parts.join(',')}, as ids of ${stream.name} are: texts with commas between them, and a backslash before a comma within one`
  throw refuse(field === 'id' ? 'path' : 'query', field, text, what)
}

/** An event as it is served: its columns, then what they show of others and was computed. */
export type ServedEvent = Readonly<Record<string, unknown>>

interface Served extends Carried {
  readonly name: string
  readonly get: (event: StoredEvent) => unknown
}

const served = new WeakMap<StreamPlan, readonly Served[]>()

function servedOf(plan: StreamPlan): readonly Served[] {
  const known = served.get(plan)
  if (known !== undefined) return known
  const {stream} = plan
  const columns: readonly Served[] = [
    ...stream.columns.map((column): Served => {
      const {field} = column
      return {...column, name: field, get: ({event}) => event[field]}
    }),
    ...Object.entries(stream.enrich).flatMap(([alias, {columns: added}]) =>
      added.map((column): Served => {
        const {field} = column
        const name = `${alias}_${field}`
        return {...column, name, get: ({event}) => (event[alias] as Fields | null)?.[field]}
      }),
    ),
    ...planShown(stream).columns.map((column): Served => {
      const {field} = column
      return {...column, name: field, get: ({shown}) => shown[field]}
    }),
  ]
  served.set(plan, columns)
  return columns
}

/** What its events are served with, by name and kind. */
export const servedColumns = (
  plan: StreamPlan,
): readonly {readonly name: string; readonly kind: Carried['kind']}[] => servedOf(plan)

/** Names of what its events are served with. */
export const servedFields = (plan: StreamPlan): readonly string[] =>
  servedOf(plan).map(({name}) => name)

/** A value as its text is served, which hashes of Redis hold: a number that JSON does not have is a string. */
export function toServed({kind}: Carried, text: string | undefined): unknown {
  if (text === undefined) return null
  const {form} = KINDS[kind]
  if (form === 'json') return parseExact(text)
  if (form === 'boolean') return text === 'true'
  return form === 'number' && Number.isFinite(Number(text)) ? Number(text) : text
}

function viewOf(plan: StreamPlan, event: StoredEvent): ServedEvent {
  const textOf = (column: Served): string | undefined => {
    const value = column.get(event) ?? null
    return value === null ? undefined : KINDS[column.kind].print(value, column)
  }
  return Object.fromEntries(
    servedOf(plan).map(column => [column.name, toServed(column, textOf(column))]),
  )
}

/** From its hash or its row; undefined when there is none, or it was deleted. */
export async function findEvent(
  reads: StreamReads,
  id: EventId,
): Promise<Found<ServedEvent | undefined>> {
  const {plan} = reads
  const {hashes, timeField} = plan.stream
  const hash = hashes === null ? undefined : await reads.live.event(hashes, id)
  if (hash?.deletedBy === null) {
    const {fields} = hash
    const value = Object.fromEntries(
      servedOf(plan).map(column => [column.name, toServed(column, fields[column.name])]),
    )
    const time = timeField === null ? undefined : fields[timeField]
    return {value, source: 'redis', newestMicros: time === undefined ? null : toMicros(time)!}
  }
  const row = await reads.raw.find(id, reads.partitions)
  // The row may lag behind the hash that says it was deleted.
  const isThere = row !== null && (hash === undefined || outlives(row, hash.deletedBy))
  if (!isThere) return {value: undefined, source: 'cassandra'}
  return {value: viewOf(plan, row), source: 'cassandra', newestMicros: plan.timeOf(row.event)}
}

/** Where a list goes on; events without a time come last. */
export interface ListPosition {
  /** Microseconds since 1970. */
  readonly ts: number | null
  readonly id: EventId
}

export interface ListRequest {
  readonly limit: number
  /** Microseconds since 1970, the end exclusive; null: without end. */
  readonly from: number | null
  readonly to: number | null
  readonly after: ListPosition | undefined
  readonly accept?: (event: Fields) => boolean
}

export interface ListFound {
  readonly items: readonly ServedEvent[]
  readonly next: ListPosition | null
  readonly newestMicros: number | null
}

const toPosition = ({ts, id}: ListPosition): EventPosition => ({
  at: ts ?? Number.NEGATIVE_INFINITY,
  id,
})

/** Events of one source partition that belong into a page: those that fill it, and one more. */
async function readPage(
  {plan, events: source}: StreamReads,
  question: {readonly key: string; readonly partition: number},
  {limit, from, to, after, accept}: ListRequest,
): Promise<readonly StoredEvent[]> {
  const start = after === undefined ? undefined : toPosition(after)
  const isWanted = (event: StoredEvent): boolean => {
    const position = positionOf(plan, event)
    if (start !== undefined && byAge(start, position) >= 0) return false
    if (from !== null && position.at < from) return false
    return (to === null || position.at < to) && (accept?.(event.event) ?? true)
  }
  const found: StoredEvent[] = []
  const end = Math.min(to ?? Number.POSITIVE_INFINITY, (start?.at ?? Number.POSITIVE_INFINITY) + 1)
  const range = {
    from: from === null ? Number.MIN_SAFE_INTEGER : Math.floor(from / 1e6),
    to: end === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : Math.ceil(end / 1e6),
  }
  if (start?.at !== Number.NEGATIVE_INFINITY) {
    for await (const page of eventsOf(source, question, range)) {
      found.push(...page.filter(isWanted))
      if (found.length > limit) return found
    }
  }
  if (from !== null || to !== null) return found
  for await (const page of eventsOfSlice(source, question, null, null)) {
    found.push(...page.filter(isWanted))
    if (found.length > limit) return found
  }
  return found
}

/** @param key text of the stream's key */
export async function listEvents(
  reads: StreamReads,
  key: string,
  request: ListRequest,
): Promise<ListFound> {
  const {plan} = reads
  const pages = await Promise.all(
    reads.partitionsOf(key).map(partition => readPage(reads, {key, partition}, request)),
  )
  const all = pages
    .flat()
    .toSorted((a, b) => byAge(positionOf(plan, a), positionOf(plan, b)))
    .slice(0, request.limit + 1)
  const shown = all.slice(0, request.limit)
  const last = all.length > request.limit ? shown.at(-1) : undefined
  return {
    items: shown.map(event => viewOf(plan, event)),
    next: last === undefined ? null : {ts: plan.timeOf(last.event), id: plan.idOf(last.event)},
    newestMicros: shown[0] === undefined ? null : plan.timeOf(shown[0].event),
  }
}
