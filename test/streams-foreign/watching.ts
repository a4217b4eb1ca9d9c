/** Engagement of a database unlike ours: other tables, names, types, ids; no device, no slug, no time of publication. */
import {bigint, integer, pgSchema, text, timestamp, uuid} from 'drizzle-orm/pg-core'
import {contentOf, engagementOf} from '../../contracts/engagement.ts'

const media = pgSchema('media')

const videos = media.table('videos', {
  id: bigint('id', {mode: 'number'}).primaryKey(),
  name: text('name'),
  kind: text('kind'),
  seconds: integer('seconds'),
})
const watchLog = media.table('watch_log', {
  entry: uuid('entry').primaryKey(),
  video: bigint('video', {mode: 'number'}),
  viewer: text('viewer'),
  what: text('what'),
  at: timestamp('at', {withTimezone: true, mode: 'string'}).notNull(),
  ms: integer('ms'),
})

export const content = contentOf({
  table: videos,
  topic: 'videos',
  fields: {name: 'title', kind: 'content_type', seconds: 'length_seconds'},
})

export const engagement = engagementOf({
  table: watchLog,
  topic: 'watch_log',
  content,
  fields: {
    entry: 'event_id',
    video: 'content_id',
    viewer: 'user_id',
    what: 'event_type',
    at: 'event_ts',
    ms: 'duration_ms',
  },
  types: {plays: ['start', 'resume'], pauses: ['halt'], finishes: ['done'], clicks: []},
})
