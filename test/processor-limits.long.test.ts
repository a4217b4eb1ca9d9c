/** Limits of rows and batches are needed: without one of them a partition stands still for ever. */
import {expect, test, vi} from 'vitest'

const limits = vi.hoisted(() => ({
  BODY_BYTES_MAX: 150,
  PARTITION_BYTES_MAX: 500,
  MIXED_BYTES_MAX: 400,
  IDS_PER_ROW: 4,
}))
vi.mock('../readmodel/limits.ts', () => limits)

const {runModel} = await import('./processor-model.ts')

const options = {changes: 120, mutationBytesMax: 510, upset: null}

test.each([
  ['bodies of rows', {BODY_BYTES_MAX: 1e6}],
  ['batches of a partition', {PARTITION_BYTES_MAX: 1e6, MIXED_BYTES_MAX: 1e6}],
])(
  'without a limit of %s a partition never gets to its end',
  async (_name, without) => {
    const before = {...limits}
    Object.assign(limits, without)
    try {
      const calm = {failOneIn: 0, ownersBefore: 0, storms: 0, patienceMs: 3000}
      let stalled = false
      for (let seed = 1; seed <= 10 && !stalled; seed++) {
        const {differences} = await runModel({...options, ...calm, seed})
        stalled = differences.some(text => text.startsWith('committed'))
      }
      expect(stalled).toBe(true)
    } finally {
      Object.assign(limits, before)
    }
  },
  120_000,
)
