import fc from 'fast-check'
import {expect, test} from 'vitest'
import {cohortsOf, standingOf} from './cohorts.ts'

const NOW = 20

test('a cohort is those who were first here in a week, and tells who of them is here in each week since', () => {
  const users = new Map([
    ['a', [18, 20]],
    ['b', [19, 18]],
    ['c', [20]],
    ['old', [3, 20]],
  ])
  expect(cohortsOf(users, NOW, 3)).toEqual([
    {week: 18, users: 2, active: [2, 1, 1]},
    {week: 20, users: 1, active: [1]},
  ])
})

test('nobody is in two cohorts, and a cohort is whole in its first week', () => {
  const weeks = fc.uniqueArray(fc.integer({min: 0, max: NOW}), {minLength: 1, maxLength: 10})
  fc.assert(
    fc.property(fc.array(weeks, {maxLength: 30}), lists => {
      const users = new Map(lists.map((list, i) => [String(i), list]))
      const cohorts = cohortsOf(users, NOW, NOW + 1)
      expect(cohorts.reduce((sum, one) => sum + one.users, 0)).toBe(lists.length)
      for (const {users: count, active} of cohorts) {
        expect(active[0]).toBe(count)
        expect(Math.max(...active)).toBe(count)
      }
      const all = cohorts.flatMap(({active}) => active).reduce((sum, one) => sum + one, 0)
      expect(all).toBe(lists.flat().length)
    }),
  )
})

test.each([
  ['new', [20]],
  ['active', [19]],
  ['active', [18, 19, 20]],
  ['active', [18]],
  ['at_risk', [17]],
  ['at_risk', [16, 10]],
  ['churned', [15]],
  ['churned', [1, 2, 3]],
  ['reactivated', [20, 15]],
  ['reactivated', [19, 14, 13]],
  ['reactivated', [20, 19, 14]],
  ['active', [20, 16]],
  ['active', [20, 19, 18, 13]],
] as const)('%s is who was here in weeks %j of which the 20th runs', (standing, weeks) => {
  expect(standingOf(weeks, NOW)).toBe(standing)
})
