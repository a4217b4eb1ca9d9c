/** What the model of the processor counts: something of every kind. */
import {integer, pgTable, text, timestamp} from 'drizzle-orm/pg-core'
import {count, latest, max, min, quantiles, sum, uniques} from '../contracts/measures.ts'
import {stream, type RowOf} from '../contracts/stream.ts'

const table = pgTable('model', {
  id: integer('id').primaryKey(),
  content: text('content'),
  at: timestamp('at'),
  value: integer('value'),
  status: text('status'),
  position: integer('position'),
})

export const model = stream({
  name: 'model',
  table,
  topic: 'model',
  key: 'content',
  time: 'at',
  hashes: 'model:event',
  filed: 'hour',
  measures: {
    events: count(),
    paid: count({where: {status: 'paid'}}),
    total: sum('value'),
    least: min('value'),
    most: max('value'),
    values: uniques('value'),
    last: latest('status'),
    spread: quantiles('value'),
  },
  rollups: [
    {by: 'content', split: ['status'], every: ['minute', 'hour', 'day', 'total']},
    {
      by: ['content', 'status'],
      every: ['hour', 'total'],
      open: 'rows',
      measures: ['events', 'most'],
    },
    {by: 'status', every: ['minute', 'total'], hash: 'model_statuses'},
    {every: ['quarter']},
  ],
  top: [{by: 'content', seconds: 600, measures: ['events', 'total', 'values']}],
  active: [{of: 'value', seconds: 300}],
  special: [
    {kind: 'retention', by: 'content', duration: 'value', position: 'position', split: 'status'},
    {kind: 'recent', by: 'content', show: ['status']},
  ],
})

export type ModelRow = RowOf<typeof model>
