import {expect, test} from 'vitest'
import {pickTypes, toDayTable} from './days.ts'

const day = (activity_type: string, count: number) => ({day: '2026-11-28', activity_type, count})

test('what the types of a day have adds up to all of it', () => {
  const table = toDayTable([day('a', 5), day('b', 4), day('c', 3), day('d', 2), day('e', 1)])
  const {shown, otherOf} = pickTypes(table, 3)
  const [row] = table.rows
  expect(shown).toEqual(['a', 'b', 'c'])
  expect(otherOf!(row!)).toBe(3)
  const sum = shown.reduce((total, type) => total + row!.counts.get(type)!, otherOf!(row!))
  expect(sum).toBe(row!.total)
})

test('a single type more is named, not called other', () => {
  const table = toDayTable([day('a', 4), day('b', 3), day('c', 2), day('d', 1)])
  expect(pickTypes(table, 3)).toEqual({shown: ['a', 'b', 'c', 'd']})
})
