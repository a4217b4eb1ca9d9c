/** The whole owner against doubles of its servers: INV-30 to INV-43, INV-46, INV-51. */
import {describe, expect, test} from 'vitest'
import {runModel, type RunOptions} from './processor-model.ts'

const SEEDS = 80

test('whatever fails and whoever takes over, both stores equal the source in the end', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const differences = await runModel({seed, patienceMs: 20_000})
    expect({seed, differences}).toEqual({seed, differences: []})
  }
}, 240_000)

describe('a fence that is taken away turns the model red', () => {
  /** Wrong numbers in Cassandra, not just something that is late. */
  const showsWrongNumbers = async (options: Omit<RunOptions, 'seed'>): Promise<boolean> => {
    for (let seed = 1; seed <= 80; seed++) {
      const differences = await runModel({...options, seed, patienceMs: 700})
      if (differences.some(text => /^(Cassandra|raw rows)/.test(text))) return true
    }
    return false
  }

  test.each([
    ['timestamps from offset and generation', {ignoreTimestamps: true}],
    ['the guard of each aggregate row', {ignoreGuards: true}],
    ['clearing cells whose value went away', {neverClear: true}],
  ] as const)(
    '%s',
    async (_name, sabotage) => {
      expect(await showsWrongNumbers({sabotage})).toBe(true)
    },
    120_000,
  )
})
