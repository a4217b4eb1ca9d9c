/**
 * Tables of a shop, as drizzle sees them: its users, and the lines of their orders. `drizzle-kit generate` writes a
 * migration of shop/ from a change of this file.
 */
import {sql} from 'drizzle-orm'
import {bigint, check, index, integer, numeric, pgTable, text, uuid} from 'drizzle-orm/pg-core'
import {moment} from './tables.ts'

const AGE_BAND = sql.raw(`CASE
    WHEN "age" < 18 THEN 'under 18'
    WHEN "age" < 25 THEN '18-24'
    WHEN "age" < 35 THEN '25-34'
    WHEN "age" < 45 THEN '35-44'
    WHEN "age" < 55 THEN '45-54'
    WHEN "age" < 65 THEN '55-64'
    WHEN "age" >= 65 THEN '65+' END`)

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    name: text('name'),
    email: text('email'),
    gender: text('gender'),
    age: integer('age'),
    ageBand: text('age_band').generatedAlwaysAs(AGE_BAND),
    country: text('country'),
    city: text('city'),
    registeredAt: moment('registered_at').notNull(),
  },
  table => [index('users_registered_at').on(table.registeredAt)],
)

/** A user may come after their orders, and never: nothing refers. */
export const orderLines = pgTable(
  'order_lines',
  {
    id: bigint('id', {mode: 'number'}).primaryKey().generatedByDefaultAsIdentity(),
    orderId: uuid('order_id').notNull(),
    userId: uuid('user_id'),
    product: text('product').notNull(),
    category: text('category').notNull(),
    price: numeric('price', {precision: 12, scale: 2}).notNull(),
    quantity: integer('quantity').notNull(),
    amount: numeric('amount', {precision: 14, scale: 2})
      .notNull()
      .generatedAlwaysAs(sql.raw('"price" * "quantity"')),
    place: text('place'),
    orderedAt: moment('ordered_at').notNull(),
  },
  table => [
    check('order_lines_price_check', sql`${table.price} >= 0`),
    check('order_lines_quantity_check', sql`${table.quantity} > 0`),
    index('order_lines_ordered_at').on(table.orderedAt),
    index('order_lines_user_id').on(table.userId),
  ],
)
