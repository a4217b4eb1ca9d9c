import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {Bins} from './bins.ts'
import {IntMap} from './int-map.ts'

const steps = fc.array(
  fc.record({
    key: fc.oneof(fc.nat(80), fc.constantFrom(0, 2 ** 31 - 2), fc.nat(2 ** 31 - 2)),
    value: fc.integer({min: -3, max: 3}),
  }),
  {maxLength: 400},
)

test('a map of whole numbers is what a Map is, whatever is set and deleted', () => {
  fc.assert(
    fc.property(steps, list => {
      const [ours, reference] = [new IntMap(), new Map<number, number>()]
      for (const {key, value} of list) {
        if (value === 0) {
          ours.delete(key)
          reference.delete(key)
        } else {
          ours.set(key, value)
          reference.set(key, value)
        }
        expect(ours.get(key)).toBe(reference.get(key))
        expect(ours.size).toBe(reference.size)
      }
      const seen = new Map<number, number>()
      ours.forEach((key, value) => seen.set(key, value))
      expect(seen).toEqual(reference)
    }),
  )
})

test('bins hold the sums of what was added, and forget what is 0', () => {
  fc.assert(
    fc.property(steps, list => {
      const bins = new Bins()
      const reference = new Map<number, number>()
      for (const {key, value} of list) {
        bins.add(key, value)
        reference.set(key, (reference.get(key) ?? 0) + value)
        if (reference.get(key) === 0) reference.delete(key)
      }
      const seen = new Map<number, number>()
      bins.forEach((key, count) => seen.set(key, count))
      expect(seen).toEqual(reference)
    }),
  )
})
