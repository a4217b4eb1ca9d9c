import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {textOf, toKeyText} from '../../readmodel/fields.ts'
import {valueKindOf} from './values.ts'

test('what is served of a value, given as a filter, is the text of the value', () => {
  const drawn = fc.oneof(
    fc.record({kind: fc.constantFrom('long', 'int', 'timestamp'), value: fc.maxSafeInteger()}),
    fc.record({
      kind: fc.constant('time' as const),
      value: fc.integer({min: 0, max: 86_400_000_000}),
    }),
    fc.record({kind: fc.constant('date'), value: fc.integer({min: -719_528, max: 2_932_896})}),
    fc.record({
      kind: fc.constant('double'),
      value: fc.double({noNaN: true, noDefaultInfinity: true}),
    }),
    fc.record({kind: fc.constant('boolean'), value: fc.boolean()}),
    fc.record({kind: fc.constant('text'), value: fc.string()}),
    fc.record({kind: fc.constant('uuid'), value: fc.uuid()}),
  )
  fc.assert(
    fc.property(drawn, ({kind, value}) => {
      // Times are microseconds that have a text.
      fc.pre(kind !== 'timestamp' || (Math.abs(value) < 2e14 && value >= 0))
      // -0 is no value that is stored.
      fc.pre(!Object.is(value, -0))
      const {serve, parse} = valueKindOf({kind})
      expect(parse(serve(textOf(value)))).toBe(toKeyText(value))
    }),
  )
})

test.each([
  [12.5, '12.50'],
  ['12.500', '12.50'],
  ['-0.01', '-0.01'],
  [7, '7.00'],
  ['-0', '0.00'],
  ['12345678901234567890.1', '12345678901234567890.10'],
  ['0.001', '0.001'],
  ['1e3', undefined],
  [true, undefined],
  [null, undefined],
])('the decimal %j is %s with two digits', (value, text) => {
  expect(valueKindOf({kind: 'decimal', scale: 2}).parse(value)).toBe(text)
})

test.each([
  ['long', '1', 'a whole number'],
  ['long', 1.5, 'a whole number'],
  ['text', 1, 'a text'],
  ['boolean', 'true', 'true or false'],
  ['date', '2026-02-30', 'a date such as 2026-01-31'],
  ['time', '12:61:00', 'a time of day such as 12:30:00'],
  ['timestamp', '2026-01-01', 'a time such as 2026-01-31T12:00:00Z'],
] as const)('%s is not given as %j but as %s', (kind, value, words) => {
  const {parse, words: own} = valueKindOf({kind})
  expect(parse(value)).toBeUndefined()
  expect(own).toBe(words)
})

test('a time of day is served as it is asked, not in microseconds', () => {
  const {serve, parse} = valueKindOf({kind: 'time'})
  expect(serve(textOf(45_000_250_000))).toBe('12:30:00.25')
  expect(parse('12:30:00.25')).toBe('45000250000')
})

test('what stands for many values is served as it is, whatever the kind', () => {
  for (const kind of ['long', 'double', 'date', 'time', 'timestamp', 'boolean'] as const) {
    expect(valueKindOf({kind}).serve('(other)')).toBe('(other)')
  }
})
