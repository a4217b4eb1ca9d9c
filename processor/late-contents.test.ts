/** What is remembered of contents that come after their events. */
import {expect, test} from 'vitest'
import {LateContents} from './late-contents.ts'

test('the time of a content covers every event that was noted', () => {
  const late = new LateContents()
  late.note('a', 5_500_000)
  late.note('a', 2_000_000)
  late.note('a', 9_999_999)
  expect(late.toJSON()).toEqual([{id: 'a', from: 2, to: 10}])
})

test('an event that comes while its content is patched keeps it noted', () => {
  const late = new LateContents([{id: 'a', from: 0, to: 1}])
  const entry = late.get('a')!
  late.note('a', 0)
  late.forget(entry)
  expect(late.ids()).toEqual(['a'])
  late.forget(late.get('a')!)
  expect(late.ids()).toEqual([])
})

test('no more contents are remembered than the limit, and the caller is told', () => {
  const late = new LateContents([], 1)
  expect(late.note('a', 0)).toBe(true)
  expect(late.note('b', 0)).toBe(false)
  expect(late.note('a', 1)).toBe(true)
  expect(late.size).toBe(1)
})
