/** The whole owner against doubles of its servers: a few hundred histories; thousands in test:long. */
import {expect, test} from 'vitest'
import {runModel} from './processor-model.ts'

const SEEDS = 20

test('whatever fails and whoever takes over, both stores equal the source in the end', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    expect({seed, differences: await runModel({seed})}).toEqual({seed, differences: []})
  }
}, 120_000)
