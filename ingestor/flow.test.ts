import {expect, test} from 'vitest'
import {judgeFlow, type FlowFigures} from './flow.ts'

const flowing: FlowFigures = {
  waiting: {rows: 10, oldestMs: 60_000},
  msSinceFlow: 100,
  lanesOwned: 1,
  lanesUnowned: [],
  failures: ['lane 0: Kafka is away'],
  problem: undefined,
}

test('a large backlog that flows is ready', () => {
  expect(judgeFlow(flowing, 5_000)).toMatchObject({ready: true, reasons: []})
})

test('rows that wait while nothing is published make it not ready, with the reason', () => {
  const {ready, reasons} = judgeFlow({...flowing, msSinceFlow: 6_000}, 5_000)
  expect(ready).toBe(false)
  expect(reasons.join('; ')).toMatch(/oldest for 60 s.*nothing is published.*Kafka is away/)
})

test('rows of a lane that nobody owns make it not ready', () => {
  const {reasons} = judgeFlow({...flowing, lanesOwned: 0, lanesUnowned: [3]}, 5_000)
  expect(reasons.join()).toMatch(/no owner: lane 3/)
})

test('a quiet outbox is ready, however long ago the last row was', () => {
  const quiet = {...flowing, waiting: {rows: 0, oldestMs: 0}, msSinceFlow: 1e9}
  expect(judgeFlow(quiet, 5_000).ready).toBe(true)
})
