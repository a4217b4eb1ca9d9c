/** A stream whose rows are told apart by several columns together. */
import {integer, numeric, pgTable, primaryKey, text, timestamp} from 'drizzle-orm/pg-core'
import {count, sum, uniques} from '../../contracts/measures.ts'
import {stream} from '../../contracts/stream.ts'

export const LINES_SQL = `CREATE TABLE lines (
  shop text, no integer, at timestamptz, state text, total numeric(10, 2), PRIMARY KEY (shop, no, at))`

const linesTable = pgTable(
  'lines',
  {
    shop: text('shop').notNull(),
    no: integer('no').notNull(),
    at: timestamp('at', {withTimezone: true, mode: 'string'}).notNull(),
    state: text('state'),
    total: numeric('total', {precision: 10, scale: 2}),
  },
  table => [primaryKey({columns: [table.shop, table.no, table.at]})],
)

export const lines = stream({
  name: 'lines',
  table: linesTable,
  topic: 'lines',
  key: 'shop',
  time: 'at',
  hashes: 'line',
  measures: {lines: count(), total: sum('total'), states: uniques('state')},
  rollups: [
    {by: 'shop', split: ['state'], every: ['hour', 'day', 'total']},
    {every: ['day', 'total'], measures: ['lines', 'total']},
  ],
})
