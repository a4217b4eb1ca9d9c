/** Where one event is: PostgreSQL, outbox, Kafka, Cassandra, Redis, with the time at each. */
import {activity} from '../../contracts/activity.ts'
import {engagement} from '../../contracts/engagement.ts'
import {partitionFor} from '../../contracts/partition.ts'
import {topicName} from '../../contracts/topics.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {Session} from '../database.ts'
import type {TraceStage} from '../schemas/admin.ts'
import {isoOrNull, msToIso} from '../times.ts'
import type {Inspector, MessageView} from './inspector.ts'

export interface TracedRow {
  /** The source row, or null when it was deleted. */
  readonly row: Readonly<Record<string, unknown>> | null
  readonly key: string | null
}

/** What Cassandra holds of an event. */
export interface StoredTrace {
  readonly data: unknown
  /** Milliseconds since 1970. */
  readonly processedAt: number | null
  /** When the trigger wrote the outbox row, microseconds since 1970. */
  readonly createdAt: number | null
  readonly offset: number | null
}

export interface TraceDeps {
  readonly db: Session
  readonly admin: () => Promise<Pick<KafkaAdmin, 'offsets'>>
  readonly inspector: Inspector
  readonly stored: (
    stream: 'engagement' | 'activity',
    row: Readonly<Record<string, unknown>>,
  ) => Promise<StoredTrace | null>
  readonly live: (stream: 'engagement' | 'activity', id: number) => Promise<unknown>
}

export interface TraceView {
  readonly stages: readonly TraceStage[]
  readonly commit_to_visible_ms: number | null
}

const STREAM = {engagement, activity}

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
): (stream: 'engagement' | 'activity', id: number) => Promise<TraceView> {
  return async (name, id) => {
    const stream = STREAM[name]
    const {rows} = await deps.db.query<{row: Record<string, unknown>}>(
      `SELECT row_to_json(t) AS row FROM ${stream.table} t WHERE t.id = $1`,
      [id],
    )
    const row = rows[0]?.row ?? null
    const outbox = await readOutbox(deps.db, stream.topic, id)
    const newest = outbox.at(-1)
    const key = newest === undefined ? (row?.[stream.keyColumn] as string | null) : newest.key
    const stored = row === null ? null : await deps.stored(name, row).catch(() => undefined)
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
        const partition = partitionFor(key ?? null, String(id), partitions.length)
        const message = await findMessage(deps.inspector, topic, partition, {
          offset: stored?.offset ?? null,
          id,
          key: key ?? null,
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
        const at = stored.processedAt === null ? null : msToIso(stored.processedAt)
        return {found: true, at, note: null, data: stored.data}
      }),
      ask('redis', async () => {
        const data = await deps.live(name, id)
        const note = 'kept for a while only (15 minutes by default)'
        return data === null ? {...NOTHING, note} : {found: true, at: processedAt(data), note, data}
      }),
    ])
    return {stages, commit_to_visible_ms: visibleAfter(stored ?? null)}
  }
}

/** When the processor took the record, as the hash says. */
function processedAt(hash: unknown): string | null {
  const ms = Number((hash as {readonly processed_at?: unknown}).processed_at ?? Number.NaN)
  return Number.isFinite(ms) ? msToIso(ms) : null
}

/** From the trigger to the moment when the processor took the record. */
function visibleAfter(stored: StoredTrace | null): number | null {
  if (stored === null || stored.processedAt === null || stored.createdAt === null) return null
  return stored.processedAt - stored.createdAt / 1000
}

async function readOutbox(db: Session, topic: string, id: number): Promise<readonly OutboxRow[]> {
  const {rows} = await db.query<OutboxRow>(
    `SELECT id, op, key, slot, status,
            to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at
     FROM public.outbox_status s WHERE topic = $1 AND aggregate_id = $2 ORDER BY s.id LIMIT 100`,
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
  wanted: {readonly offset: number | null; readonly id: number; readonly key: string | null},
): Promise<MessageView | undefined> {
  const isIt = (message: MessageView | undefined): message is MessageView =>
    (message?.value as {event_id?: unknown} | null)?.event_id === wanted.id
  if (wanted.offset !== null) {
    const message = await inspector.message(topic, partition, wanted.offset)
    if (isIt(message)) return message
  }
  const {items} = await inspector.messages({
    topic,
    partition,
    offset: undefined,
    since: undefined,
    key: wanted.key ?? undefined,
    limit: 500,
    newestFirst: true,
  })
  return items.find(isIt)
}

/** When the newest thing in a list happened, for the overview. */
export const newestOf = (micros: readonly (number | null)[]): string | null =>
  isoOrNull(micros.reduce<number | null>((a, b) => (b !== null && b > (a ?? -1) ? b : a), null))
