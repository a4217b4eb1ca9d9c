/** INV-131: no two rows have one id. */
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {joinId, splitId} from './row-id.ts'

const part = fc.oneof(fc.string({unit: fc.constantFrom(',', '\\', 'a', '')}), fc.string())

test('an id is read back as the texts that it was joined of', () => {
  fc.assert(
    fc.property(fc.array(part, {minLength: 1, maxLength: 4}), parts => {
      expect(splitId(joinId(parts))).toEqual(parts)
    }),
  )
})

test('usual ones are the texts with a comma between them', () => {
  expect(joinId(['7', 'a,b', 'c\\'])).toBe('7,a\\,b,c\\\\')
  expect(splitId('7')).toEqual(['7'])
  expect(splitId(',')).toEqual(['', ''])
})
