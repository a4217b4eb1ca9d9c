/**
 * Dead letters of both kinds: rows that the relay could not publish (in PostgreSQL) and records that
 * the processor could not apply (in `<topic>.dlq`).
 *
 * Re-driving goes through the outbox in either case: the present row is captured again, so that its
 * order with other changes of the row is kept. Nothing is written to Kafka here.
 *
 * Guarantees    many at once are resolved one by one, in chunks: one that fails keeps no other from it and is
 *               named with its reason; what is put aside meanwhile is left alone, so that it comes to an end.
 */
import {messageOf} from '../../platform/errors.ts'
import {utcText, type Database} from '../database.ts'
import {notFound, Problem, refuse} from '../problem.ts'
import type {
  DeadLetterDetails,
  DeadLetterGroup,
  DeadLetterShares,
  DeadLetterView,
  ResolvedLetters,
} from '../schemas/dead-letters.ts'
import {createLetterShare} from './letter-share.ts'
import {createTopicLetters, type TopicLettersDeps} from './topic-letters.ts'

export type Verb = 'redrive' | 'discard'
export const RESOLUTIONS = {redrive: 'redriven', discard: 'discarded'} as const

/** Which letters are meant; times are ISO 8601. */
export interface LetterFilter {
  readonly topic?: string | undefined
  readonly reason?: string | undefined
  /** Put aside at this time or later. */
  readonly from?: string | undefined
  /** Put aside before. */
  readonly to?: string | undefined
  readonly state?: 'open' | 'resolved' | 'all' | undefined
}

export interface DeadLetters {
  /** Newest first, and how many match in all. */
  list(
    filter: LetterFilter,
    limit: number,
  ): Promise<{readonly items: readonly DeadLetterView[]; readonly matching: number}>
  /** All there are, by topic and reason. */
  groups(): Promise<readonly DeadLetterGroup[]>
  /** Open ones; null: not known. */
  count(): Promise<{readonly outbox: number | null; readonly topics: number | null}>
  share(): Promise<DeadLetterShares>
  /** @throws 404 */
  get(id: string): Promise<DeadLetterDetails>
  /** @returns how many were resolved: all letters of a row are at once. @throws 404, 409, 422 */
  resolve(verb: Verb, id: string): Promise<number>
  /** Open ones that match, the oldest first. @param page `after`: `next` of the chunk before */
  resolveMany(
    verb: Verb,
    filter: LetterFilter,
    page: {readonly after?: string | undefined; readonly limit: number},
  ): Promise<ResolvedLetters>
  /** Tries letters of topics whose time has come. @returns how many were driven again */
  retry(): Promise<number>
}

const COLUMNS = ['id', 'origin', 'topic', 'key', 'reason', 'message', 'resolution', 'attempts']
const TIMES = ['failed_at', 'resolved_at', 'next_try_at']
const SELECT = `SELECT ${[...COLUMNS, ...TIMES.map(utcText)].join(', ')} FROM api.dead_letters l`

const MATCHES = `($1::text IS NULL OR l.topic = $1) AND ($2::text IS NULL OR l.reason = $2)
  AND ($3::timestamptz IS NULL OR l.failed_at >= $3) AND ($4::timestamptz IS NULL OR l.failed_at < $4)
  AND ($5::boolean IS NULL OR (l.resolved_at IS NULL) = $5)`

const DUE = `
UPDATE api.topic_letters t SET attempts = t.attempts + 1, next_try_at = cdc.next_try(t.reason, t.attempts + 1)
 WHERE (t.dlq, t.partition, t.record_offset) IN (
   SELECT d.dlq, d.partition, d.record_offset FROM api.topic_letters d
    WHERE d.resolved_at IS NULL AND d.next_try_at <= clock_timestamp()
    ORDER BY d.next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING t.dlq || ':' || t.partition || ':' || t.record_offset AS id`

const TRIES_MAX = 100
/** A chunk ends after this time, however many are left: the caller sees that it goes on. */
const CHUNK_MS = 3000

const OPEN = {open: true, resolved: false, all: null} as const
const parametersOf = ({topic, reason, from, to, state = 'open'}: LetterFilter): unknown[] => [
  topic ?? null,
  reason ?? null,
  from ?? null,
  to ?? null,
  OPEN[state],
]

/** Where a chunk goes on: letters put aside before `until`, behind this one. */
interface Mark {
  readonly until: string
  readonly failed_at: string
  readonly id: string
}
const writeMark = (mark: Mark): string => Buffer.from(JSON.stringify(mark)).toString('base64url')
function readMark(after: string): Mark {
  try {
    const {until, failed_at, id} = JSON.parse(Buffer.from(after, 'base64url').toString()) as Mark
    if ([until, failed_at].every(time => !Number.isNaN(Date.parse(time))) && typeof id === 'string')
      return {until, failed_at, id}
  } catch {
    // Told below.
  }
  throw refuse('body', 'after', after, 'is not the `next` of a chunk: leave it out to begin')
}

export function createDeadLetters(
  deps: TopicLettersDeps & Parameters<typeof createLetterShare>[0],
  options: {readonly topicPrefix: string},
): DeadLetters {
  const {db} = deps
  const topics = createTopicLetters(deps, options)
  /** Without Kafka what is known already is better than nothing. */
  const learn = async (): Promise<boolean> =>
    await topics.learn().then(
      () => true,
      () => false,
    )

  const resolve = async (verb: Verb, id: string): Promise<number> =>
    id.startsWith('outbox:') ? await resolveInOutbox(db, verb, id) : await topics[verb](id)

  return {
    async list(filter, limit) {
      await learn()
      const values = parametersOf(filter)
      const [{rows}, counted] = await Promise.all([
        db.query<DeadLetterView>(
          `${SELECT} WHERE ${MATCHES} ORDER BY l.failed_at DESC, l.id DESC LIMIT $6`,
          [...values, limit],
        ),
        db.query<{n: string}>(
          `SELECT count(*) AS n FROM api.dead_letters l WHERE ${MATCHES}`,
          values,
        ),
      ])
      return {items: rows, matching: Number(counted.rows[0]?.n ?? 0)}
    },
    async groups() {
      const {rows} = await db.query<DeadLetterGroup>(
        `SELECT origin, topic, reason, count(*) FILTER (WHERE resolved_at IS NULL)::float8 AS open,
                count(resolved_at)::float8 AS resolved
           FROM api.dead_letters GROUP BY origin, topic, reason ORDER BY open DESC, topic, reason, origin`,
      )
      return rows
    },
    async count() {
      const isKnown = await learn()
      const {rows} = await db
        .query<{outbox: number; topics: number}>(
          `SELECT (SELECT count(*) FROM cdc.dead_letters WHERE resolved_at IS NULL)::float8 AS outbox,
                  (SELECT count(*) FROM api.topic_letters WHERE resolved_at IS NULL)::float8 AS topics`,
        )
        .catch(() => ({rows: []}))
      return {outbox: rows[0]?.outbox ?? null, topics: isKnown ? (rows[0]?.topics ?? null) : null}
    },
    share: createLetterShare(deps, {...options, now: Date.now}),
    async get(id) {
      await learn()
      const {rows} = await db.query<DeadLetterView>(`${SELECT} WHERE l.id = $1`, [id])
      if (rows[0] === undefined) throw notFound('dead letter', id)
      return {...rows[0], payload: await readPayload(db, topics, id)}
    },
    resolve,
    async resolveMany(verb, filter, {after, limit}) {
      let mark = after === undefined ? undefined : readMark(after)
      if (mark === undefined) await learn()
      const startedAt = performance.now()
      const {rows} = await db.query<Mark>(
        `SELECT l.id, ${utcText('failed_at')}, ${utcText('until')}
           FROM (SELECT coalesce($6::timestamptz, clock_timestamp()) AS until) u
           JOIN api.dead_letters l ON l.failed_at < u.until
          WHERE ${MATCHES} AND ($7::timestamptz IS NULL OR (l.failed_at, l.id) > ($7, $8::text))
          ORDER BY l.failed_at, l.id LIMIT $9`,
        [
          ...parametersOf({...filter, state: 'open'}),
          mark?.until ?? null,
          mark?.failed_at ?? null,
          mark?.id ?? null,
          limit,
        ],
      )
      let resolved = 0
      const failed: {id: string; detail: string}[] = []
      let done = 0
      for (const row of rows) {
        if (done > 0 && performance.now() - startedAt > CHUNK_MS) break
        try {
          resolved += await resolve(verb, row.id)
        } catch (error) {
          // Resolved meanwhile: by somebody else, or along with another letter of its row.
          const isDone = error instanceof Problem && error.kind === 'conflict'
          if (!isDone) failed.push({id: row.id, detail: messageOf(error)})
        }
        mark = row
        done++
      }
      const isLast = done === rows.length && rows.length < limit
      return {resolved, failed, next: isLast || mark === undefined ? null : writeMark(mark)}
    },
    async retry() {
      await topics.learn()
      const {rows} = await db.query<{id: string}>(DUE, [TRIES_MAX])
      let done = 0
      for (const {id} of rows) {
        // One that fails has its next try already.
        await topics.redrive(id).then(
          () => done++,
          () => undefined,
        )
      }
      return done
    },
  }
}

async function readPayload(
  db: Database,
  topics: ReturnType<typeof createTopicLetters>,
  id: string,
): Promise<unknown> {
  if (id.startsWith('outbox:')) {
    const {rows} = await db.query<{payload: unknown}>(
      'SELECT payload FROM cdc.dead_letters WHERE id = $1',
      [numberOf(id)],
    )
    return rows[0]?.payload ?? null
  }
  const record = await topics.read(id)
  if (record === undefined) return null
  const {value, error, raw, headers} = record
  return {value, error, raw, headers}
}

const numberOf = (id: string): number => Number(id.slice('outbox:'.length))

const NO_DATA_FOUND = 'P0002'
const NOT_IN_PREREQUISITE_STATE = '55000'

async function resolveInOutbox(db: Database, verb: Verb, id: string): Promise<number> {
  try {
    const {rows} = await db.query<{n: number}>(`SELECT cdc.dead_letter_${verb}($1) AS n`, [
      numberOf(id),
    ])
    return rows[0]!.n
  } catch (error) {
    const cause =
      error instanceof Error ? (error.cause as {code?: string; message?: string}) : undefined
    if (cause?.code === NO_DATA_FOUND) throw notFound('dead letter', id)
    if (cause?.code === NOT_IN_PREREQUISITE_STATE)
      throw new Problem('conflict', cause.message ?? id)
    throw error
  }
}
