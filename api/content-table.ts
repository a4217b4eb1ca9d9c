/** Contents in PostgreSQL, in whatever table the declaration says: the list, some by id. */
import type {Column} from '../contracts/columns.ts'
import type {Stream} from '../contracts/stream.ts'
import {quote, quoteTable} from '../platform/sql-names.ts'
import type {Session} from './database.ts'
import {notFound} from './problem.ts'
import {UUID_PATTERN} from './schemas/common.ts'
import type {Content, ContentListQuery, ContentOrder} from './schemas/content.ts'

/** Where a page ends: the sort column's value and the id that breaks ties. */
export type ContentPosition = readonly [string, string]

/** What shares and types are made of. */
export type ContentFacts = Pick<Content, 'content_type' | 'length_seconds'>

export interface ContentTable {
  /** One page, and one row more when there is a next one. */
  list(
    query: ContentListQuery & {readonly limit: number},
    after: ContentPosition | undefined,
  ): Promise<readonly Content[]>
  /** By id, in no order; ids that do not exist are left out. */
  read(ids: readonly string[]): Promise<readonly Content[]>
  /** Of all contents, or of those asked for. */
  facts(ids: ReadonlySet<string> | undefined): Promise<ReadonlyMap<string, ContentFacts>>
  /** The id as the table prints it; undefined when none of its ids can be so. */
  idOf(text: string): string | undefined
}

const UUID = new RegExp(UUID_PATTERN)
const WHOLE = /^-?\d{1,16}$/

/** Ids by the kind of their column: the type as which they are compared, and how they are printed. */
interface IdKind {
  readonly type: string
  readonly print: (text: string) => string | undefined
}
const IDS: Readonly<Record<string, IdKind>> = {
  uuid: {type: 'uuid', print: text => (UUID.test(text) ? text.toLowerCase() : undefined)},
  long: {type: 'bigint', print: text => (WHOLE.test(text) ? String(BigInt(text)) : undefined)},
  int: {type: 'bigint', print: text => (WHOLE.test(text) ? String(BigInt(text)) : undefined)},
  text: {type: 'text', print: text => (text.includes('\0') ? undefined : text)},
}

/** What a content without a time of publication is sorted as. */
const NEVER = '1970-01-01T00:00:00.000000Z'

/** A time as its clock shows it in UTC, exactly; one without a zone is taken for that, whatever the zone of the session. */
const inUtc = (sql: string): string =>
  `CASE WHEN pg_typeof(${sql}) = 'timestamptz'::regtype THEN ${sql}::timestamptz AT TIME ZONE 'UTC' ELSE ${sql}::timestamp END`

/** SQL of each part of a content; names of columns come from the declaration only, never from a request. */
function partsOf({columns}: Pick<Stream, 'columns'>) {
  const find = (field: string): Column | undefined => columns.find(one => one.field === field)
  const sqlOf = (column: Column): string => `c.${quote(column.column)}`
  const id = sqlOf(find('id')!)
  const named = (field: string): string => {
    const column = find(field)
    if (column === undefined) return `${id}::text`
    const text = `${sqlOf(column)}::text`
    return column.nullable ? `coalesce(${text}, ${id}::text)` : text
  }
  const [type, length, time] = [find('content_type'), find('length_seconds'), find('publish_ts')]
  return {
    id,
    slug: named('slug'),
    title: named('title'),
    content_type: type === undefined ? 'NULL' : sqlOf(type),
    // A bigint would come as text.
    length_seconds: length === undefined ? 'NULL' : `${sqlOf(length)}::float8`,
    publish_ts: time === undefined ? 'NULL::timestamp' : inUtc(sqlOf(time)),
  }
}

type Parts = ReturnType<typeof partsOf>

const factsIn = ({id, content_type, length_seconds}: Parts): string =>
  `${id}::text AS id, ${content_type}::text AS content_type, ${length_seconds} AS length_seconds`

const columnsIn = (parts: Parts): string =>
  `${factsIn(parts)}, ${parts.slug} AS slug, ${parts.title} AS title,
   to_char(${parts.publish_ts}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS publish_ts`

interface OrderSql {
  readonly field: 'publish_ts' | 'title' | 'slug'
  readonly descending: boolean
}

const ORDERS: Readonly<Record<ContentOrder, OrderSql>> = {
  '-publish_ts': {field: 'publish_ts', descending: true},
  publish_ts: {field: 'publish_ts', descending: false},
  title: {field: 'title', descending: false},
  '-title': {field: 'title', descending: true},
  slug: {field: 'slug', descending: false},
  '-slug': {field: 'slug', descending: true},
}

const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, String.raw`\$&`)

/** The id as its table prints it; undefined when no content can have it. */
export function printContentId({columns, idField}: Stream, text: string): string | undefined {
  return idsOf({columns, idField}).print(text)
}

const idsOf = ({columns, idField}: Pick<Stream, 'columns' | 'idField'>): IdKind =>
  IDS[columns.find(({field}) => field === idField)!.kind] ?? IDS['text']!

export function createContentTable(db: Session, stream: Stream): ContentTable {
  const parts = partsOf(stream)
  const ids = idsOf(stream)
  const from = `FROM ${quoteTable(stream.table)} c`
  const byIds = `${from} WHERE ${parts.id} = ANY($1::${ids.type}[])`
  const printed = (texts: Iterable<string>): readonly string[] =>
    [...texts].flatMap(text => ids.print(text) ?? [])

  return {
    idOf: ids.print,
    async list(query, after) {
      const {field, descending} = ORDERS[query.order ?? '-publish_ts']
      const isTime = field === 'publish_ts'
      const sorted = isTime ? `coalesce(${parts.publish_ts}, '${NEVER}')` : parts[field]
      const values: unknown[] = []
      const put = (value: unknown): string => `$${values.push(value)}`
      const where: string[] = []
      if (query.search !== undefined) {
        const like = put(`%${escapeLike(query.search)}%`)
        where.push(`(${parts.title} ILIKE ${like} OR ${parts.slug} ILIKE ${like})`)
      }
      if (query.content_type !== undefined) {
        where.push(`${parts.content_type}::text = ${put(query.content_type)}`)
      }
      if (after !== undefined) {
        const last = `${put(after[0])}::${isTime ? 'timestamp' : 'text'}, ${put(after[1])}::${ids.type}`
        where.push(`(${sorted}, ${parts.id}) ${descending ? '<' : '>'} (${last})`)
      }
      const direction = descending ? 'DESC' : 'ASC'
      const {rows} = await db.query<Content>(
        `SELECT ${columnsIn(parts)} ${from} ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
         ORDER BY ${sorted} ${direction}, ${parts.id} ${direction} LIMIT ${put(query.limit + 1)}`,
        values,
      )
      return rows
    },
    async read(texts) {
      const wanted = printed(texts)
      if (wanted.length === 0) return []
      return (await db.query<Content>(`SELECT ${columnsIn(parts)} ${byIds}`, [wanted])).rows
    },
    async facts(texts) {
      const where = texts === undefined ? from : byIds
      const {rows} = await db.query<ContentFacts & {readonly id: string}>(
        `SELECT ${factsIn(parts)} ${where}`,
        texts === undefined ? [] : [printed(texts)],
      )
      return new Map(rows.map(row => [row.id, row]))
    },
  }
}

/** In a pipeline without contents. */
export function noContents(): ContentTable {
  const refuse = async (): Promise<never> => await Promise.reject(notFound('stream', 'content'))
  return {list: refuse, read: refuse, facts: refuse, idOf: () => undefined}
}

/** Position of the page that follows `row`. */
export function positionAfter(row: Content, order: ContentOrder = '-publish_ts'): ContentPosition {
  // Not every table has a time, whatever the schema of ours says.
  const sorted: string | null = row[ORDERS[order].field]
  return [sorted ?? NEVER, row.id]
}
