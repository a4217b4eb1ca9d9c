import fc from 'fast-check'
import {expect, test} from 'vitest'
import {compileSchema} from '../platform/avro-codec.ts'
import {toAvroSchema, type AvroRecord, type Column} from './columns.ts'
import {breaksOf} from './evolution.ts'

const column = (field: string, more: Partial<Column> = {}): Column => ({
  field,
  column: field,
  kind: 'int',
  nullable: false,
  ...more,
})
const schemaOf = (...columns: readonly Column[]): AvroRecord => toAvroSchema('t', columns)
const breaks = (before: Partial<Column>, after: Partial<Column>): readonly string[] =>
  breaksOf(schemaOf(column('a', before)), schemaOf(column('a', after)))

test('a column that may be null comes, and one goes: records that are there are read as before', () => {
  const before = schemaOf(column('id'), column('gone'))
  expect(breaksOf(before, schemaOf(column('id'), column('new', {nullable: true})))).toEqual([])
})

test.each<[string, Partial<Column>, Partial<Column>, readonly string[]]>([
  [
    'more digits before the point',
    {kind: 'decimal', precision: 5, scale: 2},
    {kind: 'decimal', precision: 6, scale: 2},
    [],
  ],
  ['a wider number', {kind: 'int'}, {kind: 'long'}, []],
  ['null is allowed', {}, {nullable: true}, []],
  [
    'null is not allowed any more',
    {nullable: true},
    {},
    ['a may be null in records that are there, and would not'],
  ],
  ['a text', {kind: 'int'}, {kind: 'text'}, ['a was int and would be string']],
  ['a date where a number was', {kind: 'int'}, {kind: 'date'}, ['a was int and would be date']],
  [
    'fewer digits behind the point',
    {kind: 'decimal', precision: 5, scale: 2},
    {kind: 'decimal', precision: 5, scale: 1},
    ['a was numeric(5,2) and would be numeric(5,1)'],
  ],
  [
    'fewer digits before it',
    {kind: 'decimal', precision: 5, scale: 2},
    {kind: 'decimal', precision: 5, scale: 3},
    ['a was numeric(5,2) and would be numeric(5,3)'],
  ],
])('%s', (_, before, after, found) => {
  expect(breaks(before, after)).toEqual(found)
})

test('a column that may not be null is nothing that records before it have', () => {
  expect(breaksOf(schemaOf(column('id')), schemaOf(column('id'), column('new')))).toEqual([
    'new may not be null, and records that are there have none',
  ])
})

test('columns that are looked up are compared, too', () => {
  const withLookup = (kind: Column['kind']): AvroRecord =>
    toAvroSchema('t', [column('id')], {customer: {columns: [column('age', {kind})]}})
  expect(breaksOf(withLookup('int'), withLookup('text'))).toEqual([
    'customer.age was int and would be string',
  ])
})

test('what is not told to break is read by the library that we read with', () => {
  const kind = fc.constantFrom<Column['kind']>(
    'long',
    'int',
    'double',
    'boolean',
    'text',
    'uuid',
    'timestamp',
    'date',
    'json',
  )
  const drawn = fc.record({kind, nullable: fc.boolean()})
  fc.assert(
    fc.property(drawn, drawn, (before, after) => {
      const [from, to] = [before, after].map(one => schemaOf(column('a', one)))
      if (breaksOf(from!, to!).length > 0) return
      const [writer, reader] = [compileSchema(from!), compileSchema(to!)]
      expect(reader.createResolver(writer)).toBeInstanceOf(Object)
    }),
  )
})
