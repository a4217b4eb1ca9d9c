/** The tables that TypeScript reads and writes through drizzle. Triggers and functions: migrations/. */
import {
  bigint,
  bigserial,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'

const moment = (name: string) => timestamp(name, {withTimezone: true, mode: 'string', precision: 6})

export const content = pgTable('content', {
  id: uuid('id').primaryKey(),
  slug: text('slug').notNull().unique(),
  title: text('title').notNull(),
  contentType: text('content_type'),
  lengthSeconds: integer('length_seconds'),
  publishTs: moment('publish_ts').notNull(),
})

export const engagementEvents = pgTable('engagement_events', {
  id: bigserial('id', {mode: 'number'}).primaryKey(),
  contentId: uuid('content_id').references(() => content.id),
  userId: uuid('user_id'),
  eventType: text('event_type'),
  eventTs: moment('event_ts').notNull(),
  durationMs: integer('duration_ms'),
  device: text('device'),
  rawPayload: jsonb('raw_payload'),
})

export const activityEvents = pgTable('activity_events', {
  id: bigserial('id', {mode: 'number'}).primaryKey(),
  userId: text('user_id').notNull(),
  activityType: text('activity_type').notNull(),
  occurredAt: moment('occurred_at').defaultNow(),
  metadata: jsonb('metadata'),
})

/** What is needed to see where a change stands; the relay reads by SQL of its own. */
export const outboxEvents = pgTable('outbox_events', {
  id: bigint('id', {mode: 'number'}).notNull(),
  topic: text('topic').notNull(),
  aggregateId: text('aggregate_id').notNull(),
  key: text('key'),
  createdAt: moment('created_at').notNull(),
})
