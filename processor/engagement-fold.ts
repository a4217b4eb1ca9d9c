/** The engagement stream: events of a content, enriched with its metadata. */
import type {EngagementRow} from '../contracts/engagement.ts'
import {engagement} from '../contracts/engagement.ts'
import {
  deriveEngagement,
  toEngagementEvent,
  type EngagementDerived,
  type EngagementEvent,
} from '../readmodel/events.ts'
import {ENGAGEMENT_PROJECTIONS} from './projections/engagement.ts'
import {problemOfTime} from './rules.ts'
import type {StreamFold} from './stream-fold.ts'

export const engagementFold: StreamFold<EngagementRow, EngagementEvent, EngagementDerived> = {
  stream: engagement,
  toEvent: toEngagementEvent,
  problemOf: record => problemOfTime(record, record.event_ts),
  timeOf: event => event.event_ts,
  contentOf: event => event.content_id,
  derive: deriveEngagement,
  projections: ENGAGEMENT_PROJECTIONS,
}
