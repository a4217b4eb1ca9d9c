/** A stream with look-ups: keys of several types, and columns of every kind that may not be carried. */
import {
  bigint,
  bigserial,
  boolean,
  char,
  date,
  doublePrecision,
  integer,
  numeric,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import {lookup, stream} from '../contracts/stream.ts'

const products = pgTable('products', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  price: numeric('price', {precision: 12, scale: 2}),
  weight: doublePrecision('weight'),
  stock: bigint('stock', {mode: 'number'}),
  addedOn: date('added_on', {mode: 'string'}),
  changedAt: timestamp('changed_at', {withTimezone: true, mode: 'string'}),
})
const countries = pgTable('countries', {
  code: char('code', {length: 3}).primaryKey(),
  name: text('name').notNull(),
})
const clerks = pgTable('Clerks', {id: integer('id').primaryKey(), isHere: boolean('is_here')})

const ordersTable = pgTable('orders', {
  id: bigserial('id', {mode: 'number'}).primaryKey(),
  /** Whatever the shop wrote: a product's id when it is one. */
  product: text('product'),
  country: char('country', {length: 3}),
  clerk: text('clerk'),
  total: numeric('total', {precision: 10, scale: 2}),
  day: date('day', {mode: 'string'}),
})

export const ORDER_TABLES = `
CREATE TABLE products (id uuid PRIMARY KEY, name text NOT NULL, price numeric(12, 2), weight float8,
  stock bigint, added_on date, changed_at timestamptz, secret text);
CREATE TABLE countries (code char(3) PRIMARY KEY, name text NOT NULL);
CREATE TABLE "Clerks" (id integer PRIMARY KEY, is_here boolean);
CREATE TABLE orders (id bigserial PRIMARY KEY, product text, country char(3), clerk text,
  total numeric(10, 2), day date);`

export const orders = stream({
  name: 'orders',
  table: ordersTable,
  topic: 'orders',
  key: 'product',
  enrich: {
    of: lookup(products, 'product', ['name', 'price', 'weight', 'stock', 'added_on', 'changed_at']),
    to: lookup(countries, 'country', ['name']),
    by: lookup(clerks, 'clerk', ['is_here']),
  },
})
