/** Engagement: what people do with content. */
import {engagementOf} from '../../contracts/engagement.ts'
import {jsonPath, type RowOf} from '../../contracts/stream.ts'
import {engagementEvents} from '../../db/tables.ts'
import {content} from './content.ts'

export const engagement = engagementOf({
  table: engagementEvents,
  topic: 'engagement_events',
  avro: 'engagement_event',
  content,
  fields: {id: 'event_id'},
  // The playhead when the event was written.
  position: jsonPath('raw_payload', ['position_ms'], 'long'),
  types: {plays: ['play'], pauses: ['pause'], finishes: ['finish'], clicks: ['click']},
})

export type EngagementRow = RowOf<typeof engagement>
