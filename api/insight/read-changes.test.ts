import {expect, test} from 'vitest'
import {Problem} from '../problem.ts'
import {subjectOf} from '../query/subject.ts'
import type {QueryBody} from '../schemas/query.ts'
import {planStream} from '../../readmodel/plan.ts'
import {activity} from '../../streams/sample/activity.ts'
import type {Ask} from './ask.ts'
import {frameOf, readChanges} from './read-changes.ts'

const NOW = Date.parse('2026-01-31T12:34:56Z')
const iso = (ms: number): string => new Date(ms).toISOString()

test('a day is 24 whole hours beside seven days, a week seven whole days beside four weeks', () => {
  const day = frameOf('day', NOW)
  expect([day.whole.from, day.present.from, day.present.to].map(iso)).toEqual([
    '2026-01-23T12:00:00.000Z',
    '2026-01-30T12:00:00.000Z',
    '2026-01-31T12:00:00.000Z',
  ])
  const week = frameOf('week', NOW)
  expect([week.whole.from, week.present.from, week.present.to].map(iso)).toEqual([
    '2025-12-27T00:00:00.000Z',
    '2026-01-24T00:00:00.000Z',
    '2026-01-31T00:00:00.000Z',
  ])
})

const meta = {source: 'cassandra', newest_event_at: null, age_ms: 0, notes: []} as const

/** Answers the whole by hour: ten an hour before, and so many in the last day. */
const answering =
  (present: number): Ask =>
  async ({dimensions = [], metrics}: QueryBody) => {
    await Promise.resolve()
    if (dimensions.length > 1) throw new Problem('not-answerable', 'no rollup has it')
    const {whole, present: span} = frameOf('day', NOW)
    const hours = Array.from({length: 8 * 24}, (_, i) => whole.from + i * 3_600_000)
    const rows = hours.map(start => ({
      dimensions: [iso(start)],
      metrics: metrics.map(() => (start >= span.from ? present : 10)),
    }))
    return {
      value: {
        rows,
        count: rows.length,
        totals: undefined,
        crowded: [],
        stretch: {range: {from: whole.from, to: whole.to, endsNow: false}, starts: undefined},
      },
      meta: {...meta, notes: []},
    }
  }

test('hours are added up by day; what no rollup has is left out', async () => {
  const subjects = [subjectOf(planStream(activity))]
  const options = {span: 'day', limit: 5} as const
  const {items, span} = await readChanges(answering(40), subjects, options, NOW)
  expect(span).toEqual(frameOf('day', NOW).present)
  expect(items).toMatchObject([{stream: 'activity', dimension: null, present: 960, usual: 240}])
  expect((await readChanges(answering(10), subjects, options, NOW)).items).toEqual([])
})
