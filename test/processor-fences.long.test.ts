/** The model of the processor finds what each of its fences is for. */
import {describe, expect, test} from 'vitest'
import {UPSETS} from './processor-log.ts'
import type {RunOptions} from './processor-model.ts'
import {findSeed} from './processor-seeds.ts'

/** Until one shows what is looked for. */
const PLANTED_SEEDS = 300

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
