/**
 * Orders, line by line: what is sold, for how much, where, and to whom. Band of age and country are those of the customer
 * when the line was published: a user who registers later is not known to it.
 */
import {count, max, min, quantiles, ratio, sum, uniques} from '../contracts/measures.ts'
import {lookup, stream} from '../contracts/stream.ts'
import {orderLines, users} from '../db/shop-tables.ts'

/** Of whatever is sold. A basket is an order: its lines are told together by `order_id`. */
const SALES = [
  'lines',
  'units',
  'revenue',
  'baskets',
  'customers',
  'basket_value',
  'basket_units',
  'unit_price',
] as const

export const orders = stream({
  name: 'orders',
  table: orderLines,
  topic: 'orders',
  key: 'user_id',
  time: 'ordered_at',
  enrich: {customer: lookup(users, 'user_id', ['age_band', 'country'])},
  // Baskets of a product are counted again from the lines of their hour when one of these is corrected.
  filed: 'hour',
  measures: {
    lines: count(),
    units: sum('quantity'),
    revenue: sum('amount'),
    baskets: uniques('order_id'),
    customers: uniques('user_id'),
    basket_value: ratio('revenue', 'baskets'),
    basket_units: ratio('units', 'baskets'),
    customer_value: ratio('revenue', 'customers'),
    unit_price: ratio('revenue', 'units'),
    prices: quantiles('price', {as: 'price'}),
    first_ordered_at: min('ordered_at'),
    last_ordered_at: max('ordered_at'),
  },
  rollups: [
    {
      split: ['category', 'customer.age_band'],
      every: ['minute', 'hour', 'day', 'total'],
      measures: [...SALES, 'customer_value', 'first_ordered_at', 'last_ordered_at'],
    },
    {
      by: 'user_id',
      split: ['category'],
      every: ['day', 'total'],
      measures: [
        'lines',
        'units',
        'revenue',
        'baskets',
        'basket_value',
        'basket_units',
        'unit_price',
        'first_ordered_at',
        'last_ordered_at',
      ],
    },
    {by: 'product', every: ['hour', 'day', 'total'], measures: [...SALES, 'prices']},
    {
      by: 'category',
      split: ['customer.age_band'],
      every: ['hour', 'day', 'total'],
      measures: [...SALES, 'prices'],
    },
    {by: 'place', split: ['category'], every: ['hour', 'day', 'total'], measures: SALES},
    {
      by: 'customer.country',
      split: ['customer.age_band'],
      every: ['day', 'total'],
      measures: SALES,
    },
  ],
  top: [
    {by: 'product', seconds: 600, measures: ['revenue', 'units', 'lines', 'baskets']},
    {by: 'category', seconds: 600, measures: ['revenue', 'units', 'lines', 'baskets']},
  ],
  active: [{of: 'user_id', seconds: 300}],
})
