import {expect, test} from 'vitest'
import {carriedOf, whyNoKey} from './sql-types.ts'

test.each([
  ['smallint', {kind: 'int'}],
  ['BIGINT', {kind: 'long'}],
  ['real', {kind: 'double'}],
  ['double precision', {kind: 'double'}],
  ['numeric(38, 10)', {kind: 'decimal', precision: 38, scale: 10}],
  ['numeric(5)', {kind: 'decimal', precision: 5, scale: 0}],
  ['decimal( 3,5 )', {kind: 'decimal', precision: 5, scale: 5}],
  ['numeric(5, -2)', {kind: 'text'}],
  ['numeric', {kind: 'text'}],
  ['timestamp (3) with time zone', {kind: 'timestamp'}],
  ['timestamp', {kind: 'timestamp'}],
  ['time(3)', {kind: 'time'}],
  ['time(3) with time zone', {kind: 'text'}],
  ['timetz', {kind: 'text'}],
  ['interval day to second(3)', {kind: 'interval'}],
  ['bytea', {kind: 'bytes'}],
  ['varchar(10)', {kind: 'text'}],
  ['citext', {kind: 'text'}],
  ['bit varying(5)', {kind: 'text'}],
  ['shop.state', {kind: 'text'}],
  ['"date"', {kind: 'text'}],
  ['text[]', {kind: 'array', element: {kind: 'text'}}],
  ['numeric(10, 2)[3]', {kind: 'array', element: {kind: 'decimal', precision: 10, scale: 2}}],
  ['integer[][]', {kind: 'json'}],
  ['jsonb[]', {kind: 'json'}],
])('%s travels as %j', (type, carried) => {
  expect(carriedOf(type)).toEqual(carried)
})

test('types whose text as a key is another one than in a record are no keys', () => {
  const none = ['char', 'char(5)', 'character', 'bpchar', 'inet']
  expect(none.filter(type => whyNoKey(type) === undefined)).toEqual([])
  const keys = ['text', 'character varying(5)', 'varchar', 'cidr', 'uuid', '"char"']
  expect(keys.filter(type => whyNoKey(type) !== undefined)).toEqual([])
})
