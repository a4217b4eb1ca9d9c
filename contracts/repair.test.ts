import {expect, test} from 'vitest'
import {readRepair, REPAIR_PARTS_MAX, type RepairPart} from './repair.ts'

const PART: RepairPart = ['sums', 'a', 'hour', 3600, 1, 2]

test('a record without the header is no repair', () => {
  expect(readRepair({traceparent: 'x'})).toBeUndefined()
})

test('parts are read as they were written, from text or bytes', () => {
  const text = JSON.stringify({parts: [PART, ['sums', '', 'total', 0, null, null]]})
  for (const value of [text, Buffer.from(text)]) {
    expect(readRepair({repair: value})?.parts).toEqual([PART, ['sums', '', 'total', 0, null, null]])
  }
})

test.each(['', 'true', '{"parts": 1}', '{"parts": [["sums"], 5, ["a", "b", "c", "d", 1, 2]]}'])(
  'what nobody of ours wrote names no part: %s',
  text => {
    expect(readRepair({repair: text})).toEqual({parts: []})
  },
)

test('a record names only so many parts', () => {
  const parts = Array.from({length: REPAIR_PARTS_MAX + 5}, () => PART)
  expect(readRepair({repair: JSON.stringify({parts})})?.parts).toHaveLength(REPAIR_PARTS_MAX)
})
