/** Readings of sensors, as the watch takes them. */
import {bigint, doublePrecision, pgTable, text, timestamp} from 'drizzle-orm/pg-core'
import {average, count, latest} from '../../contracts/measures.ts'
import {stream} from '../../contracts/stream.ts'

export const readings = stream({
  name: 'readings',
  table: pgTable('readings', {
    id: bigint('id', {mode: 'number'}).primaryKey(),
    device: text('device').notNull(),
    sensor: text('sensor').notNull(),
    value: doublePrecision('value').notNull(),
    unit: text('unit'),
    measuredAt: timestamp('measured_at', {withTimezone: true, mode: 'string'}).notNull(),
  }),
  topic: 'readings',
  key: 'device',
  time: 'measured_at',
  measures: {
    readings: count(),
    mean: average('value', {scale: 3}),
    last: latest('value', {scale: 3}),
  },
  rollups: [
    {by: 'device', split: ['sensor'], every: ['minute', 'hour', 'day', 'total']},
    {every: ['minute', 'hour', 'day', 'total'], measures: ['readings']},
  ],
})
