/** The whole owner against doubles of its servers, over many more histories: INV-30 to INV-54. */
import {expect, test} from 'vitest'
import {runModel} from './processor-model.ts'

const SEEDS = Number(process.env['PROCESSOR_SEEDS'] ?? 3000)

/** Histories at the same time: much of one is waiting for timers. */
const LANES = 4

test(`over ${SEEDS} histories both stores equal the source in the end, or the partition says why it stands`, async () => {
  let next = 1
  let standing = 0
  const lane = async (): Promise<void> => {
    while (next <= SEEDS) {
      const seed = next++
      const {differences, stood} = await runModel({seed, patienceMs: 60_000})
      expect({seed, differences}).toEqual({seed, differences: []})
      if (stood !== null) standing += 1
      if (seed % 500 === 0) console.log(`${seed} of ${SEEDS} histories, ${standing} stand still`)
    }
  }
  await Promise.all(Array.from({length: LANES}, lane))
}, 7_200_000)
