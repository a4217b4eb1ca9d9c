/** Content written to the sample's table; a table of others is its application's to write. */
import {utcText, type Session} from './database.ts'
import {Problem, refuse} from './problem.ts'
import type {Content, ContentChange, NewContent} from './schemas/content.ts'

const COLUMNS = `id, slug, title, content_type, length_seconds, ${utcText('publish_ts')}`

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
