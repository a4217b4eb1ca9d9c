import {expect, test} from 'vitest'
import {createPartNames} from './partition-state.ts'

test('INV-52: an owner that has used all its names ends, and takes none of the next one', () => {
  const naming = createPartNames(7, 2 ** 32 - 2)
  const last = naming.namePart()
  expect(last).toBeLessThan(createPartNames(8).namePart())
  expect(() => naming.namePart()).toThrow('every name of this takeover is used')
})

test('INV-52: two owners never choose one name', () => {
  const names = [1, 2].map(takeover => createPartNames(takeover).namePart())
  expect(names[0]).not.toBe(names[1])
})
