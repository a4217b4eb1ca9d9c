/** A stream unlike ours: a key of its own kind, its own time, numbers of every kind, every measure. */
import {
  bigint,
  doublePrecision,
  integer,
  numeric,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import {
  average,
  count,
  deviation,
  latest,
  max,
  min,
  quantiles,
  ratio,
  sum,
  uniques,
} from '../../contracts/measures.ts'
import {stream} from '../../contracts/stream.ts'

export const salesTable = pgTable('sales', {
  id: uuid('id').primaryKey(),
  shop: text('shop'),
  product: text('product'),
  status: text('status'),
  buyer: integer('buyer'),
  total: numeric('total', {precision: 30, scale: 2}),
  weight: doublePrecision('weight'),
  units: bigint('units', {mode: 'number'}),
  sold_at: timestamp('sold_at', {withTimezone: true, mode: 'string'}),
})

export const sales = stream({
  name: 'sales',
  table: salesTable,
  topic: 'sales',
  key: 'shop',
  time: 'sold_at',
  measures: {
    sales: count(),
    priced: count({of: 'total'}),
    returned: count({where: {status: 'returned'}}),
    big: count({where: {product: ['sofa', 'bed']}}),
    revenue: sum('total'),
    units: sum('units', {where: {status: ['paid', 'sent']}}),
    price: average('total'),
    spread: deviation('total'),
    weight: sum('weight', {scale: 3}),
    lightest: min('weight', {scale: 3}),
    dearest: max('total'),
    first_at: min('sold_at'),
    buyers: uniques('buyer'),
    returning: ratio('returned', 'sales'),
    prices: quantiles('total'),
    last_status: latest('status'),
  },
  rollups: [
    {by: 'shop', split: ['status', 'product'], every: ['minute', 'hour', 'day', 'total']},
    {by: 'product', split: ['status'], every: ['hour', 'total'], open: 'rows'},
    {every: ['quarter', 'day']},
  ],
  top: [{by: 'product', seconds: 600, measures: ['revenue', 'sales', 'buyers']}],
  active: [{of: 'buyer', seconds: 300}],
})
