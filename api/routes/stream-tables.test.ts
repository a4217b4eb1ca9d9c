import {expect, test} from 'vitest'
import {toCsv} from '../csv.ts'
import {breakdownTable, eventsTable, figuresTable, seriesTable, topTable} from './stream-tables.ts'

const meta = {source: 'redis', newest_event_at: null, age_ms: 1, notes: []} as const
const META = {...meta, notes: []}
const PERIOD = {from: null, to: '2026-01-02T00:00:00.000000Z'}
const ROW = {stream: 'sales', by: 'shop', key: ['a']}

test('figures of one key are one row, with the key as JSON', () => {
  const metrics = {sales: 3, revenue: 1.5}
  expect(toCsv(figuresTable({...ROW, ...PERIOD, metrics, meta: META}))).toBe(
    'stream,by,key,sales,revenue\r\nsales,shop,"[""a""]",3,1.5\r\n',
  )
})

test('a series has a row a bucket', () => {
  const buckets = [{start: 's', end: 'e', metrics: {sales: 0}}]
  const series = {...ROW, granularity: 'day', timezone: 'UTC', buckets, meta: META} as const
  expect(toCsv(seriesTable({...series, buckets}))).toBe('start,end,sales\r\ns,e,0\r\n')
})

test('a breakdown without values, a top list without keys and a list without events keep their header', () => {
  const breakdown = {...ROW, ...PERIOD, dimension: 'status', items: [], meta: META}
  expect(toCsv(breakdownTable(breakdown, ['sales']))).toBe('status,sales\r\n')
  const top = {stream: 'sales', by: 'shop', metric: 'sales', ...PERIOD, items: [], meta: META}
  expect(toCsv(topTable(top))).toBe('rank,key,sales\r\n')
  expect(toCsv(eventsTable({items: []}, ['id', 'total']))).toBe('id,total\r\n')
})

test('a top list has a column for each figure that is told beside what is compared', () => {
  const items = [{rank: 1, key: ['a'], value: 2, metrics: {sales: 2, rank: 9, revenue: null}}]
  const top = {stream: 'sales', by: 'x', metric: 'sales', ...PERIOD, items, meta: META}
  expect(toCsv(topTable(top, ['sales', 'revenue']))).toBe('rank,key,sales,revenue\r\n1,a,2,\r\n')
})

test('a key of one column is a cell, one of several is JSON', () => {
  const items = [
    {rank: 1, key: ['a'], value: 2},
    {rank: 2, key: ['a', null], value: 1},
  ]
  const top = {stream: 'sales', by: 'x', metric: 'sales', ...PERIOD, items, meta: META}
  expect(toCsv(topTable(top))).toBe('rank,key,sales\r\n1,a,2\r\n2,"[""a"",null]",1\r\n')
})
