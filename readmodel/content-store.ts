/** Content metadata in Cassandra: what the `content` topic said last. */
import {toNumber, toText, type Cassandra, type CqlRow} from '../platform/cassandra.ts'
import {timestampBytes} from './fence.ts'

export interface ContentMetadata {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly content_type: string | null
  readonly length_seconds: number | null
  /** Microseconds since 1970. */
  readonly publish_ts: number
  readonly outboxId: number
  readonly createdAt: number
  readonly deleted: boolean
  /** Its insert: cells without value stay unset, as a delete before it left none. */
  readonly fresh?: boolean
}

export interface ContentStore {
  load(ids: readonly string[]): Promise<ReadonlyMap<string, ContentMetadata>>
  save(contents: readonly ContentMetadata[]): Promise<void>
}

const COLUMNS = `id, slug, title, content_type, length_seconds, publish_us, deleted, outbox_id,
  created_at`
const LOAD = `SELECT ${COLUMNS} FROM content WHERE id = ?`
const SAVE = `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts,
  publish_us, deleted, outbox_id, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
const BATCH = 10

/**
 * The newer outbox row wins; where an id was handed out twice (after a crash) the later one, as
 * seconds of its creation within twelve days.
 */
const versionOf = ({outboxId, createdAt}: ContentMetadata): Buffer =>
  timestampBytes({offset: outboxId, generation: Math.floor(createdAt / 1_000_000) % 2 ** 20})

function toMetadata(row: CqlRow): ContentMetadata {
  return {
    id: toText(row['id']),
    slug: row['slug'] as string,
    title: row['title'] as string,
    content_type: (row['content_type'] as string | null) ?? null,
    length_seconds: (row['length_seconds'] as number | null) ?? null,
    publish_ts: toNumber(row['publish_us']),
    outboxId: toNumber(row['outbox_id']),
    createdAt: toNumber(row['created_at']),
    deleted: row['deleted'] === true,
  }
}

function toParams(content: ContentMetadata) {
  const none = content.fresh === true ? undefined : null
  const {content_type, length_seconds} = content.deleted
    ? {content_type: null, length_seconds: null}
    : content
  return [
    content.id,
    content.slug,
    content.title,
    content_type ?? none,
    length_seconds ?? none,
    Math.floor(content.publish_ts / 1000),
    content.publish_ts,
    content.deleted,
    content.outboxId,
    content.createdAt,
    versionOf(content),
  ]
}

export function createContentStore(cassandra: Cassandra): ContentStore {
  return {
    async load(ids) {
      const rows = await Promise.all(ids.map(id => cassandra.rows(LOAD, [id])))
      return new Map(rows.flat().map(row => [toText(row['id']), toMetadata(row)]))
    },
    async save(contents) {
      const statements = contents.map(content => ({query: SAVE, params: toParams(content)}))
      const batches = []
      for (let i = 0; i < statements.length; i += BATCH)
        batches.push(statements.slice(i, i + BATCH))
      await Promise.all(batches.map(batch => cassandra.batch(batch)))
    },
  }
}
