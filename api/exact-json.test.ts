import fc from 'fast-check'
import {expect, test} from 'vitest'
import {DEPTH_MAX, parseExact, TOO_DEEP} from './exact-json.ts'

test.each([
  '{"n":12345678901234567890}',
  '[1.50,-0,1e400,0.1000000000000000055511151231257827,9007199254740993,1E+2]',
  '{"a":{"b":["12345678901234567890",null,true,"\\u0000é\\"["]}}',
  '12345678901234567890',
  '"text"',
])('%s is printed as it was written', text => {
  expect(JSON.stringify(parseExact(text))).toBe(text)
})

test('what is no JSON is its text', () => {
  expect(parseExact('{oops')).toBe('{oops')
})

test('what is nested too deeply has a note in its place; brackets in texts are none', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  expect(parseExact(nested(6000))).toBe(TOO_DEEP)
  expect(JSON.stringify(parseExact(nested(DEPTH_MAX)))).toBe(nested(DEPTH_MAX))
  const text = JSON.stringify(`\\"${'['.repeat(6000)}`)
  expect(JSON.stringify(parseExact(text))).toBe(text)
})

test('every document comes back', () => {
  fc.assert(
    fc.property(fc.json(), text => {
      const printed = JSON.stringify(JSON.parse(text))
      expect(JSON.parse(JSON.stringify(parseExact(printed)))).toEqual(JSON.parse(printed))
    }),
  )
})
