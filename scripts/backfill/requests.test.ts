import {expect, test} from 'vitest'
import {content} from '../../streams/sample/content.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {conditionOf, progressText, timeText, type Backfill} from './requests.ts'

test('a range becomes a condition on the columns of the table', () => {
  expect(conditionOf(engagement, {})).toBeNull()
  expect(conditionOf(engagement, {'from-id': '5', 'to-id': "7'"})).toBe(
    `t."id" >= '5' AND t."id" <= '7'''`,
  )
  expect(conditionOf(engagement, {from: '2026-01-01', to: '2026-01-02T00:00:00Z'})).toBe(
    `t."event_ts" >= '2026-01-01' AND t."event_ts" < '2026-01-02T00:00:00Z'`,
  )
  expect(conditionOf(engagement, {where: "device = 'ios' OR true", from: '2026-01-01'})).toBe(
    `t."event_ts" >= '2026-01-01' AND (device = 'ios' OR true)`,
  )
})

test('a time that is none is refused by name, and so is one of a stream without', () => {
  expect(() => conditionOf(engagement, {from: 'yesterday'})).toThrow('--from yesterday is no time')
  expect(() => conditionOf({...content, timeField: null}, {to: '2026-01-01'})).toThrow(
    'has no time column',
  )
})

const BACKFILL: Backfill = {
  id: '3',
  topic: 'orders',
  condition: null,
  generation: null,
  state: 'running',
  rows_estimated: '10000',
  rows_looked_at: '2500',
  rows_written: '2500',
  problem: null,
  seconds: 50,
}

test('progress says how far, how fast and how long', () => {
  expect(progressText(BACKFILL)).toBe(
    'backfill 3 of orders: running, 25 %, 2,500 rows written, 50 a second, about 3 min left',
  )
  expect(progressText({...BACKFILL, rows_looked_at: '99999'})).toContain('99 %')
  expect(progressText({...BACKFILL, state: 'failed', problem: 'division by zero'})).toBe(
    'backfill 3 of orders: failed, 2,500 rows written, 50 a second, division by zero',
  )
  expect([12.1, 100, 3900].map(timeText)).toEqual(['13 s', '2 min', '1 h 5 min'])
})
