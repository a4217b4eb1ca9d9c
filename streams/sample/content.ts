/** Content: what engagement is with. Metadata for its events, nothing counted. */
import {contentOf} from '../../contracts/engagement.ts'
import type {RowOf} from '../../contracts/stream.ts'
import {content as contentTable} from '../../db/tables.ts'

export const content = contentOf({table: contentTable, topic: 'content'})

export type ContentRow = RowOf<typeof content>
