/** Engagement: what people do with content. */
import {average, count, max, min, quantiles, ratio, sum, uniques} from '../contracts/measures.ts'
import {jsonPath, stream, type RowOf} from '../contracts/stream.ts'
import {engagementEvents} from '../db/tables.ts'
import {content} from './content.ts'

/** Types that the table takes today; another one would count as itself. */
export const EVENT_TYPES = ['play', 'pause', 'finish', 'click'] as const

const SECONDS = {per: 1000} as const

export const engagement = stream({
  name: 'engagement',
  table: engagementEvents,
  topic: 'engagement_events',
  avro: 'engagement_event',
  key: 'content_id',
  time: 'event_ts',
  fields: {id: 'event_id'},
  // The playhead when the event was written.
  paths: {position_ms: jsonPath('raw_payload', ['position_ms'], 'long')},
  shows: [{stream: content, by: 'content_id', columns: ['content_type', 'length_seconds']}],
  derived: {
    engagement_seconds: {divide: 'duration_ms', by: 1000},
    engagement_pct: {divide: 'engagement_seconds', by: 'length_seconds'},
  },
  rawTable: 'engagement_metrics',
  hashes: 'engagement_events:event',
  filed: 'hour',
  measures: {
    events: count(),
    plays: count({where: {event_type: 'play'}}),
    pauses: count({where: {event_type: 'pause'}}),
    finishes: count({where: {event_type: 'finish'}}),
    clicks: count({where: {event_type: 'click'}}),
    events_with_duration: count({of: 'duration_ms'}),
    engagement_seconds: sum('duration_ms', SECONDS),
    engagement_seconds_avg: average('duration_ms', SECONDS),
    completion_rate: ratio('finishes', 'plays'),
    unique_viewers: uniques('user_id'),
    percentiles: quantiles('duration_ms', {...SECONDS, as: 'engagement_seconds'}),
    first_event_at: min('event_ts'),
    last_event_at: max('event_ts'),
  },
  rollups: [
    {by: 'content_id', split: ['device', 'event_type'], every: ['minute', 'hour', 'day', 'total']},
    {
      split: ['device', 'event_type'],
      every: ['minute', 'hour', 'day', 'total'],
      // Whom it concerns would have to be looked for in all contents after each correction.
      measures: [
        'events',
        'plays',
        'pauses',
        'finishes',
        'clicks',
        'events_with_duration',
        'engagement_seconds',
        'engagement_seconds_avg',
        'completion_rate',
        'percentiles',
      ],
    },
  ],
  top: [
    {
      by: 'content_id',
      seconds: 600,
      measures: ['events', 'engagement_seconds', 'plays', 'unique_viewers'],
    },
  ],
  active: [{of: 'user_id', seconds: 300}],
  special: [
    {
      kind: 'retention',
      by: 'content_id',
      duration: 'duration_ms',
      position: 'position_ms',
      split: 'event_type',
    },
  ],
})

export type EngagementRow = RowOf<typeof engagement>
