/** The whole owner against doubles of its servers, over many more histories: INV-30 to INV-43. */
import {expect, test} from 'vitest'
import {runModel} from './processor-model.ts'

const SEEDS = Number(process.env['PROCESSOR_SEEDS'] ?? 3000)

test(`over ${SEEDS} histories both stores equal the source in the end`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const differences = await runModel({seed, patienceMs: 30_000})
    expect({seed, differences}).toEqual({seed, differences: []})
    if (seed % 500 === 0) console.log(`${seed} of ${SEEDS} histories`)
  }
}, 3_600_000)
