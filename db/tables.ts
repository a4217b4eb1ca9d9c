/**
 * The sample tables, as drizzle sees them: those of our own declarations. `drizzle-kit generate` writes a migration
 * of sample/ from a change of this file. The outbox, functions, triggers and roles are beyond it: custom SQL in
 * migrations/.
 */
import {sql} from 'drizzle-orm'
import {
  bigserial,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'

/** A time as text, with all of its digits. */
export const moment = <const Name extends string>(name: Name) =>
  timestamp(name, {withTimezone: true, mode: 'string'})

/** Types that the sample's tables take; in a table of others any type counts as itself. */
export const CONTENT_TYPES = ['podcast', 'newsletter', 'video'] as const
export const EVENT_TYPES = ['play', 'pause', 'finish', 'click'] as const

export const content = pgTable(
  'content',
  {
    id: uuid('id').primaryKey(),
    slug: text('slug').notNull().unique(),
    title: text('title').notNull(),
    contentType: text('content_type'),
    lengthSeconds: integer('length_seconds'),
    publishTs: moment('publish_ts').notNull(),
  },
  table => [
    check(
      'content_content_type_check',
      sql`${table.contentType} IN ('podcast', 'newsletter', 'video')`,
    ),
    check('content_length_seconds_check', sql`${table.lengthSeconds} >= 0`),
  ],
)

export const engagementEvents = pgTable(
  'engagement_events',
  {
    id: bigserial('id', {mode: 'number'}).primaryKey(),
    contentId: uuid('content_id').references(() => content.id),
    userId: uuid('user_id'),
    eventType: text('event_type'),
    eventTs: moment('event_ts').notNull(),
    durationMs: integer('duration_ms'),
    device: text('device'),
    rawPayload: jsonb('raw_payload'),
  },
  table => [
    check(
      'engagement_events_event_type_check',
      sql`${table.eventType} IN ('play', 'pause', 'finish', 'click')`,
    ),
    check('engagement_events_duration_ms_check', sql`${table.durationMs} >= 0`),
    index('engagement_events_event_ts').on(table.eventTs),
    index('engagement_events_content_id').on(table.contentId),
  ],
)

export const activityEvents = pgTable(
  'activity_events',
  {
    id: bigserial('id', {mode: 'number'}).primaryKey(),
    userId: text('user_id').notNull(),
    activityType: text('activity_type').notNull(),
    occurredAt: moment('occurred_at').defaultNow(),
    metadata: jsonb('metadata'),
  },
  table => [index('activity_events_user_id').on(table.userId, table.id)],
)
