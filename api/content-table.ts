/** Content in PostgreSQL: the list, one, and its changes. */
import {utcText, type Session} from './database.ts'
import {Problem, refuse} from './problem.ts'
import type {
  Content,
  ContentChange,
  ContentListQuery,
  ContentOrder,
  NewContent,
} from './schemas/content.ts'

const COLUMNS = `id, slug, title, content_type, length_seconds, ${utcText('publish_ts')}`

/** Where a page ends: the sort column's value and the id that breaks ties. */
export type ContentPosition = readonly [string, string]

interface OrderSql {
  readonly column: string
  readonly cast: string
  readonly descending: boolean
}

/** Names of columns come from here only, never from a request. */
const ORDERS: Readonly<Record<ContentOrder, OrderSql>> = {
  '-publish_ts': {column: 'publish_ts', cast: 'timestamptz', descending: true},
  publish_ts: {column: 'publish_ts', cast: 'timestamptz', descending: false},
  title: {column: 'title', cast: 'text', descending: false},
  '-title': {column: 'title', cast: 'text', descending: true},
  slug: {column: 'slug', cast: 'text', descending: false},
  '-slug': {column: 'slug', cast: 'text', descending: true},
}

const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, String.raw`\$&`)

/** One page, and one row more when there is a next one. */
export async function listContent(
  db: Session,
  query: ContentListQuery & {readonly limit: number},
  after: ContentPosition | undefined,
): Promise<readonly Content[]> {
  const {column, cast, descending} = ORDERS[query.order ?? '-publish_ts']
  const values: unknown[] = []
  const put = (value: unknown): string => `$${values.push(value)}`
  const where: string[] = []
  if (query.search !== undefined) {
    const like = put(`%${escapeLike(query.search)}%`)
    where.push(`(title ILIKE ${like} OR slug ILIKE ${like})`)
  }
  if (query.content_type !== undefined) where.push(`content_type = ${put(query.content_type)}`)
  if (after !== undefined) {
    const compare = descending ? '<' : '>'
    where.push(`(${column}, id) ${compare} (${put(after[0])}::${cast}, ${put(after[1])}::uuid)`)
  }
  const direction = descending ? 'DESC' : 'ASC'
  const {rows} = await db.query<Content>(
    `SELECT ${COLUMNS} FROM public.content ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
     ORDER BY content.${column} ${direction}, id ${direction} LIMIT ${put(query.limit + 1)}`,
    values,
  )
  return rows
}

/** Position of the page that follows `row`. */
export function positionAfter(row: Content, order: ContentOrder = '-publish_ts'): ContentPosition {
  const {column} = ORDERS[order]
  return [String(row[column as keyof Content]), row.id]
}

export async function readContent(db: Session, id: string): Promise<Content | undefined> {
  const {rows} = await db.query<Content>(`SELECT ${COLUMNS} FROM public.content WHERE id = $1`, [
    id,
  ])
  return rows[0]
}

/** Contents by id, in no order; ids that do not exist are left out. */
export async function readContents(
  db: Session,
  ids: readonly string[],
): Promise<readonly Content[]> {
  if (ids.length === 0) return []
  const {rows} = await db.query<Content>(
    `SELECT ${COLUMNS} FROM public.content WHERE id = ANY($1)`,
    [ids],
  )
  return rows
}

interface PgError {
  readonly code?: string
  readonly constraint?: string
}

/** Turns what PostgreSQL refuses into what the caller sent wrong. */
export function toWriteProblem(error: unknown, values: Readonly<Record<string, unknown>>): unknown {
  // The adapter wraps the driver's error; the SQLSTATE is the cause's.
  const {code, constraint} = ((error as Error).cause ?? error) as PgError
  if (code === '23505') {
    const field = constraint?.includes('slug') === true ? 'slug' : 'id'
    return new Problem('conflict', `there is content with this ${field} already`, {
      errors: [{in: 'body', field: `/${field}`, detail: 'is taken', value: values[field]}],
    })
  }
  if (code === '22008' || code === '22007') {
    return refuse('body', '/publish_ts', values['publish_ts'], 'is not a time that can be stored')
  }
  return error
}

export async function insertContent(db: Session, content: NewContent): Promise<Content> {
  const {rows} = await db
    .query<Content>(
      `INSERT INTO public.content (id, slug, title, content_type, length_seconds, publish_ts)
       VALUES (coalesce($1::uuid, gen_random_uuid()), $2, $3, $4, $5, coalesce($6::timestamptz, now()))
       RETURNING ${COLUMNS}`,
      [
        content.id ?? null,
        content.slug,
        content.title,
        content.content_type ?? null,
        content.length_seconds ?? null,
        content.publish_ts ?? null,
      ],
    )
    .catch((error: unknown) => {
      throw toWriteProblem(error, content)
    })
  return rows[0]!
}

const CHANGEABLE = ['slug', 'title', 'content_type', 'length_seconds', 'publish_ts'] as const

/** @returns undefined when there is no such content */
export async function changeContent(
  db: Session,
  id: string,
  change: ContentChange,
): Promise<Content | undefined> {
  const names = CHANGEABLE.filter(name => change[name] !== undefined)
  const sets = names.map((name, index) => `${name} = $${index + 2}`)
  const {rows} = await db
    .query<Content>(
      `UPDATE public.content SET ${sets.join(', ')} WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, ...names.map(name => change[name])],
    )
    .catch((error: unknown) => {
      throw toWriteProblem(error, change)
    })
  return rows[0]
}

/** @returns false when there is no such content */
export async function deleteContent(db: Session, id: string): Promise<boolean> {
  const {rowCount} = await db
    .query('DELETE FROM public.content WHERE id = $1', [id])
    .catch((error: unknown) => {
      const {code} = ((error as Error).cause ?? error) as PgError
      if (code !== '23503') throw error
      throw new Problem('conflict', 'the content has events; delete them first', {
        errors: [{in: 'path', field: 'id', detail: 'has events', value: id}],
      })
    })
  return rowCount > 0
}
