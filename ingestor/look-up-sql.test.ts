import {expect, test} from 'vitest'
import {orders} from '../test/order-stream.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {grantsOf, isCastable, lookUpRead, lookUpSql} from './look-up-sql.ts'

test('names are quoted, also in the grants, and the text is compared as the type of the key', () => {
  const {by} = orders.enrich
  expect(lookUpSql(by!).replaceAll(/\s+/g, ' ').trim()).toBe(
    'SELECT w.value, row_to_json(c)::text FROM unnest($1::text[]) AS w (value) ' +
      'JOIN "public"."Clerks" t ON t."id" = w.value::bigint CROSS JOIN LATERAL (SELECT t."is_here") c',
  )
  expect(grantsOf(lookUpRead(by!))).toEqual([
    'GRANT USAGE ON SCHEMA "public" TO cdc_relay',
    'GRANT SELECT ("id", "is_here") ON "public"."Clerks" TO cdc_relay',
  ])
  expect(quoteTable('a.b"c')).toBe('"a"."b""c"')
})

test('a key that is looked up too is read once', () => {
  const {to} = orders.enrich
  const columns = [{field: 'code', column: 'code', kind: 'text', nullable: false}] as const
  expect(lookUpRead({...to!, columns}).columns).toEqual(['code'])
})

test.each([
  ['uuid', '11111111-1111-1111-1111-11111111111A', true],
  ['uuid', '11111111-1111-1111-1111-1111111111', false],
  ['uuid', '11111111-1111-1111-1111-11111111111g', false],
  ['uuid', '7', false],
  ['bigint', '-9223372036854775808', true],
  ['bigint', '9223372036854775808', false],
  ['bigint', '007', true],
  ['bigint', '1.0', false],
  ['bigint', ' 1', false],
  ['bigint', '', false],
  ['numeric', '-12.50', true],
  ['numeric', 'NaN', false],
  ['numeric', '1e9', false],
  ['text', 'anything', true],
  ['text', 'a\0b', false],
  ['bpchar', 'NO ', true],
  ['bpchar', '\0', false],
] as const)('whether PostgreSQL casts to %s: %j %s', (type, text, castable) => {
  expect(isCastable(text, type)).toBe(castable)
})
