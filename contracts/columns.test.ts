import avsc from 'avsc'
import {
  bigint,
  customType,
  date,
  inet,
  integer,
  interval,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  point,
  real,
  smallserial,
  text,
  time,
} from 'drizzle-orm/pg-core'
import {expect, expectTypeOf, test} from 'vitest'
import {loadStreams} from '../streams/load.ts'
import {bytea, columnsOf, toAvroSchema, type RowOfTable} from './columns.ts'

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
  expect(columns).toEqual(expect.arrayContaining([...stream.idColumns]))
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

const mood = pgEnum('date', ['sad', 'happy'])
const ofAll = pgTable('of_all', {
  id: smallserial('id').primaryKey(),
  real: real('real').notNull(),
  at: time('at').notNull(),
  took: interval('took').notNull(),
  raw: bytea('raw').notNull(),
  mood: mood('mood').notNull(),
  moods: mood('moods').array().notNull(),
  tags: text('tags').array().notNull(),
  costs: numeric('costs', {precision: 38, scale: 2}).array().notNull(),
  grid: integer('grid').array().array().notNull(),
  docs: jsonb('docs').array().notNull(),
  ip: inet('ip').notNull(),
  place: point('place').notNull(),
  zoned: time('zoned', {withTimezone: true}).notNull(),
  own: customType<{data: number}>({dataType: () => 'numeric(12, 2)'})('own').notNull(),
  unknown: customType<{data: string}>({dataType: () => 'shop.state'})('unknown').notNull(),
})

test('every type travels: as its kind, a list of a kind, or the text that PostgreSQL prints', () => {
  const kinds = columnsOf(ofAll).map(({field, kind, element}) => [field, element?.kind ?? kind])
  expect(Object.fromEntries(kinds)).toEqual({
    id: 'int',
    real: 'double',
    at: 'time',
    took: 'interval',
    raw: 'bytes',
    mood: 'text',
    moods: 'text',
    tags: 'text',
    costs: 'decimal',
    grid: 'json',
    docs: 'json',
    ip: 'text',
    place: 'text',
    zoned: 'text',
    own: 'decimal',
    unknown: 'text',
  })
})

test('a list is an array in Avro, of values that may be null', () => {
  const {fields} = toAvroSchema('all', columnsOf(ofAll))
  const typeOf = (wanted: string): unknown => fields.find(({name}) => name === wanted)?.type
  expect(typeOf('tags')).toEqual({type: 'array', items: ['null', 'string']})
  expect(typeOf('costs')).toEqual({
    type: 'array',
    items: ['null', {type: 'bytes', logicalType: 'decimal', precision: 38, scale: 2}],
  })
  expect(typeOf('raw')).toBe('bytes')
  expect(typeOf('at')).toEqual({type: 'long', logicalType: 'time-micros'})
})

test('the type of a decoded row says what each column holds', () => {
  type Row = RowOfTable<typeof ofAll>
  expectTypeOf<Pick<Row, 'real' | 'at' | 'took' | 'mood' | 'ip' | 'place'>>().toEqualTypeOf<{
    readonly real: number
    readonly at: number | string
    readonly took: string
    readonly mood: 'sad' | 'happy'
    readonly ip: string
    readonly place: string
  }>()
  expectTypeOf<Row['costs']>().toEqualTypeOf<string | readonly (string | null)[]>()
  expectTypeOf<Row['tags']>().toEqualTypeOf<string | readonly (string | null)[]>()
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
