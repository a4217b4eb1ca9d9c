import {
  bigint,
  integer,
  pgTable,
  text,
  timestamp,
  type PgColumnBuilderBase,
} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {count, sum, type Measure} from '../contracts/measures.ts'
import {stream, type Quotient, type Rollup, type Stream} from '../contracts/stream.ts'
import {catalogEntry} from './generations.ts'
import {columnsToAdd} from './in-place.ts'

const own = {
  id: bigint('id', {mode: 'number'}).primaryKey(),
  shop: text('shop').notNull(),
  at: timestamp('at', {mode: 'string'}),
}
const total = integer('total')
const note = text('note')
const places = integer('places')
const later = timestamp('later', {mode: 'string'})
type Columns = Readonly<Record<string, PgColumnBuilderBase>>

interface More {
  readonly measures?: Readonly<Record<string, Measure>>
  readonly rollups?: readonly Rollup[]
  readonly derived?: Readonly<Record<string, Quotient>>
}
const EVERY = {every: ['day', 'total']} as const

const declare = (columns: Columns, {measures, ...more}: More = {}): Stream =>
  stream({
    name: 'orders',
    table: pgTable('orders', columns),
    topic: 'orders',
    key: 'shop',
    measures: {orders: count(), ...measures},
    rollups: [EVERY],
    ...more,
  })

const known = catalogEntry(declare({...own, total}), 'complete')
const THERE = ['shop text', 'at timestamp', 'total int', 'meta blob', 'id bigint']
const add = (columns: Columns, more?: More, there = THERE) =>
  columnsToAdd(declare(columns, more), known, there)

test('columns that nothing counts are added where they are, by their types', () => {
  expect(add({...own, total, note, places})).toEqual(['note text', 'places int'])
  // Wherever the declaration names them.
  expect(add({...own, note, total})).toEqual(['note text'])
})

test('a column that nothing counts may go, and come again as what it was', () => {
  expect(add(own)).toEqual([])
  const without = catalogEntry(declare(own), 'complete')
  expect(columnsToAdd(declare({...own, total}), without, THERE)).toEqual([])
  expect(columnsToAdd(declare({...own, total: text('total')}), without, THERE)).toBe(null)
})

test('whoever was interrupted goes on', () => {
  expect(add({...own, total, note, places}, {}, [...THERE, 'note text'])).toEqual(['places int'])
})

test('what is counted by them, or shown beside them, needs a rebuild', () => {
  expect(add({...own, total, places}, {measures: {places: sum('places')}})).toBe(null)
  expect(add({...own, total, note}, {rollups: [EVERY, {by: 'note', every: ['day']}]})).toBe(null)
  expect(add({...own, total, note}, {rollups: [{...EVERY, split: ['note']}]})).toBe(null)
})

test('another type, or another measure, is another declaration', () => {
  expect(add({...own, total: text('total'), note})).toBe(null)
  expect(add({...own, total, note}, {measures: {revenue: sum('total')}})).toBe(null)
})

test('a time is added behind the others, whose microseconds lie in their order, and none goes', () => {
  expect(add({...own, total, later})).toEqual(['later timestamp'])
  expect(add({later, ...own, total})).toBe(null)
  const {at, ...others} = own
  expect(add({...others, total, later})).toBe(null)
  expect(at).toBeDefined()
})

test('a keyspace that does not say which columns it has is left as it is', () => {
  const {columns, ...older} = known
  expect(columns).toEqual(['shop text', 'at timestamp', 'total int'])
  expect(columnsToAdd(declare({...own, total, note}), older, THERE)).toBe(null)
})
