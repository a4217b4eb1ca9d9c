import {expect, test} from 'vitest'
import type {Carried} from '../../contracts/kinds.ts'
import {toCsv} from '../csv.ts'
import {toServed} from './events.ts'

const DECIMALS: Carried = {
  kind: 'array',
  element: {kind: 'decimal', precision: 38, scale: 2},
}

test.each<[Carried, string | undefined, string]>([
  [{kind: 'double'}, '1.5', '1.5'],
  [{kind: 'double'}, 'NaN', '"NaN"'],
  [{kind: 'double'}, '-Infinity', '"-Infinity"'],
  [{kind: 'long'}, '9007199254740990', '9007199254740990'],
  [{kind: 'decimal'}, '-12345678901234567890.50', '"-12345678901234567890.50"'],
  [{kind: 'boolean'}, 'false', 'false'],
  [{kind: 'time'}, '24:00:00', '"24:00:00"'],
  [{kind: 'bytes'}, '\\x00ff', '"\\\\x00ff"'],
  [{kind: 'json'}, '{"n":12345678901234567890}', '{"n":12345678901234567890}'],
  [DECIMALS, '["12345678901234567890.50",null]', '["12345678901234567890.50",null]'],
  [{kind: 'text'}, undefined, 'null'],
])('INV-124: %j is served of its text %s as %s', (of, text, json) => {
  expect(JSON.stringify(toServed(of, text))).toBe(json)
})

test('lists and bytes are one cell of a table', () => {
  const row = {
    tags: toServed({kind: 'array', element: {kind: 'text'}}, '["a",null,"b,c"]'),
    costs: toServed(DECIMALS, '["1.50"]'),
    raw: toServed({kind: 'bytes'}, '\\x00ff'),
  }
  expect(toCsv({columns: ['tags', 'costs', 'raw'], rows: [row]})).toBe(
    'tags,costs,raw\r\n"[""a"",null,""b,c""]","[""1.50""]",\\x00ff\r\n',
  )
})
