/** Segments in PostgreSQL. */
import {utcText, type Session} from './database.ts'
import {Problem} from './problem.ts'
import type {Segments} from './query/segments.ts'
import type {Filter} from './schemas/query.ts'
import type {Segment} from './schemas/segments.ts'

const COLUMNS = `stream, name, filters, ${utcText('created_at')}, ${utcText('changed_at')}`
const LIST_MAX = 1000

export async function listSegments(db: Session, stream: string): Promise<readonly Segment[]> {
  const {rows} = await db.query<Segment>(
    `SELECT ${COLUMNS} FROM api.segments WHERE stream = $1 ORDER BY name LIMIT ${LIST_MAX}`,
    [stream],
  )
  return rows
}

/** Those of the names that there are. */
export async function readSegments(
  db: Session,
  stream: string,
  names: readonly string[],
): Promise<Segments> {
  if (names.length === 0) return new Map()
  const {rows} = await db.query<{readonly name: string; readonly filters: readonly Filter[]}>(
    'SELECT name, filters FROM api.segments WHERE stream = $1 AND name = ANY($2)',
    [stream, names],
  )
  return new Map(rows.map(({name, filters}) => [name, filters]))
}

type Given = Pick<Segment, 'stream' | 'name' | 'filters'>

/** @throws 409 when there is one of that name, or a stream has as many as it may */
export async function insertSegment(db: Session, {stream, name, filters}: Given): Promise<Segment> {
  const {rows} = await db.query<Segment>(
    `INSERT INTO api.segments (stream, name, filters)
     SELECT $1::text, $2::text, $3::json WHERE (SELECT count(*) FROM api.segments WHERE stream = $1) < ${LIST_MAX}
     ON CONFLICT (stream, name) DO NOTHING RETURNING ${COLUMNS}`,
    [stream, name, JSON.stringify(filters)],
  )
  const [row] = rows
  if (row !== undefined) return row
  const detail = `is taken, or ${stream} has ${LIST_MAX} segments`
  throw new Problem('conflict', `there is no room for a segment ${name} of ${stream}`, {
    errors: [{in: 'body', field: '/name', detail, value: name}],
  })
}

/** @returns undefined when there is no such segment */
export async function changeSegment(
  db: Session,
  {stream, name, filters}: Given,
): Promise<Segment | undefined> {
  const {rows} = await db.query<Segment>(
    `UPDATE api.segments SET filters = $3, changed_at = now() WHERE stream = $1 AND name = $2
     RETURNING ${COLUMNS}`,
    [stream, name, JSON.stringify(filters)],
  )
  return rows[0]
}

/** @returns false when there is no such segment */
export async function deleteSegment(
  db: Session,
  {stream, name}: Pick<Segment, 'stream' | 'name'>,
): Promise<boolean> {
  const {rowCount} = await db.query('DELETE FROM api.segments WHERE stream = $1 AND name = $2', [
    stream,
    name,
  ])
  return rowCount > 0
}
