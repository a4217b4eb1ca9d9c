import {expect, test} from 'vitest'
import type {JobRun, Schedule} from '../net/types.ts'
import {resultOf, standingOf, whenOf} from './schedules.ts'

const run = (changes: Partial<JobRun>): JobRun => ({
  id: '1',
  job: 'sweep',
  tick: '2026-01-01T00:00:00.000000Z',
  cause: 'cron',
  state: 'succeeded',
  attempt: 1,
  worker: 'host/1',
  due_at: '2026-01-01T00:00:00.000000Z',
  started_at: '2026-01-01T00:00:00.000000Z',
  finished_at: '2026-01-01T00:00:01.000000Z',
  seconds: 1,
  error: null,
  failures: [],
  result: null,
  ...changes,
})
const FAILED = run({state: 'failed', error: 'no table users'})
const RUNNING = run({state: 'running', finished_at: null})
const SKIPPED = run({state: 'skipped', error: 'the run before had not ended'})
const PAUSED = '2026-01-01T00:00:00.000000Z'

test.each<[string, Partial<Schedule>, string]>([
  ['has never run', {}, 'not run yet'],
  ['went well', {latest: [run({}), FAILED]}, 'succeeded'],
  ['failed last', {latest: [FAILED, run({})]}, 'failing'],
  ['was passed over after it went well', {latest: [SKIPPED, run({})]}, 'succeeded'],
  ['runs', {latest: [RUNNING, FAILED], paused_at: PAUSED}, 'running'],
  ['is paused', {latest: [FAILED], paused_at: PAUSED}, 'paused'],
  ['is off', {off: 'X is not set', paused_at: PAUSED}, 'off'],
])('a job that %s is called so', (_, changes, word) => {
  const schedule = {off: null, paused_at: null, latest: [], ...changes} as unknown as Schedule
  expect(standingOf(schedule).word).toBe(word)
})

test('when a job runs is said by its time and zone, or by what it comes after', () => {
  expect(whenOf({cron: '0 3 * * *', zone: 'UTC', after: []})).toBe('0 3 * * * UTC')
  expect(whenOf({cron: null, zone: 'UTC', after: ['a', 'b']})).toBe('after a, b')
})

test('a run says what it has done in a line, and rather why it failed', () => {
  expect(resultOf(run({result: {added: 3, bad: ['x']}}))).toBe('added 3, bad ["x"]')
  expect(resultOf(FAILED)).toBe('no table users')
  expect(resultOf(run({}))).toBe('')
})
