import {expect, test} from 'vitest'
import {createHistoryKeeper} from './overview.ts'

test('history is written while nobody looks, also after a store failed', async () => {
  const stop = new AbortController()
  let reads = 0
  const loop = createHistoryKeeper({
    read: async () => {
      reads += 1
      stop.abort()
      throw new Error('Redis is away')
    },
  })
  await loop.run(stop.signal)
  expect(reads).toBe(1)
})
