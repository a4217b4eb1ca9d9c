/** Alerts: incidents that rules and odd readings open (docs/ALERTS.md). The table is ours, in any database. */
import {bigint, doublePrecision, json, pgSchema, text, timestamp} from 'drizzle-orm/pg-core'
import {average, count, max} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'

const moment = <const Name extends string>(name: Name) =>
  timestamp(name, {withTimezone: true, mode: 'string'})

const alertIncidents = pgSchema('api').table('alert_incidents', {
  id: bigint('id', {mode: 'number'}).primaryKey(),
  source: text('source').notNull(),
  subject: text('subject').notNull(),
  rule: text('rule').notNull(),
  kind: text('kind').notNull(),
  stream: text('stream').notNull(),
  metric: text('metric').notNull(),
  severity: text('severity').notNull(),
  status: text('status').notNull(),
  value: doublePrecision('value'),
  expected: doublePrecision('expected'),
  summary: text('summary').notNull(),
  details: json('details').notNull(),
  channels: text('channels').array().notNull(),
  openedAt: moment('opened_at').notNull(),
  changedAt: moment('changed_at').notNull(),
  resolvedAt: moment('resolved_at'),
  resolution: text('resolution'),
  seconds: doublePrecision('seconds'),
  acknowledgedAt: moment('acknowledged_at'),
  acknowledgedBy: text('acknowledged_by'),
  mutedUntil: moment('muted_until'),
})

export const alerts = stream({
  name: 'alerts',
  table: alertIncidents,
  topic: 'alerts',
  key: 'source',
  time: 'opened_at',
  measures: {
    alerts: count(),
    open: count({where: {status: 'open'}}),
    critical: count({where: {severity: 'critical'}}),
    acknowledged: count({of: 'acknowledged_at'}),
    open_seconds_avg: average('seconds', {scale: 3}),
    open_seconds_max: max('seconds', {scale: 3}),
  },
  rollups: [
    {by: 'source', split: ['severity'], every: ['day', 'total']},
    {
      by: 'rule',
      split: ['kind', 'severity'],
      every: ['day', 'total'],
      measures: ['alerts', 'open', 'critical'],
    },
    {
      every: ['minute', 'hour', 'day', 'total'],
      measures: ['alerts', 'open', 'critical', 'acknowledged'],
    },
    {
      by: 'stream',
      split: ['kind', 'severity'],
      every: ['hour', 'day', 'total'],
      measures: ['alerts', 'open', 'critical'],
    },
  ],
})
