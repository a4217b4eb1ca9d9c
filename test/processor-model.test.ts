/** The whole owner against doubles of its servers: INV-30 to INV-54. */
import {describe, expect, test} from 'vitest'
import {UPSETS} from './processor-log.ts'
import {runModel, type RunOptions} from './processor-model.ts'

const SEEDS = 16
/** Until one shows what is looked for. */
const PLANTED_SEEDS = 300
/** Histories at the same time: much of one is waiting for timers. */
const LANES = 4

/** Runs seeds until one is what is looked for. @returns that one */
async function findSeed(
  {seeds, ...options}: Omit<RunOptions, 'seed'> & {readonly seeds: number},
  isFound: (differences: readonly string[]) => boolean,
): Promise<{seed: number; differences: readonly string[]} | undefined> {
  let found: {seed: number; differences: readonly string[]} | undefined
  let next = 1
  const lane = async (): Promise<void> => {
    while (found === undefined && next <= seeds) {
      const seed = next++
      const {differences} = await runModel({...options, seed})
      if (isFound(differences)) found ??= {seed, differences}
    }
  }
  await Promise.all(Array.from({length: LANES}, lane))
  return found
}

test('whatever fails and whoever takes over, both stores equal the source, or the partition says why it stands', async () => {
  const patient = {seeds: SEEDS, patienceMs: 20_000}
  expect(await findSeed(patient, differences => differences.length > 0)).toBeUndefined()
}, 240_000)

describe('a fence that is taken away turns the model red', () => {
  const stopped = {
    ownersBefore: 4,
    endings: Array.from({length: 4}, () => 'stopped' as const),
    failOneIn: 0,
  }
  const wrongNumbers = /^(Cassandra wrong: (model_|raw)|reader )/
  const cases: readonly (readonly [string, Omit<RunOptions, 'seed'>, RegExp])[] = [
    [
      'timestamps from offset and generation, when calls that failed have their effect late',
      {
        sabotage: {ignoreTimestamps: true},
        failOneIn: 4,
        changes: 12,
        upset: null,
        patienceMs: 2000,
      },
      wrongNumbers,
    ],
    ['the guard of each aggregate row', {sabotage: {ignoreGuards: true}}, wrongNumbers],
    ['clearing cells whose value went away', {sabotage: {neverClear: true}}, wrongNumbers],
    [
      'a takeover of its own for each of several owners that start at once',
      {sabotage: {takeWhatIsThere: true}, ownersBefore: 4, raceOneIn: 1},
      /^two owners/,
    ],
    ['the marker with the last call of a round', {sabotage: {promiseEarly: true}}, /^reader redis/],
    [
      'the order of the calls of a run, when Redis fails over unnoticed',
      {
        sabotage: {ignoreRuns: true},
        storms: 6,
        stormKinds: ['silent failover'],
        failOneIn: 0,
        upset: null,
      },
      /^(reader|Redis wrong:)/,
    ],
    [
      'the name of the log before the first position',
      {sabotage: {namesNoLog: true}, upset: 'topic made again', ownersBefore: 1, failOneIn: 0},
      wrongNumbers,
    ],
    [
      'the name of the keyspace in the position',
      {
        sabotage: {ignoreSpace: true, ignoreOwnership: true},
        upset: 'keyspace made again beside owners',
        ...stopped,
      },
      wrongNumbers,
    ],
    ...UPSETS.slice(2).map(
      upset =>
        [
          `looking whether log and commits fit: ${upset}`,
          {sabotage: {trustCommits: true}, upset, ...stopped},
          wrongNumbers,
        ] as const,
    ),
  ]

  test.each(cases)(
    '%s',
    async (_name, options, symptom) => {
      const isFound = (differences: readonly string[]): boolean =>
        differences.some(text => symptom.test(text))
      expect(
        await findSeed({seeds: PLANTED_SEEDS, patienceMs: 700, ...options}, isFound),
      ).toBeDefined()
    },
    120_000,
  )
})
