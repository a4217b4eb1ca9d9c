/** Content: what engagement is with. Metadata for its events, nothing counted. */
import {stream, type RowOf} from '../contracts/stream.ts'
import {content as contentTable} from '../db/tables.ts'

export const CONTENT_TYPES = ['podcast', 'newsletter', 'video'] as const
export type ContentType = (typeof CONTENT_TYPES)[number]

export const content = stream({
  name: 'content',
  table: contentTable,
  topic: 'content',
  key: 'id',
  isReference: true,
})

export type ContentRow = RowOf<typeof content>
