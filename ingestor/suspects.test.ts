import {expect, test} from 'vitest'
import {createTurns, isCareful, isGuilty} from './suspects.ts'

const NONE = {ends: 0, suspect: null, suspectEnds: 0}

test('rows go one by one from the second end without getting further, not before', () => {
  expect([0, 1, 2, 9].map(ends => isCareful({...NONE, ends}))).toEqual([false, false, true, true])
})

test('a row is put aside when three processes ended that had noted it, and no other row is', () => {
  const of = (suspectEnds: number) => ({ends: 9, suspect: 7, suspectEnds})
  expect([0, 1, 2, 3, 4].map(n => isGuilty(of(n), 7))).toEqual([false, false, false, true, true])
  expect(isGuilty(of(3), 8)).toBe(false)
  expect(isGuilty({...NONE, ends: 99}, 7)).toBe(false)
})

test('one at a time has its turn, in the order in which they asked', async () => {
  const turns = createTurns()
  const seen: number[] = []
  const take = async (n: number): Promise<void> => {
    const leave = await turns.take()
    seen.push(n)
    await Promise.resolve()
    seen.push(n)
    leave()
  }
  await Promise.all([take(1), take(2), take(3)])
  expect(seen).toEqual([1, 1, 2, 2, 3, 3])
})
