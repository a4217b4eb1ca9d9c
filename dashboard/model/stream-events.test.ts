import {expect, test} from 'vitest'
import {columnsOf, formatValue, idOf, listedColumns, toCell} from './stream-events.ts'

const events = [
  {id: 2, at: '2026-01-31T12:00:00Z', user: 'u', '"; DROP': 1, amount: '12.50', more: {a: [1]}},
  {id: 1, at: null, user: 'u', '"; DROP': null, amount: null, more: null, late: true},
]

test('a list shows its first columns, whatever they hold and are called', () => {
  expect(listedColumns(events, {shown: ['id', 'at', 'user', null], most: 2})).toEqual([
    '"; DROP',
    'amount',
  ])
  expect(columnsOf(events)).toEqual(['id', 'at', 'user', '"; DROP', 'amount', 'more', 'late'])
  expect(listedColumns([], {shown: [], most: 4})).toEqual([])
})

test('a value is printed as it is written, and null as a dash', () => {
  const values = [null, undefined, '', '0012.50', 0, false, {a: [1]}, []]
  expect(values.map(formatValue)).toEqual([
    '–',
    '–',
    '“”',
    '0012.50',
    '0',
    'false',
    '{"a":[1]}',
    '[]',
  ])
  expect([null, '0012.50', 0, true, {a: 1}].map(toCell)).toEqual([
    null,
    '0012.50',
    0,
    true,
    '{"a":1}',
  ])
})

test('an event is called by its id as text', () => {
  expect([7, 'a/b', null].map(id => idOf({id}, 'id'))).toEqual(['7', 'a/b', 'null'])
})
