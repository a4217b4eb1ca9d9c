import fc from 'fast-check'
import {expect, test} from 'vitest'
import {toChunks} from './chunks.ts'

test('chunks are the events in their order, within the bounds, and no smaller than they have to be', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({min: 0, max: 50})),
      fc.integer({min: 1, max: 10}),
      fc.integer({min: 1, max: 100}),
      (sizes, eventsMax, bytesMax) => {
        const chunks = [...toChunks(sizes, size => size, {eventsMax, bytesMax})]
        expect(chunks.flat()).toEqual(sizes)
        for (const [i, chunk] of chunks.entries()) {
          const bytes = chunk.reduce((sum, size) => sum + size, 0)
          expect(chunk.length).toBeLessThanOrEqual(eventsMax)
          if (chunk.length > 1) expect(bytes).toBeLessThanOrEqual(bytesMax)
          const next = chunks[i + 1]?.[0]
          const isFull = chunk.length === eventsMax || bytes + (next ?? Infinity) > bytesMax
          expect(isFull).toBe(true)
        }
      },
    ),
  )
})
