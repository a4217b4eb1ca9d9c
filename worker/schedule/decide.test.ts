import {expect, test} from 'vitest'
import {createNextTimes} from '../../platform/jobs.ts'
import {findDue, followersDue, reasonOf, stateAfter, type Follower} from './decide.ts'

const nextTimes = createNextTimes()
const at = (text: string): Date => new Date(text)

test('a job whose time is not known begins with the next one, and nothing is made up for', () => {
  const job = {cron: '0 3 * * *', zone: 'UTC', nextAt: null}
  expect(findDue(job, at('2026-05-01T12:00:00Z'), nextTimes)).toEqual({
    tick: null,
    nextAt: at('2026-05-02T03:00:00Z'),
  })
})

test('the tick is the time that it was due for, however late somebody looks', () => {
  const job = {cron: '0 3 * * *', zone: 'UTC', nextAt: at('2026-05-01T03:00:00Z')}
  expect(findDue(job, at('2026-05-01T02:59:59.999Z'), nextTimes).tick).toBeNull()
  expect(findDue(job, at('2026-05-01T03:00:00Z'), nextTimes)).toEqual({
    tick: at('2026-05-01T03:00:00Z'),
    nextAt: at('2026-05-02T03:00:00Z'),
  })
})

test.each([
  ['* * * * *', '2026-05-04T10:30:00Z', '2026-05-04T10:31:00Z'],
  ['0 3 * * *', '2026-05-04T03:00:00Z', '2026-05-05T03:00:00Z'],
  ['*/5 0-5 * * *', '2026-05-04T05:55:00Z', '2026-05-05T00:00:00Z'],
  ['0 0 29 2 *', '2024-02-29T00:00:00Z', '2028-02-29T00:00:00Z'],
])('of many times of %s that were missed the last one is made up for', (cron, tick, next) => {
  const job = {cron, zone: 'UTC', nextAt: nextTimes(cron, 'UTC', at('2015-01-01'), 1)[0]!}
  expect(findDue(job, at('2026-05-04T10:30:20Z'), nextTimes)).toEqual({
    tick: at(tick),
    nextAt: at(next),
  })
})

test('times are those of the zone, also over the change of its clocks', () => {
  const job = {cron: '30 2 * * *', zone: 'Europe/Berlin', nextAt: null}
  const next = (now: string) => findDue(job, at(now), nextTimes).nextAt
  expect(next('2026-07-01T12:00:00Z')).toEqual(at('2026-07-02T00:30:00Z'))
  expect(next('2026-12-01T12:00:00Z')).toEqual(at('2026-12-02T01:30:00Z'))
})

const follower = (name: string, after: readonly string[], changes: Partial<Follower> = {}) => ({
  name,
  after,
  off: null,
  isPaused: false,
  ...changes,
})

test('a job follows when all that it comes after have succeeded, and it is neither off nor paused', () => {
  const followers = [
    follower('of-one', ['a']),
    follower('of-two', ['a', 'b']),
    follower('off', ['a'], {off: 'not set'}),
    follower('paused', ['a'], {isPaused: true}),
  ]
  expect(followersDue(followers, new Set(['a']))).toEqual(['of-one'])
  expect(followersDue(followers, new Set(['a', 'b']))).toEqual(['of-one', 'of-two'])
})

test('a run has failed only after its last try', () => {
  expect([1, 2, 3].map(attempt => stateAfter(attempt, 2))).toEqual([
    'retrying',
    'retrying',
    'failed',
  ])
  expect(stateAfter(1, 0)).toBe('failed')
})

test('the history says what ended a try, before what it said itself', () => {
  const ended = {byTime: false, byStop: false, byClaim: false, timeLimitS: 5}
  expect(reasonOf('no table users', ended)).toBe('no table users')
  expect(reasonOf('', ended)).toBe('failed without a word')
  expect(reasonOf('aborted', {...ended, byTime: true})).toBe('took longer than 5 s')
  expect(reasonOf('aborted', {...ended, byStop: true})).toBe('the worker was stopped')
  expect(reasonOf('aborted', {...ended, byClaim: true})).toBe('another worker has taken the run')
})
