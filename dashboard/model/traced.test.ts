import {expect, test} from 'vitest'
import {formatEvent, parseEvent} from './traced.ts'

test.each([
  ['activity:9', 'activity', '9'],
  ['7', undefined, '7'],
  ['orders:a/b c:d', 'orders', 'a/b c:d'],
  [':7', undefined, ':7'],
  ['', undefined, undefined],
  [undefined, undefined, undefined],
  ['x'.repeat(201), undefined, undefined],
])('the address %s asks for its event', (text, stream, id) => {
  expect(parseEvent(text)).toEqual({stream, id})
})

test('what is typed names its stream, or is an id of the one chosen', () => {
  const known = ['orders', 'activity']
  expect(formatEvent('7', 'orders', known)).toBe('orders:7')
  expect(formatEvent('activity:9', 'orders', known)).toBe('activity:9')
  // An id may hold a colon.
  expect(formatEvent('sku:9', 'orders', known)).toBe('orders:sku:9')
  expect(formatEvent('sku:9', undefined, [])).toBe('sku:9')
  expect(formatEvent('', 'orders', known)).toBeUndefined()
})
