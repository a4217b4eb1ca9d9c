/**
 * Dead letters of both kinds: rows that the relay could not publish (in PostgreSQL) and records that
 * the processor could not apply (in `<topic>.dlq`).
 *
 * Re-driving goes through the outbox in either case: the present row is captured again, so that its
 * order with other changes of the row is kept. Nothing is written to Kafka here.
 */
import {DEAD_LETTER_HEADERS} from '../../contracts/headers.ts'
import type {Stream} from '../../contracts/stream.ts'
import {deadLetterTopic, topicName} from '../../contracts/topics.ts'
import {streamOfTopic} from '../../streams/load.ts'
import {utcText, type Database} from '../database.ts'
import {notFound, Problem} from '../problem.ts'
import type {DeadLetterView, MessageView} from '../schemas/admin.ts'
import type {AnyDecoder} from './decode-any.ts'
import type {Inspector} from './inspector.ts'

export interface DeadLetters {
  list(limit: number): Promise<readonly DeadLetterView[]>
  count(): Promise<{readonly outbox: number | null; readonly topics: number | null}>
  redrive(id: string): Promise<void>
  discard(id: string): Promise<void>
}

type OutboxLetter = Omit<DeadLetterView, 'origin'>

const LETTER_COLUMNS = `id, topic, key, reason, message, resolution, payload, ${utcText('failed_at')}`

const toView = (letter: OutboxLetter): DeadLetterView => ({
  ...letter,
  id: `outbox:${letter.id}`,
  origin: 'outbox',
})

export function createDeadLetters(
  deps: {
    readonly db: Database
    readonly inspector: Inspector
    readonly decoder: AnyDecoder
    readonly streams: readonly Stream[]
  },
  options: {readonly topicPrefix: string},
): DeadLetters {
  const {db, inspector, streams} = deps
  const topics = streams.map(({topic}) => topicName(options.topicPrefix, deadLetterTopic(topic)))

  const resolutions = async (ids: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    if (ids.length === 0) return new Map()
    const {rows} = await db.query<{id: string; resolution: string}>(
      'SELECT id, resolution FROM api.dead_letter_marks WHERE id = ANY($1)',
      [ids],
    )
    return new Map(rows.map(row => [row.id, row.resolution]))
  }

  const readTopic = async (topic: string, limit: number): Promise<readonly DeadLetterView[]> => {
    const {items} = await inspector.messages({topic, limit, newestFirst: true})
    const marks = await resolutions(items.map(item => idOf(topic, item)))
    return items.map(item => {
      const id = idOf(topic, item)
      const {headers} = item
      return {
        id,
        origin: 'topic',
        topic: headers[DEAD_LETTER_HEADERS.topic] ?? topic,
        key: item.key,
        reason: headers[DEAD_LETTER_HEADERS.reason] ?? 'unknown',
        message: headers[DEAD_LETTER_HEADERS.message] ?? '',
        failed_at: headers[DEAD_LETTER_HEADERS.failedAt] ?? item.timestamp,
        resolution: marks.get(id) ?? null,
        payload: {value: item.value, error: item.error, raw: item.raw, headers},
      }
    })
  }

  const mark = async (id: string, resolution: string): Promise<void> => {
    await db.query(
      `INSERT INTO api.dead_letter_marks (id, resolution) VALUES ($1, $2)
       ON CONFLICT (id) DO UPDATE SET resolution = excluded.resolution, marked_at = now()`,
      [id, resolution],
    )
  }

  return {
    async list(limit) {
      const {rows} = await db.query<OutboxLetter>(
        `SELECT ${LETTER_COLUMNS} FROM cdc.dead_letters ORDER BY dead_letters.id DESC LIMIT $1`,
        [limit],
      )
      const fromTopics = await Promise.all(
        topics.map(topic => readTopic(topic, limit).catch(() => [])),
      )
      return [...rows.map(toView), ...fromTopics.flat()]
        .toSorted((a, b) => ((a.failed_at ?? '') < (b.failed_at ?? '') ? 1 : -1))
        .slice(0, limit)
    },
    async count() {
      const outbox = await db
        .query<{n: string}>('SELECT count(*) AS n FROM cdc.dead_letters WHERE resolved_at IS NULL')
        .then(({rows}) => Number(rows[0]?.n ?? 0))
        .catch(() => null)
      const counts = await Promise.all(
        topics.map(async topic => {
          const {partitions} = await inspector.messages({topic, limit: 0, newestFirst: true})
          return partitions.reduce((sum, {begin, end}) => sum + end - begin, 0)
        }),
      ).catch(() => null)
      return {outbox, topics: counts?.reduce((sum, n) => sum + n, 0) ?? null}
    },
    async redrive(id) {
      if (id.startsWith('outbox:')) return await resolveInOutbox(db, id, 'redrive')
      const letter = await readLetter(inspector, id)
      const from = letter.headers[DEAD_LETTER_HEADERS.topic] ?? ''
      const prefix = from.startsWith(options.topicPrefix) ? options.topicPrefix.length : 0
      await recapture(db, letter, streamOfTopic(streams, from.slice(prefix)))
      await mark(id, 'redriven')
    },
    async discard(id) {
      if (id.startsWith('outbox:')) return await resolveInOutbox(db, id, 'discard')
      await readLetter(inspector, id)
      await mark(id, 'discarded')
    },
  }
}

const idOf = (topic: string, {partition, offset}: MessageView): string =>
  `${topic}:${partition}:${offset}`

async function resolveInOutbox(
  db: Database,
  id: string,
  how: 'redrive' | 'discard',
): Promise<void> {
  const number = Number(id.slice('outbox:'.length))
  const {rows} = await db.query<{open: boolean}>(
    'SELECT resolved_at IS NULL AS open FROM cdc.dead_letters WHERE id = $1',
    [number],
  )
  if (rows[0] === undefined) throw notFound('dead letter', id)
  if (!rows[0].open) throw new Problem('conflict', 'the dead letter is resolved already')
  await db.query(`SELECT cdc.dead_letter_${how}($1)`, [number])
}

async function readLetter(inspector: Inspector, id: string): Promise<MessageView> {
  const [topic = '', partition = '', offset = ''] = id.split(':')
  const letter = topic.endsWith('.dlq')
    ? await inspector.message(topic, Number(partition), Number(offset)).catch(() => undefined)
    : undefined
  if (letter === undefined) throw notFound('dead letter', id)
  return letter
}

/** Captures the row of a dead letter again, as it is now. */
async function recapture(
  db: Database,
  letter: MessageView,
  stream: Stream | undefined,
): Promise<void> {
  const row = letter.value as Readonly<Record<string, unknown>> | null
  const rowId = stream === undefined ? undefined : row?.[stream.idField]
  if (stream === undefined || (typeof rowId !== 'number' && typeof rowId !== 'string')) {
    throw new Problem('not-answerable', 'the record cannot be decoded, so its row is not known', {
      errors: [{in: 'path', field: 'id', detail: 'has no row that could be read again'}],
    })
  }
  const {rows} = await db.query<{found: boolean}>('SELECT cdc.reread($1, $2) AS found', [
    stream.topic,
    String(rowId),
  ])
  if (rows[0]?.found !== true) throw notFound('row', rowId)
}
