/** Activity: what users do, and which pages they see. */
import {count, max, PRESENT} from '../../contracts/measures.ts'
import {jsonPath, stream} from '../../contracts/stream.ts'
import {activityEvents} from '../../db/tables.ts'

/** A page view is an activity of this type whose metadata has a page. */
const PAGE_VIEW = {activity_type: 'page_view', page: PRESENT} as const

export const activity = stream({
  name: 'activity',
  role: 'activity',
  table: activityEvents,
  topic: 'user_activity',
  key: 'user_id',
  time: 'occurred_at',
  fields: {id: 'event_id'},
  paths: {page: jsonPath('metadata', ['page'])},
  textMax: {user_id: 1024, activity_type: 256},
  measures: {
    activities: count(),
    page_views: count({where: PAGE_VIEW}),
    last_seen_at: max('occurred_at'),
  },
  rollups: [
    {
      name: 'days',
      by: ['user_id', 'activity_type'],
      every: ['day', 'total'],
      measures: ['activities'],
      table: 'aggregated_metrics',
      open: 'rows',
    },
    {
      name: 'pages',
      by: 'page',
      where: PAGE_VIEW,
      every: ['total'],
      measures: ['page_views'],
      table: 'page_views',
      hash: 'page_views',
    },
    {
      by: 'user_id',
      split: ['activity_type'],
      every: ['day', 'total'],
      measures: ['activities', 'last_seen_at'],
    },
    {
      split: ['activity_type'],
      every: ['minute', 'hour', 'day', 'total'],
      measures: ['activities', 'page_views'],
    },
  ],
  special: [{kind: 'recent', by: 'user_id', show: ['activity_type', 'page', 'metadata']}],
})
