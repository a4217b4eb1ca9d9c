import {expect, test} from 'vitest'
import {readFrom, type Stores} from './stores.ts'

test('the age of an answer is in whole milliseconds', async () => {
  const stores = {
    reads: async () => await Promise.resolve({}),
    isLive: () => true,
    ageMs: () => 1753.992919921875,
    standing: () => [],
    metrics: {reads: {inc: () => {}}},
  } as unknown as Stores
  const asked = {what: 'test', stream: 'engagement'}
  const {meta} = await readFrom(stores, asked, async () =>
    Promise.resolve({value: 1, source: 'redis'}),
  )
  expect(meta.age_ms).toBe(1754)
})
