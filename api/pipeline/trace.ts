/** Where one event is: PostgreSQL, outbox, Kafka, Cassandra, Redis, with the time at each. */
import {partitionFor} from '../../contracts/partition.ts'
import type {Stream} from '../../contracts/stream.ts'
import {topicName} from '../../contracts/topics.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import {withIdsSql} from '../../db/truth/row-id.ts'
import {quoteTable} from '../../platform/sql-names.ts'
import {textOf, type Fields} from '../../readmodel/fields.ts'
import type {EventId, StoredEvent} from '../../readmodel/raw-table.ts'
import type {StreamReads} from '../../readmodel/stream-reads.ts'
import {utcText, type Session} from '../database.ts'
import type {MessageView, TraceStage} from '../schemas/admin.ts'
import {isoOrNull, msToIso} from '../times.ts'
import {toPlain} from './decode-any.ts'
import type {Inspector} from './inspector.ts'

export interface TraceDeps {
  readonly db: Session
  readonly admin: () => Promise<Pick<KafkaAdmin, 'offsets'>>
  readonly inspector: Inspector
  readonly reads: (stream: string) => Promise<StreamReads>
}

export interface TraceView {
  readonly stages: readonly TraceStage[]
  readonly commit_to_visible_ms: number | null
}

interface OutboxRow {
  readonly id: string
  readonly op: string
  readonly key: string | null
  readonly slot: number
  readonly status: string
  readonly created_at: string
}

type Part = Omit<TraceStage, 'stage'>

/** A stage that could not be asked says so instead of spoiling the others. */
async function ask(stage: TraceStage['stage'], work: () => Promise<Part>): Promise<TraceStage> {
  try {
    return {stage, ...(await work())}
  } catch (error) {
    const note = `does not answer: ${(error as Error).message}`
    return {stage, found: null, at: null, note, data: null}
  }
}

const NOTHING: Part = {found: false, at: null, note: null, data: null}

export function createTrace(
  deps: TraceDeps,
  options: {readonly topicPrefix: string},
): (stream: Stream, id: EventId) => Promise<TraceView> {
  return async (stream, id) => {
    const {text, values} = withIdsSql(stream, [String(id)])
    const {rows} = await deps.db.query<{row: Record<string, unknown>}>(
      `SELECT row_to_json(r) AS row FROM ${quoteTable(stream.table)} r WHERE ${text}`,
      values,
    )
    const row = rows[0]?.row ?? null
    const outbox = await readOutbox(deps.db, stream.topic, id)
    const newest = outbox.at(-1)
    const present = row?.[stream.keyColumn] ?? null
    const key = newest === undefined ? (present === null ? null : textOf(present)) : newest.key
    const reads = await deps.reads(stream.name)
    const stored = await reads.raw.find(id, reads.partitions).catch(() => undefined)
    const topic = topicName(options.topicPrefix, stream.topic)

    const stages = await Promise.all([
      ask('postgresql', async () => {
        if (row === null) return {...NOTHING, note: 'there is no such row (any more)'}
        // The trigger notes it in the transaction of the row's last change.
        const at = newest?.created_at ?? isoOrNull(stored?.createdAt)
        return {found: true, at, note: null, data: row}
      }),
      ask('outbox', async () => toOutboxStage(outbox)),
      ask('kafka', async () => {
        const admin = await deps.admin()
        const partitions = await admin.offsets(topic)
        const partition = stored?.partition ?? partitionFor(key, String(id), partitions.length)
        const message = await findMessage(deps.inspector, topic, partition, {
          offset: stored?.offset ?? null,
          isIt: value => (value as Fields | null)?.[stream.idField] === id,
          key,
        })
        if (message !== undefined) {
          return {found: true, at: message.timestamp, note: null, data: {topic, ...message}}
        }
        const note = `not among the records looked at in partition ${partition}`
        return {...NOTHING, note, data: {topic, partition}}
      }),
      ask('cassandra', async () => {
        if (stored === undefined) throw new Error('Cassandra')
        if (stored === null) return NOTHING
        const {event, shown, processedAt, offset, partition} = stored
        const data = {...event, ...shown, processed_at: processedAt, src_offset: offset, partition}
        return {found: true, at: msToIso(processedAt), note: null, data: toPlain(data)}
      }),
      ask('redis', async () => {
        if (stream.hashes === null)
          return {...NOTHING, note: 'this stream keeps no single events here'}
        const note = 'kept for a while only (a day by default, less under load)'
        const hash = await reads.live.event(stream.hashes, id)
        if (hash === undefined) return {...NOTHING, note}
        const at = msToIso(Number(hash.fields['processed_at']))
        return {found: true, at, note, data: hash.fields}
      }),
    ])
    return {stages, commit_to_visible_ms: visibleAfter(stored ?? null)}
  }
}

/** From the trigger to the moment when the processor took the record. */
const visibleAfter = (stored: StoredEvent | null): number | null =>
  stored === null ? null : Math.round(stored.processedAt - stored.createdAt / 1000)

async function readOutbox(db: Session, topic: string, id: EventId): Promise<readonly OutboxRow[]> {
  const {rows} = await db.query<OutboxRow>(
    `SELECT id, op, key, slot, status, ${utcText('created_at')}
     FROM cdc.outbox_status s WHERE topic = $1 AND aggregate_id = $2 ORDER BY s.id LIMIT 100`,
    [topic, String(id)],
  )
  return rows
}

function toOutboxStage(rows: readonly OutboxRow[]): Part {
  const last = rows.at(-1)
  if (last === undefined) {
    return {...NOTHING, note: 'its slot was rotated, or the event was never there'}
  }
  return {found: true, at: last.created_at, note: last.status, data: rows}
}

/** By offset when it is known, else among the records of the key. */
async function findMessage(
  inspector: Inspector,
  topic: string,
  partition: number,
  wanted: {
    readonly offset: number | null
    readonly isIt: (value: unknown) => boolean
    readonly key: string | null
  },
): Promise<MessageView | undefined> {
  const isIt = (message: MessageView | undefined): message is MessageView =>
    message !== undefined && wanted.isIt(message.value)
  if (wanted.offset !== null) {
    const message = await inspector.message(topic, partition, wanted.offset)
    if (isIt(message)) return message
  }
  const {items} = await inspector.messages({
    topic,
    partition,
    key: wanted.key ?? undefined,
    limit: 500,
    newestFirst: true,
  })
  return items.find(isIt)
}
