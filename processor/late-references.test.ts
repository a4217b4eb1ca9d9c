/** What is remembered of references that come after the events which need them. */
import {expect, test} from 'vitest'
import {LATE_CHARACTERS_MAX, LATE_MAX, LateReferences} from './late-references.ts'

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
  const many = Array.from({length: LATE_MAX}, (_, i) => ({...a, id: String(i), from: 0, to: 1}))
  const late = new LateReferences(many)
  expect(late.note({...a, id: 'b'}, 0)).toBe(false)
  expect(late.note({...a, id: '7'}, 1), 'known').toBe(true)
  expect(late.size).toBe(LATE_MAX)
  late.forget(late.all()[0]!)
  expect(late.note({...a, id: 'b'}, 0)).toBe(true)
})

test('long ids are fewer: all are written with every position', () => {
  const long = (n: number) => ({...a, id: String(n).padStart(LATE_CHARACTERS_MAX / 4, '0')})
  const late = new LateReferences()
  const noted = [1, 2, 3, 4].map(n => late.note(long(n), 0))
  expect(noted).toEqual([true, true, true, false])
  late.forget(late.all()[0]!)
  expect(late.note(long(4), 0)).toBe(true)
})
