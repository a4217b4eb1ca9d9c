/** A stream unlike ours: random uuids, numerics, an enum, and a region that is looked up. */
import {integer, numeric, pgEnum, pgTable, text, timestamp, uuid} from 'drizzle-orm/pg-core'
import * as m from '../../contracts/measures.ts'
import {lookup, stream} from '../../contracts/stream.ts'

const shops = pgTable('shops', {id: integer('id').primaryKey(), region: text('region')})
const orderStatus = pgEnum('order_status', ['new', 'paid', 'sent', 'returned'])
const ordersTable = pgTable('orders', {
  id: uuid('id').primaryKey(),
  shop_id: integer('shop_id'),
  product: text('product'),
  status: orderStatus('status'),
  buyer: uuid('buyer'),
  amount: numeric('amount', {precision: 12, scale: 2}),
  placed_at: timestamp('placed_at', {withTimezone: true, mode: 'string'}),
})

export const orders = stream({
  name: 'orders',
  table: ordersTable,
  topic: 'orders',
  key: 'shop_id',
  time: 'placed_at',
  enrich: {shop: lookup(shops, 'shop_id', ['region'])},
  measures: {
    orders: m.count(),
    returned: m.count({where: {status: 'returned'}}),
    priced: m.count({of: 'amount'}),
    revenue: m.sum('amount'),
    earned: m.sum('amount', {where: {status: ['paid', 'sent']}}),
    price: m.average('amount'),
    spread: m.deviation('amount'),
    cheapest: m.min('amount'),
    dearest: m.max('amount'),
    last_at: m.max('placed_at'),
    last_status: m.latest('status'),
    buyers: m.uniques('buyer'),
    returning: m.ratio('returned', 'orders'),
    amounts: m.quantiles('amount'),
  },
  rollups: [
    {by: 'shop_id', split: ['status', 'product'], every: ['minute', 'hour', 'day', 'total']},
    {by: 'product', split: ['shop.region'], every: ['quarter', 'day', 'total']},
    {by: ['shop.region', 'status'], every: ['hour'], open: 'rows'},
    {by: 'buyer', every: ['total'], measures: ['orders', 'revenue'], where: {status: m.PRESENT}},
    {split: ['status'], every: ['minute', 'hour', 'day', 'total']},
  ],
  top: [{by: 'product', seconds: 600, measures: ['orders', 'revenue', 'price', 'buyers']}],
  active: [{of: 'buyer', seconds: 300}],
})
