/** What grows with what is counted stays within its bound, and what is beyond counts as others. */
import {expect, test} from 'vitest'
import {model} from '../test/model-stream.ts'
import {ByteWriter} from './bytes.ts'
import {KEY_CHARACTERS_MAX, LONG_KEY, toKeyText} from './fields.ts'
import {OTHER_VALUE, VALUES_MAX} from './places.ts'
import {planStream} from './plan.ts'
import {Recent, RECENT_MAX} from './special/recent.ts'
import {RetentionSegment, SEGMENT_SECONDS} from './special/retention.ts'
import {addStep, ENTRIES_MAX, Step, type WindowTotals} from './step.ts'

const plan = planStream(model)
const [top] = plan.tops

test('entries of a step beyond 16,384 count as others, are taken out of them again, and nothing is lost', () => {
  const step = new Step(top!)
  const fold = (n: number, times: 1 | -1, offset: number): void => {
    const row = {id: n, content: `c${n}`, at: 0, value: 2, status: 'paid', position: null}
    plan.inputs.read(row, {timeUs: 0, id: n})
    step.fold(`c${n}`, plan.inputs, offset, times)
  }
  const all = ENTRIES_MAX + 100
  for (let n = 0; n < all; n++) fold(n, 1, n)
  expect(step.size).toBe(ENTRIES_MAX + 1)
  const read = (): WindowTotals => {
    const totals: WindowTotals = new Map()
    addStep(totals, top!, step.encode(new ByteWriter()))
    return totals
  }
  const sumOf = (totals: WindowTotals): number =>
    [...totals.values()].reduce((sum, {events}) => sum + events, 0)
  expect(read().get(OTHER_VALUE)!.values()).toEqual({events: 100, total: 200, values: 1})
  expect(sumOf(read())).toBe(all)
  for (let n = ENTRIES_MAX; n < all; n++) fold(n, -1, all + n)
  expect(read().get(OTHER_VALUE)!.values()).toEqual({events: 0, total: 0, values: 0})
  expect(sumOf(read())).toBe(ENTRIES_MAX)
}, 60_000)

test('a list of recent events holds the newest twenty, and says when it lacks one', () => {
  const recent = new Recent()
  for (let id = 0; id < 3 * RECENT_MAX; id++) recent.put({id, at: id, shown: {}})
  expect(recent.list.map(({id}) => id)).toEqual(
    Array.from({length: RECENT_MAX}, (_, i) => 3 * RECENT_MAX - 1 - i),
  )
  expect(recent.isStale).toBe(false)
  recent.remove(3 * RECENT_MAX - 1)
  expect([recent.list.length, recent.isStale]).toEqual([RECENT_MAX - 1, true])
})

test('a segment of a retention curve holds fifty split values, the others as one', () => {
  const segment = new RetentionSegment(0)
  for (let n = 0; n < 2 * VALUES_MAX; n++) {
    segment.add({mark: 'durationEnd', second: 1}, `v${n}`, 1)
  }
  const counts = [...segment.marks()]
  expect(counts).toHaveLength(VALUES_MAX + 1)
  expect(counts.find(({value}) => value === OTHER_VALUE)?.count).toBe(VALUES_MAX)
  // The largest a row can become: every mark of every value at every second.
  for (let second = 0; second < SEGMENT_SECONDS; second++) {
    for (const {value} of counts) segment.add({mark: 'positionEnd', second}, value, 1)
  }
  expect(segment.encode(new ByteWriter()).byteLength).toBeLessThan(1024 * 1024)
})

test('a key longer than 512 characters is counted under one name for all of them', () => {
  expect(toKeyText('x'.repeat(KEY_CHARACTERS_MAX))).toHaveLength(KEY_CHARACTERS_MAX)
  expect(toKeyText('x'.repeat(KEY_CHARACTERS_MAX + 1))).toBe(LONG_KEY)
})
