/** The whole owner against doubles of its servers; thousands of histories in test:long. */
import {describe, expect, test} from 'vitest'
import {runModel, type RunOptions} from './processor-model.ts'

const SEEDS = 60

async function differencesOf(options: RunOptions): Promise<readonly string[]> {
  return await runModel(options)
}

test('whatever fails and whoever takes over, both stores equal the source in the end', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    expect({seed, differences: await differencesOf({seed})}).toEqual({seed, differences: []})
  }
}, 120_000)

describe('a fence that is taken away turns the model red', () => {
  /** Seeds until one shows the bug; every one of them is green with the fence in place. */
  const showsIn = async (options: Omit<RunOptions, 'seed'>): Promise<boolean> => {
    for (let seed = 1; seed <= 80; seed++) {
      const differences = await runModel({...options, seed, patienceMs: 700})
      if (differences.length > 0) return true
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
      expect(await showsIn({sabotage})).toBe(true)
    },
    60_000,
  )
})
