import {expect, test} from 'vitest'
import type {QueryAnswer} from '../schemas/query.ts'
import {tableOfAnswer} from './query.ts'

const answerOf = (include: object, row: object): QueryAnswer => ({
  results: [{dimensions: ['ios'], metrics: [3, 2.5], ...row}],
  meta: {source: 'redis', newest_event_at: null, age_ms: 0, notes: []},
  query: {metrics: ['plays', 'engagement_seconds'], dimensions: ['device'], include},
})

test('an answer as a table has a column for each dimension and metric', () => {
  expect(tableOfAnswer(answerOf({}, {}))).toEqual({
    columns: ['device', 'plays', 'engagement_seconds'],
    rows: [{device: 'ios', plays: 3, engagement_seconds: 2.5}],
  })
})

test('what was before, the change and the share stand in columns of their own', () => {
  const comparison = {dimensions: ['ios'], metrics: [2, null], change: [50, null]}
  const include = {comparisons: {mode: 'previous_period'}, percentages: true}
  const {columns, rows} = tableOfAnswer(answerOf(include, {comparison, percentages: [100, null]}))
  expect(columns.slice(3)).toEqual([
    'plays_before',
    'engagement_seconds_before',
    'plays_change',
    'engagement_seconds_change',
    'plays_percent',
    'engagement_seconds_percent',
  ])
  expect(rows).toMatchObject([{plays_before: 2, plays_change: 50, plays_percent: 100}])
})

test('a row without anything before has empty cells for it', () => {
  const include = {comparisons: {mode: 'previous_period'}}
  const {rows} = tableOfAnswer(answerOf(include, {}))
  expect(rows).toMatchObject([{plays: 3, plays_before: null, plays_change: null}])
})
