import {integer, pgTable, text, timestamp} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {count} from '../contracts/measures.ts'
import {stream, type Declaration, type Stream} from '../contracts/stream.ts'
import {loadStreams} from '../streams/load.ts'
import {model} from '../test/model-stream.ts'
import {sales} from '../test/streams/sales.ts'
import {checkApart, nameOfTable, tablesFor} from './schema.ts'

function declare(name: string, more: Partial<Declaration<ReturnType<typeof tableOf>, {}>>): Stream {
  return stream({
    name,
    topic: name,
    table: tableOf(name),
    key: 'user_id',
    time: 'at',
    measures: {events: count()},
    ...more,
  })
}

const tableOf = (name: string) =>
  pgTable(name, {
    id: integer('id').primaryKey(),
    user_id: text('user_id'),
    by_user_id: text('by_user_id'),
    at: timestamp('at'),
  })

const every = ['total'] as const

test('what our streams count lies in tables of its own', async () => {
  const streams = [...(await loadStreams('streams/sample')), sales, model]
  const names = tablesFor(streams).map(nameOfTable)
  expect(new Set(names).size).toBe(names.length)
})

const top = (seconds: number) => ({by: 'user_id', seconds, measures: ['events']})
const recent = {kind: 'recent', by: 'user_id', show: []} as const

test.each<[string, readonly Stream[], string]>([
  [
    'two windows of one column',
    [declare('a', {top: [top(600), top(3600)]})],
    'stream a: table a_top_user_id is taken by stream a: each projection needs its own',
  ],
  [
    'two lists by one column',
    [declare('a', {special: [recent]}), declare('b', {special: [recent]})],
    'stream b: table user_recent is taken by stream a',
  ],
  [
    'two rollups of one table',
    [
      declare('a', {rollups: [{every, table: 'users'}]}),
      declare('b', {rollups: [{every, table: 'users'}]}),
    ],
    'stream b: table users is taken by stream a',
  ],
  [
    'two rollups of one id, in tables of their own',
    [
      declare('a', {rollups: [{by: 'by_user_id', every, table: 'one'}]}),
      declare('a_by', {rollups: [{by: 'user_id', every, table: 'two'}]}),
    ],
    'stream a_by: id a_by_by_user_id is taken by stream a',
  ],
  [
    'two hashes of one name',
    [
      declare('a', {rollups: [{every, hash: 'counts'}]}),
      declare('b', {rollups: [{every, hash: 'counts'}]}),
    ],
    'stream b: hash counts is taken by stream a',
  ],
  [
    'a table of the engine',
    [declare('a', {rollups: [{every, table: 'parts'}]})],
    'stream a: table parts is taken by the engine',
  ],
])('%s are refused in a sentence', (_what, streams, sentence) => {
  expect(() => checkApart(streams)).toThrow(sentence)
  expect(() => tablesFor(streams)).toThrow(sentence)
})

test('a measure that names another value of a split makes another layout: places have numbers', () => {
  const layoutOf = (value: string): string | undefined => {
    const named = declare('visits', {
      measures: {events: count(), some: count({where: {by_user_id: value}})},
      rollups: [{by: 'user_id', split: ['by_user_id'], every, measures: ['events', 'some']}],
    })
    return tablesFor([named]).find(table => nameOfTable(table) === 'visits_by_user_id')?.layout
  }
  expect(layoutOf('a')).toBe(layoutOf('a'))
  expect(layoutOf('a')).not.toBe(layoutOf('b'))
})
