/**
 * Records of dead-letter topics as PostgreSQL knows them: what was put aside, why, and what became of it. The
 * records themselves stay in Kafka and are read when they are looked at or driven again.
 *
 * Guarantees    each record is learned once, by whoever asks first; what was forgotten is not learned again.
 */
import {DEAD_LETTER_HEADERS} from '../../contracts/headers.ts'
import type {Stream} from '../../contracts/stream.ts'
import {deadLetterTopic, sinkLetterTopic, topicName} from '../../contracts/topics.ts'
import type {ConsumedRecord, KafkaAdmin} from '../../platform/kafka.ts'
import type {FetchFrom, RecordReader} from '../../platform/kafka-reader.ts'
import type {Database, Session} from '../database.ts'
import {notFound, Problem} from '../problem.ts'
import type {MessageView} from '../schemas/admin.ts'
import type {Inspector} from './inspector.ts'

export interface TopicLetters {
  /** Learns what came since the last time. @throws when Kafka does not answer */
  learn(): Promise<void>
  /** The record of a letter, or undefined when it is gone. @throws 404 */
  read(id: string): Promise<MessageView | undefined>
  /** Captures the row again, as it is now. @throws 404, 409, 422 */
  redrive(id: string): Promise<number>
  /** @throws 404, 409 */
  discard(id: string): Promise<number>
}

export interface TopicLettersDeps {
  readonly db: Database
  readonly admin: () => Promise<Pick<KafkaAdmin, 'offsets' | 'listTopics'>>
  readonly reader: Pick<RecordReader, 'fetch'>
  readonly inspector: Pick<Inspector, 'message'>
  readonly streams: readonly Stream[]
}

const FETCH_BYTES = 4_194_304

/** What is new is stored under the lock of its place: two who read it at once store it once. */
const STORE = `
WITH held AS (
  INSERT INTO api.topic_letters_read AS r (dlq, partition, next) VALUES ($1, $2, $3)
  ON CONFLICT (dlq, partition) DO UPDATE SET next = greatest(r.next, excluded.next)
  RETURNING coalesce(old.next, 0) AS from_offset)
INSERT INTO api.topic_letters (dlq, partition, record_offset, topic, key, reason, message, failed_at, attempts, next_try_at)
SELECT $1, $2, x.record_offset, $4, x.key, x.reason, x.message, x.failed_at, before.attempts, cdc.next_try(x.reason, before.attempts)
  FROM held
 CROSS JOIN unnest($5::bigint[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])
            AS x (record_offset, key, reason, message, failed_at)
 CROSS JOIN LATERAL (SELECT coalesce(max(d.attempts), 0) AS attempts FROM api.topic_letters d
                      WHERE d.topic = $4 AND d.key = x.key AND d.reason = x.reason AND d.resolution = 'redriven'
                        AND d.resolved_at > clock_timestamp() - interval '1 day') before
 WHERE x.record_offset >= held.from_offset
ON CONFLICT DO NOTHING`

const FORGET = `
WITH letters AS (DELETE FROM api.topic_letters WHERE dlq = $1 AND partition = $2)
DELETE FROM api.topic_letters_read WHERE dlq = $1 AND partition = $2`

const WHERE = 'dlq = $1 AND partition = $2 AND record_offset = $3'

type Place = readonly [dlq: string, partition: number, offset: number]

const placeOf = (id: string): Place => {
  const [dlq = '', partition, offset] = id.split(':')
  return [dlq, Number(partition), Number(offset)]
}

/** PostgreSQL stores no NUL. */
const clean = (text: string): string => text.replaceAll('\0', '')

/** What is kept of a record, in the order of the arrays of `STORE`. */
function describeRecord({headers, key, timestampMs, offset}: ConsumedRecord) {
  const header = (name: string): string | undefined => headers[name]?.toString()
  const failedAt = Date.parse(header(DEAD_LETTER_HEADERS.failedAt) ?? '')
  return [
    offset,
    key === null ? null : clean(key.toString()),
    clean(header(DEAD_LETTER_HEADERS.reason) ?? 'UNKNOWN'),
    clean(header(DEAD_LETTER_HEADERS.message) ?? ''),
    new Date(Number.isNaN(failedAt) ? timestampMs : failedAt).toISOString(),
  ] as const
}

export function createTopicLetters(
  deps: TopicLettersDeps,
  options: {readonly topicPrefix: string},
): TopicLetters {
  const {db, reader, inspector, streams} = deps
  const sources = new Map(
    streams.flatMap(({topic}) =>
      [deadLetterTopic, sinkLetterTopic].map(letters => [
        topicName(options.topicPrefix, letters(topic)),
        topic,
      ]),
    ),
  )

  /** Where there is something new, and up to where. */
  const findNews = async (dlq: string, known: ReadonlyMap<number, number>) => {
    const offsets = await (await deps.admin()).offsets(dlq)
    const news: (FetchFrom & {readonly end: number})[] = []
    for (const {partition, begin, end} of offsets) {
      let next = known.get(partition) ?? begin
      if (next > end) {
        // The topic was made again: what was known of it is of records that are gone.
        await db.query(FORGET, [dlq, partition])
        next = begin
      }
      const offset = Math.max(next, begin)
      if (offset < end) news.push({topic: dlq, partition, offset, end})
    }
    return news
  }

  const learnTopic = async (dlq: string, known: ReadonlyMap<number, number>): Promise<void> => {
    let open = await findNews(dlq, known)
    while (open.length > 0) {
      const answers = await reader.fetch(open, {bytesMax: FETCH_BYTES, waitMs: 100})
      const more: typeof open = []
      for (const from of open) {
        const answer = answers.find(({partition}) => partition === from.partition)
        if (answer === undefined || answer.next <= from.offset) continue
        const {partition, records, next} = answer
        const rows = records.map(describeRecord)
        const columns = [0, 1, 2, 3, 4].map(i => rows.map(row => row[i]))
        await db.query(STORE, [dlq, partition, next, sources.get(dlq), ...columns])
        if (next < from.end) more.push({...from, offset: next})
      }
      open = more
    }
  }

  const learnAll = async (): Promise<void> => {
    const {rows} = await db.query<{dlq: string; partition: number; next: string}>(
      'SELECT dlq, partition, next FROM api.topic_letters_read WHERE dlq = ANY($1)',
      [[...sources.keys()]],
    )
    const known = Map.groupBy(rows, ({dlq}) => dlq)
    const topics = await (await deps.admin()).listTopics()
    const there = new Set(topics.map(({topic}) => topic))
    for (const dlq of sources.keys()) {
      // That of the sink is made when something is sent.
      if (!there.has(dlq)) continue
      const places = (known.get(dlq) ?? []).map(row => [row.partition, Number(row.next)] as const)
      await learnTopic(dlq, new Map(places))
    }
  }
  let learning: Promise<void> | undefined

  /** @throws 404, 409 */
  const requireOpen = async (session: Session, id: string, lock: '' | 'FOR UPDATE') => {
    const {rows} = await session.query<{topic: string; resolution: string | null}>(
      `SELECT topic, resolution FROM api.topic_letters WHERE ${WHERE} ${lock}`,
      placeOf(id),
    )
    if (rows[0] === undefined) throw notFound('dead letter', id)
    const {topic, resolution} = rows[0]
    if (resolution !== null)
      throw new Problem('conflict', `dead letter ${id} is ${resolution} already`)
    return topic
  }

  const resolve = async (id: string, how: string, work: (session: Session) => Promise<void>) => {
    await db.transaction(async session => {
      await requireOpen(session, id, 'FOR UPDATE')
      await work(session)
      await session.query(
        `UPDATE api.topic_letters SET resolution = $4, resolved_at = clock_timestamp(), next_try_at = NULL WHERE ${WHERE}`,
        [...placeOf(id), how],
      )
    })
    return 1
  }

  return {
    async learn() {
      // Those who ask meanwhile get the same look.
      learning ??= learnAll().finally(() => (learning = undefined))
      await learning
    },
    async read(id) {
      const place = placeOf(id)
      if (!sources.has(place[0])) throw notFound('dead letter', id)
      return await inspector.message(...place)
    },
    async redrive(id) {
      const topic = await requireOpen(db, id, '')
      const record = await inspector.message(...placeOf(id))
      if (record === undefined) {
        throw new Problem('not-found', `the record of ${id} is not in Kafka any more: discard it`)
      }
      const stream = streams.find(one => one.topic === topic)
      return await resolve(id, 'redriven', session => recapture(session, record, stream))
    },
    discard: id => resolve(id, 'discarded', async () => {}),
  }
}

/** Captures the row of a record again, as it is now. */
async function recapture(
  session: Session,
  {value, error}: MessageView,
  stream: Stream | undefined,
): Promise<void> {
  const row = value as Readonly<Record<string, unknown>> | null
  const rowId = stream === undefined ? undefined : row?.[stream.idField]
  if (stream === undefined || (typeof rowId !== 'number' && typeof rowId !== 'string')) {
    const why = error === null ? '' : `: ${error}`
    throw new Problem(
      'not-answerable',
      `the record cannot be decoded, so its row is not known${why}`,
      {
        errors: [{in: 'path', field: 'id', detail: 'has no row that could be read again'}],
      },
    )
  }
  const {rows} = await session.query<{found: boolean}>('SELECT cdc.reread($1, $2) AS found', [
    stream.topic,
    String(rowId),
  ])
  if (rows[0]?.found !== true) {
    throw new Problem(
      'not-found',
      `there is no row ${rowId} in ${stream.table} any more: discard it`,
    )
  }
}
