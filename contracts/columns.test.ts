import avsc from 'avsc'
import {bigint, customType, date, integer, numeric, pgTable, text} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {loadStreams} from '../streams/load.ts'
import {columnsOf, toAvroSchema} from './columns.ts'

const streams = await loadStreams('streams/sample')

test.each(streams)(
  'the schema of $name is valid Avro with the columns first and before last',
  stream => {
    const type = avsc.Type.forSchema(stream.schema as unknown as avsc.Schema)
    expect(type.typeName).toBe('record')
    const names = stream.schema.fields.map(field => field.name)
    expect(names.slice(0, stream.columns.length)).toEqual(stream.columns.map(c => c.field))
    expect(names.slice(stream.columns.length)).toEqual([
      'op',
      'outbox_id',
      'created_at',
      'lanes',
      'lane',
      'epoch',
      'redelivered',
      'before',
    ])
  },
)

test.each(streams)('every stream names key and id among its columns: $name', stream => {
  const columns = stream.columns.map(c => c.column)
  expect(columns).toContain(stream.keyColumn)
  expect(columns).toContain(stream.idColumn)
})

test('columns come from the table: names, kinds, digits, and what may be null', () => {
  const sales = pgTable('sales', {
    id: bigint('id', {mode: 'number'}).primaryKey(),
    total: numeric('total', {precision: 10, scale: 2}),
    share: numeric('share').notNull(),
    day: date('day', {mode: 'string'}).notNull(),
  })
  expect(columnsOf(sales, {id: 'sale_id'})).toEqual([
    {field: 'sale_id', column: 'id', kind: 'long', nullable: false},
    {field: 'total', column: 'total', kind: 'decimal', nullable: true, precision: 10, scale: 2},
    {field: 'share', column: 'share', kind: 'text', nullable: false},
    {field: 'day', column: 'day', kind: 'date', nullable: false},
  ])
})

test('a column whose type cannot be carried is named', () => {
  const point = customType<{data: string}>({dataType: () => 'point'})
  const places = pgTable('places', {id: integer('id').primaryKey(), at: point('at')})
  expect(() => columnsOf(places)).toThrow(/^places\.at is point, which cannot be carried/)
})

test('looked-up columns travel as a record that may be null, and so may each of them', () => {
  const shops = pgTable('shops', {id: integer('id').primaryKey(), city: text('city').notNull()})
  const schema = toAvroSchema('sale', [], {
    shop: {columns: columnsOf(shops).filter(({column}) => column === 'city')},
  })
  expect(schema.fields.find(({name}) => name === 'shop')).toEqual({
    name: 'shop',
    type: [
      'null',
      {
        type: 'record',
        name: 'sale_shop',
        fields: [{name: 'city', type: ['null', 'string'], default: null}],
      },
    ],
    default: null,
  })
})
