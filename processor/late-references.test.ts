/** What is remembered of references that come after the events which need them. */
import {expect, test} from 'vitest'
import {LateReferences} from './late-references.ts'

const a = {stream: 'content', id: 'a'}

test('the time of a reference covers every event that was noted', () => {
  const late = new LateReferences()
  late.note(a, 5_500_000)
  late.note(a, 2_000_000)
  late.note(a, 9_999_999)
  late.note({...a, stream: 'shop'}, 0)
  expect(late.all()).toEqual([
    {...a, from: 2, to: 10},
    {stream: 'shop', id: 'a', from: 0, to: 1},
  ])
})

test('an event that comes while its reference is patched keeps it noted', () => {
  const late = new LateReferences([{...a, from: 0, to: 1}])
  const [entry] = late.all()
  late.note(a, 0)
  late.forget(entry!)
  expect(late.size).toBe(1)
  late.forget(late.all()[0]!)
  expect(late.size).toBe(0)
})

test('no more references are remembered than the limit, and the caller is told', () => {
  const late = new LateReferences([], 1)
  expect(late.note(a, 0)).toBe(true)
  expect(late.note({...a, id: 'b'}, 0)).toBe(false)
  expect(late.note(a, 1)).toBe(true)
  expect(late.size).toBe(1)
})
