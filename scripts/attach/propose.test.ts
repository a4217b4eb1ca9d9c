import fc from 'fast-check'
import {expect, test} from 'vitest'
import type {Stream} from '../../contracts/stream.ts'
import {loadDeclaration} from '../../test/declaration.ts'
import type {CatalogColumn, CatalogTable} from './catalog.ts'
import {propose, type Wishes} from './propose.ts'
import {constantOf, render} from './render.ts'

const column = (name: string, type: string, more: Partial<CatalogColumn> = {}): CatalogColumn => ({
  name,
  type,
  isEnum: false,
  isNested: false,
  element: null,
  notNull: true,
  precision: null,
  scale: null,
  distinct: null,
  ...more,
})

const ORDERS: CatalogTable = {
  schema: 'public',
  name: 'orders',
  columns: [
    column('id', 'bigint'),
    column('customer_id', 'uuid'),
    column('status', 'order_status', {isEnum: true}),
    column('channel', 'text', {notNull: false, distinct: 4}),
    column('note', 'text', {notNull: false, distinct: -0.9}),
    column('total', 'numeric', {precision: 12, scale: 2}),
    column('weight', 'double precision', {notNull: false}),
    column('tags', 'text[]', {
      notNull: false,
      isNested: true,
      element: column('', 'text'),
    }),
    column('raw', 'bytea'),
    column('updated_at', 'timestamp with time zone'),
    column('created_at', 'timestamp with time zone'),
  ],
  primaryKey: ['id'],
  uniqueColumns: ['id'],
  foreignKeys: ['customer_id'],
  hasRows: true,
}

/** What the written file declares, loaded as pipelines do. */
const load = async (table: CatalogTable, wishes?: Wishes): Promise<Stream> =>
  await loadDeclaration(render(propose(table, wishes)))

test('a table of orders: keyed by customer, timed by its making, split by what has few values', () => {
  expect(render(propose(ORDERS)))
    .toBe(`/** Rows of public.orders: a first proposal; what may be declared says docs/STREAMS.md. */
import {pgTable} from 'drizzle-orm/pg-core'
import {bytea} from '../contracts/columns.ts'
import {average, count, sum, uniques} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'

const table = pgTable('orders', t => ({
  id: t.bigint({mode: 'number'}).primaryKey(),
  customer_id: t.uuid().notNull(),
  status: t.text().notNull(),
  channel: t.text(),
  note: t.text(),
  total: t.numeric({precision: 12, scale: 2}).notNull(),
  weight: t.doublePrecision(),
  tags: t.text().array(),
  raw: bytea().notNull(),
  updated_at: t.timestamp({withTimezone: true, mode: 'string'}).notNull(),
  created_at: t.timestamp({withTimezone: true, mode: 'string'}).notNull(),
}))

export const orders = stream({
  name: 'orders',
  table,
  topic: 'orders',
  key: 'customer_id',
  time: 'created_at',
  fields: {created_at: 'row_created_at'},
  measures: {
    orders: count(),
    total_sum: sum('total'),
    total_avg: average('total'),
    weight_sum: sum('weight', {scale: 3}),
    weight_avg: average('weight', {scale: 3}),
    unique_customer_id: uniques('customer_id'),
  },
  rollups: [
    {by: 'customer_id', split: ['status', 'channel'], every: ['day', 'total']},
    {split: ['status', 'channel'], every: ['minute', 'hour', 'day', 'total'], measures: ['orders', 'total_sum', 'total_avg', 'weight_sum', 'weight_avg']},
  ],
  top: [{by: 'customer_id', seconds: 600, measures: ['orders']}],
})
`)
})

test('the file is a declaration: columns, kinds and names are those of the table', async () => {
  const stream = await load(ORDERS)
  expect(stream).toMatchObject({
    name: 'orders',
    table: 'public.orders',
    keyField: 'customer_id',
    idField: 'id',
    timeField: 'row_created_at',
  })
  expect(stream.columns.map(({field, kind, nullable}) => [field, kind, nullable])).toEqual([
    ['id', 'long', false],
    ['customer_id', 'uuid', false],
    ['status', 'text', false],
    ['channel', 'text', true],
    ['note', 'text', true],
    ['total', 'decimal', false],
    ['weight', 'double', true],
    ['tags', 'array', true],
    ['raw', 'bytes', false],
    ['updated_at', 'timestamp', false],
    ['row_created_at', 'timestamp', false],
  ])
})

test('who knows better says so: key, time and topic', async () => {
  const stream = await load(ORDERS, {key: 'id', time: 'updated_at', topic: 'shop-orders'})
  expect(stream).toMatchObject({keyField: 'id', timeField: 'updated_at', topic: 'shop-orders'})
  // Nothing is counted by what has one row each.
  expect(stream.rollups.map(({by}) => by)).toEqual([[]])
  expect(stream.top).toEqual([])
})

test.each<[string, Wishes, Partial<CatalogTable>, RegExp]>([
  [
    'a key that is no column',
    {key: 'who'},
    {},
    /^--key who is no column; there are id, customer_id, /,
  ],
  [
    'a key that cannot name',
    {key: 'tags'},
    {},
    /^--key tags is text\[\]: give a column of whole numbers/,
  ],
  ['a time that is none', {time: 'note'}, {}, /^--time note is no timestamp$/],
  [
    'a table without a primary key',
    {},
    {primaryKey: []},
    /^orders has no primary key: .*ADD PRIMARY KEY/,
  ],
  [
    'a key of several columns of which one cannot name a row',
    {},
    {primaryKey: ['customer_id', 'weight'], uniqueColumns: []},
    /^the primary key of orders has weight, which is double precision .*ADD COLUMN row_number bigint/,
  ],
])('%s is refused with what to do', (_, wishes, table, sentence) => {
  expect(() => propose({...ORDERS, ...table}, wishes)).toThrow(sentence)
})

test('where several columns are the primary key, one that is unique by itself is the id', async () => {
  const table = {...ORDERS, primaryKey: ['customer_id', 'id'], uniqueColumns: ['id']}
  expect((await load(table)).idColumns).toEqual(['id'])
})

test('where none is, all of them are the id, together', async () => {
  const table = {
    ...ORDERS,
    columns: [...ORDERS.columns, column('row_id', 'text', {notNull: false})],
    primaryKey: ['customer_id', 'created_at'],
    uniqueColumns: [],
  }
  const stream = await load(table)
  expect(stream).toMatchObject({
    idColumns: ['customer_id', 'created_at'],
    idField: 'row_id',
    keyField: 'customer_id',
  })
  // What has the name of the id is called otherwise.
  expect(stream.columns.filter(({field}) => field.includes('row_id'))).toMatchObject([
    {field: 'row_row_id', column: 'row_id'},
    {field: 'row_id', kind: 'text', parts: ['customer_id', 'created_at']},
  ])
})

test('words of the language and odd names are no names of constants', () => {
  expect(['class', 'order_items', '_x', '2026', '__'].map(name => constantOf({name}))).toEqual([
    'classStream',
    'orderItems',
    'x',
    'of2026Stream',
    'Stream',
  ])
})

const name = fc.oneof(
  fc.constantFrom(
    'created_at',
    'op',
    'before',
    'Id',
    'id',
    'order',
    "it's",
    '"',
    '\\',
    'a\nb',
    '9',
    ' ',
    'ü',
    '__proto__',
  ),
  fc.string({minLength: 1, maxLength: 12, unit: 'grapheme'}).filter(text => !text.includes('\0')),
)
const TYPES = [
  'bigint',
  'integer',
  'numeric',
  'text',
  'uuid',
  'boolean',
  'date',
  'bytea',
  'jsonb',
  'interval',
  'timestamp with time zone',
]

test('whatever a table and its columns are called, the file is a declaration of it', async () => {
  const tables = fc
    .record({
      schema: name,
      name,
      columns: fc.uniqueArray(
        fc.record({name, type: fc.constantFrom(...TYPES), notNull: fc.boolean()}),
        {
          selector: one => one.name,
          minLength: 1,
          maxLength: 8,
        },
      ),
      keys: fc.nat(7),
    })
    .map(({schema, name: table, columns, keys}): CatalogTable => ({
      schema,
      name: table,
      columns: [
        column('the id', 'bigint'),
        ...columns.filter(one => one.name !== 'the id').map(one => column(one.name, one.type, one)),
      ],
      primaryKey: ['the id'],
      uniqueColumns: ['the id'],
      foreignKeys: columns.length > keys ? [columns[keys]!.name] : [],
      hasRows: false,
    }))
  await fc.assert(
    fc.asyncProperty(tables, async table => {
      const stream = await load(table)
      expect(stream.table).toBe(`${table.schema}.${table.name}`)
      // Names that are numbers come first in an object.
      expect(stream.columns.map(one => one.column).toSorted()).toEqual(
        table.columns.map(one => one.name).toSorted(),
      )
    }),
    {numRuns: 60},
  )
})
