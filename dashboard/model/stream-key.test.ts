import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {formatKey, nameOfKey, ofKeyText, parseKey, toKeyText} from './stream-key.ts'
import {formatUrl, parseUrl} from './url-state.ts'

const parts = fc.option(
  fc.oneof(
    fc.string({unit: 'binary', maxLength: 30}).filter(text => text.isWellFormed()),
    fc.constantFrom('', '(none)', '((none)', '(', 'a/b', '"; DROP', '["x"]', 'null', ' '),
  ),
)

test('a key survives its address, whatever it is', () => {
  fc.assert(
    fc.property(fc.array(parts, {minLength: 1, maxLength: 4}), key => {
      const {values} = parseUrl(formatUrl('streams', {key: formatKey(key)}).slice(1))
      expect(parseKey(values['key'], key.length)).toEqual(key)
      expect(parseKey(values['key'], key.length + 1)).toBeUndefined()
    }),
  )
})

test('no two parts are asked for by the same text', () => {
  fc.assert(fc.property(parts, part => ofKeyText(toKeyText(part)) === part))
  expect([null, '(none)', '((none)', '(other)', 'a'].map(toKeyText)).toEqual([
    '(none)',
    '((none)',
    '(((none)',
    '((other)',
    'a',
  ])
  expect(ofKeyText('(other)')).toBe('(other)')
})

test.each([undefined, '', 'a', '"a"', '{}', '[1]', '[["a"]]', '[', '["a","b"]'])(
  'the address %s holds no key of one column',
  text => {
    expect(parseKey(text, 1)).toBeUndefined()
  },
)

test('the whole stream has a key of no column', () => {
  expect(parseKey(undefined, 0)).toEqual([])
  expect(parseKey('["a"]', 0)).toBeUndefined()
})

test('a part that cannot be seen has a name', () => {
  expect(nameOfKey(['a/b', null, '', ' \u202E'])).toBe('a/b · no value · "" · " \u202E"')
})
