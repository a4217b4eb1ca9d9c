/** What the table of contents says of the keys of engagement: their type, and figures by their present length. */
import {NULL_KEY} from '../../readmodel/fields.ts'
import {CONTENT_TYPES} from '../../streams/content.ts'
import {EVENT_TYPES} from '../../streams/engagement.ts'
import type {Session} from '../database.ts'
import {shareFigures} from '../measures.ts'
import type {KeyFacts} from '../query/subject.ts'
import {STREAM} from './contents.ts'

interface ContentRow {
  readonly id: string
  readonly content_type: string | null
  readonly length_seconds: number | null
}

const SELECT = 'SELECT id, content_type, length_seconds FROM public.content'

export function createContentFacts(db: Session): KeyFacts {
  return {
    stream: STREAM,
    field: 'content_id',
    alias: 'content',
    dimensions: {content_type: CONTENT_TYPES},
    closed: {event_type: EVENT_TYPES},
    metrics: ['engagement_pct_sum', 'engagement_pct_avg'],
    needs: 'engagement_seconds',
    async load(keys) {
      const {rows} = await db.query<ContentRow>(
        keys === undefined ? SELECT : `${SELECT} WHERE id::text = ANY($1)`,
        keys === undefined ? [] : [[...keys].filter(key => key !== NULL_KEY)],
      )
      return new Map(
        rows.map(({id, content_type, length_seconds}) => [
          id,
          {values: {content_type}, size: length_seconds},
        ]),
      )
    },
    figures: bySize => shareFigures(Array.from(bySize, ([length, tally]) => ({length, tally}))),
  }
}
