import {
  bigint,
  boolean,
  char,
  date,
  doublePrecision,
  inet,
  integer,
  json,
  numeric,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {bytea} from './columns.ts'
import {count, latest, PRESENT, sum, uniques} from './measures.ts'
import {jsonPath, lookup, stream, type Declaration} from './stream.ts'
import {activityEvents} from '../db/tables.ts'

const users = pgTable('users', {id: uuid('id').primaryKey(), country: text('country')})
const orders = pgTable('orders', {
  id: uuid('id').primaryKey(),
  customer: uuid('customer'),
  status: text('status'),
  total: numeric('total', {precision: 10, scale: 2}),
  units: integer('units'),
  at: timestamp('at'),
  day: date('day'),
})

type Orders = Declaration<typeof orders, Readonly<Record<string, string>>>

const declare = (more: Partial<Orders>) =>
  stream({name: 'orders', table: orders, topic: 'orders', key: 'customer', ...more})

test('names, types and nullability come from the table, and the rest has a usual value', () => {
  const declared = declare({time: 'at', measures: {orders: count()}, rollups: [{every: ['day']}]})
  expect(declared).toMatchObject({
    table: 'public.orders',
    keyField: 'customer',
    idField: 'id',
    timeField: 'at',
    rawTable: 'orders',
    aheadHoursMax: 24,
    keepDays: null,
    rollups: [{name: 'all', by: []}],
  })
  expect(declared.columns.find(({field}) => field === 'total')).toMatchObject({
    kind: 'decimal',
    precision: 10,
    scale: 2,
    nullable: true,
  })
})

test.each<[string, Partial<Orders>, RegExp]>([
  ['a name that no address has', {name: 'Orders'}, /stream Orders needs another name/],
  [
    'a table that Cassandra would not take',
    {rawTable: 'Order'},
    /Order needs another name, for Cassandra/,
  ],
  ['a key that is no column', {key: 'buyer'}, /key buyer is no column; there are id, customer/],
  [
    'a measure of nothing',
    {measures: {a: sum('price')}},
    /measure a of price is not in its record/,
  ],
  [
    'a condition on another type',
    {measures: {a: count({where: {units: '5'}})}},
    /wants units = "5": units is int, give a number/,
  ],
  [
    'a condition that no split value can meet',
    {measures: {a: count({where: {status: 'x'.repeat(65)}})}},
    /give a string of at most 64 characters/,
  ],
  ['a path into no JSON', {paths: {page: jsonPath('status', ['page'])}}, /needs a JSON column/],
  ['a time that is none', {time: 'day'}, /time day is date: give a timestamp, or leave time out/],
  [
    'a list that is not by the key',
    {special: [{kind: 'recent', by: 'status', show: []}]},
    /recent by status needs another key: lists are by the key, customer/,
  ],
  [
    'two names that are one to stores',
    {enrich: {buyer: lookup(users, 'customer', ['country'])}, fields: {status: 'buyer_country'}},
    /buyer_country and buyer\.country would both be stored as buyer_country/,
  ],
  [
    'a derived figure that is named as a column',
    {derived: {units: {divide: 'units', by: 2}}},
    /units and units would both be stored as units: choose another name/,
  ],
  ['an empty path', {paths: {page: jsonPath('status', [])}}, /path page is empty/],
  [
    'a look-up by what is no column',
    {enrich: {buyer: lookup(users, 'buyer_id', ['country'])}},
    /look-up buyer by buyer_id needs a column/,
  ],
  [
    'a look-up named as a column',
    {enrich: {status: lookup(users, 'customer', ['country'])}},
    /status is there twice/,
  ],
  ['a rollup by nothing', {rollups: [{by: 'shop', every: ['day']}]}, /rollup shop by shop/],
  [
    'two rollups of one name',
    {
      rollups: [
        {by: 'status', every: ['day']},
        {by: 'status', every: ['total']},
      ],
    },
    /two rollups are named status/,
  ],
  ['a longest text of nothing', {textMax: {nmae: 5}}, /the longest text of nmae/],
  ['a scale that is no number of digits', {measures: {a: sum('units', {scale: -1})}}, /scale -1/],
  [
    'a rollup with an unknown measure',
    {measures: {a: count()}, rollups: [{every: ['day'], measures: ['constructor']}]},
    /constructor is no measure; there are a/,
  ],
])('%s is refused in a sentence', (_what, more, sentence) => {
  expect(() => declare(more)).toThrow(sentence)
})

const tagged = pgTable('tagged', {
  id: integer('id').primaryKey(),
  tags: text('tags').array(),
  raw: bytea('raw'),
})
type Tagged = Declaration<typeof tagged, Readonly<Record<string, string>>>

test.each<[string, Partial<Tagged>]>([
  ['measure a of tags is array', {measures: {a: uniques('tags')}}],
  ['measure a of raw is bytes', {measures: {a: latest('raw')}}],
  ['rollup tags by tags is array', {rollups: [{by: 'tags', every: ['day']}]}],
  ['rollup all by raw is bytes', {rollups: [{split: ['raw'], every: ['day']}]}],
  ['condition of measure a on tags is array', {measures: {a: count({where: {tags: 'x'}})}}],
  [
    'top by raw is bytes',
    {measures: {a: count()}, top: [{by: 'raw', seconds: 60, measures: ['a']}]},
  ],
  ['active of tags is array', {active: [{of: 'tags', seconds: 60}]}],
  ['longest text of tags is array', {textMax: {tags: 5}}],
  ['look-up who by tags is array', {enrich: {who: lookup(users, 'tags', ['country'])}}],
])('what is no single value is nothing to count by: %s', (sentence, more) => {
  const declareTagged = () => stream({name: 't', table: tagged, topic: 't', key: 'id', ...more})
  expect(declareTagged).toThrow(`${sentence}, nothing to count by: give a column of single values`)
})

test('whether there is a list can be counted', () => {
  const measures = {tagged: count({where: {tags: PRESENT}})}
  expect(() => stream({name: 't', table: tagged, topic: 't', key: 'id', measures})).not.toThrow()
})

test('a condition may be met by one value, several, or any but null', () => {
  const where = {status: ['paid', 'sent'], units: 5, customer: PRESENT}
  expect(() => declare({measures: {a: count({where})}})).not.toThrow()
})

test('a table without a key of one column needs to be told its id', () => {
  const table = pgTable('pairs', {a: text('a'), b: text('b')})
  expect(() => stream({name: 'p', table, topic: 'p', key: 'a'})).toThrow(/needs an id/)
  expect(stream({name: 'p', table, topic: 'p', key: 'a', id: 'b'}).idField).toBe('b')
})

test('an id is what the key of a row keeps exactly', () => {
  const table = pgTable('odd', {
    long: bigint('long', {mode: 'number'}),
    int: integer('int'),
    text: text('text'),
    uuid: uuid('uuid'),
    decimal: numeric('decimal', {precision: 9, scale: 0}),
    at: timestamp('at'),
    day: date('day'),
    yes: boolean('yes'),
    doc: json('doc'),
    real: doublePrecision('real'),
  })
  const kindOf = (id: string): unknown => {
    const {columns} = stream({name: 'odd', table, topic: 'odd', key: 'text', id})
    return columns.find(({field}) => field === id)?.kind
  }
  for (const id of ['long', 'int', 'decimal', 'text', 'uuid']) expect(kindOf(id)).toBe(id)
  for (const id of ['at', 'day', 'yes', 'doc', 'real']) {
    expect(() => kindOf(id)).toThrow(/: give a whole number, a decimal, a text or a uuid/)
  }
})

test('a column whose name is no name of a field is given one', () => {
  const table = pgTable('odd', {id: text('id').primaryKey(), odd: text('odd one')})
  const base = {name: 'odd', table, topic: 'odd-topic', key: 'id'} as const
  expect(() => stream(base)).toThrow(/odd one cannot be the name of a field/)
  const {schema} = stream({...base, fields: {'odd one': 'odd_one'}})
  expect(schema.name).toBe('odd_topic')
})

test('activity of ours has the names that people know', () => {
  const table = activityEvents
  const {idField} = stream({
    name: 'a',
    table,
    topic: 'a',
    key: 'user_id',
    fields: {id: 'event_id'},
  })
  expect(idField).toBe('event_id')
})

test('what is kept for a while has a time, and totals that need no single events', () => {
  const table = pgTable('visits', {
    id: integer('id').primaryKey(),
    shop: text('shop'),
    at: timestamp('at').notNull(),
    left: timestamp('left'),
  })
  const keep = (more: object) =>
    stream({name: 'visits', table, topic: 'visits', key: 'shop', time: 'at', keepDays: 30, ...more})
  expect(keep({}).keepDays).toBe(30)
  for (const keepDays of [0, 1.5, 7001]) {
    expect(() => keep({keepDays})).toThrow(`keepDays is ${keepDays}: give a whole number`)
  }
  expect(() => keep({time: undefined})).toThrow(/keepDays needs a time/)
  expect(() => keep({time: 'left'})).toThrow(/name a column that is NOT NULL/)
  expect(() => keep({aheadHoursMax: null})).toThrow(/keepDays needs aheadHoursMax/)
  const measures = {visits: count(), shops: uniques('shop'), last: latest('shop')}
  const totals = (names: readonly string[]) => [{every: ['total'], measures: names}]
  expect(() => keep({measures, rollups: totals(['visits'])})).not.toThrow()
  expect(() => keep({measures, rollups: totals(['visits', 'shops'])})).toThrow(
    /rollup all needs days: shops of its total/,
  )
  expect(() => keep({measures, rollups: totals(['last'])})).toThrow(/last of its total/)
})

test('a column whose name the stores have for their own is given another one', () => {
  for (const name of ['written', 'deleted', 'run', 'block', 'takeover']) {
    const table = pgTable('odd', {id: integer('id').primaryKey(), own: integer(name)})
    const base = {name: 'odd', table, topic: 'odd', key: 'id'} as const
    expect(() => stream(base)).toThrow(`column ${name} needs another name, in fields`)
    expect(() => stream({...base, fields: {[name]: 'other'}})).not.toThrow()
  }
})

test.each(['userId', '_user', 'order'])(
  'a column called %s is given a name that stores take',
  name => {
    const table = pgTable('odd', {id: integer('id').primaryKey(), own: integer(name)})
    const base = {name: 'odd', table, topic: 'odd', key: 'id'} as const
    expect(() => stream(base)).toThrow(
      /column \w+ needs (another name|a name in lower case that begins with a letter), in fields/,
    )
    expect(() => stream({...base, fields: {[name]: 'user_id'}})).not.toThrow()
  },
)

test('a key whose text in PostgreSQL is not that of its records is refused', () => {
  const table = pgTable('odd', {
    id: integer('id').primaryKey(),
    day: date('day'),
    code: char('code', {length: 5}),
    ip: inet('ip'),
    tags: text('tags').array(),
  })
  const base = {name: 'odd', table, topic: 'odd'} as const
  expect(() => stream({...base, key: 'day'})).toThrow(/key day is date/)
  expect(() => stream({...base, key: 'code'})).toThrow(/key code is char\(n\)/)
  expect(() => stream({...base, key: 'ip'})).toThrow(/key ip is inet, whose texts have a netmask/)
  expect(() => stream({...base, key: 'tags'})).toThrow(/key tags is array: give a whole number/)
  expect(() => stream({...base, key: 'id'})).not.toThrow()
})
