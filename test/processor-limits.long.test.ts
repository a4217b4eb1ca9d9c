/** Limits of rows and batches are needed: without one of them a partition stands still for ever. */
import {expect, test, vi} from 'vitest'
import {TINY_RUN, tinyLimits} from './tiny-limits.ts'

vi.mock('../readmodel/limits.ts', async () => (await import('./tiny-limits.ts')).tinyLimits)

const {runModel} = await import('./processor-model.ts')

test.each([
  ['bodies of rows', {BODY_BYTES_MAX: 1e6}],
  ['batches of a partition', {PARTITION_BYTES_MAX: 1e6, MIXED_BYTES_MAX: 1e6}],
])(
  'without a limit of %s a partition never gets to its end',
  async (_name, without) => {
    const before = {...tinyLimits}
    Object.assign(tinyLimits, without)
    try {
      const calm = {failOneIn: 0, ownersBefore: 0, storms: 0, patienceMs: 3000}
      let stalled = false
      for (let seed = 1; seed <= 10 && !stalled; seed++) {
        const {differences} = await runModel({...TINY_RUN, ...calm, seed})
        stalled = differences.some(text => text.startsWith('committed'))
      }
      expect(stalled).toBe(true)
    } finally {
      Object.assign(tinyLimits, before)
    }
  },
  120_000,
)
