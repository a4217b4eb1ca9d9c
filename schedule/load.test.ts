import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFinished, test} from 'vitest'
import {createNextTimes} from '../platform/jobs.ts'
import {job, type JobOptions} from './job.ts'
import {checkJobs, loadJobs} from './load.ts'

const nextTimes = createNextTimes()

const options = (changes: Partial<JobOptions<null>>): JobOptions<null> => ({
  name: 'sweep',
  what: 'Sweeps.',
  retries: 1,
  backOffS: {first: 1, max: 2},
  timeLimitS: 10,
  settings: () => null,
  run: async () => await Promise.resolve({}),
  ...changes,
})
const timed = (name: string, cron = '0 3 * * *', zone = 'UTC') => job(options({name, cron, zone}))
const following = (name: string, ...after: string[]) => job(options({name, after}))

test('the jobs of this project are found, each with a time', async () => {
  const jobs = await loadJobs('schedule', nextTimes)
  expect(jobs.map(({name, cron}) => [name, cron !== null])).toEqual([
    ['fetch-users', true],
    ['reconcile', true],
    ['retention', true],
    ['tell-changes', true],
  ])
})

test('a job whose setting is missing says which one, and one that is set is on', async () => {
  const jobs = await loadJobs('schedule', nextTimes)
  const fetchUsers = jobs.find(({name}) => name === 'fetch-users')!
  expect(fetchUsers.ready({}).off).toBe('WORKER_USERS_URL is not set')
  expect(fetchUsers.ready({WORKER_USERS_URL: 'http://127.0.0.1/api/'}).off).toBeNull()
  expect(() => fetchUsers.ready({WORKER_USERS_URL: 'ftp://x', WORKER_USERS_PAGES: '0'})).toThrow(
    /WORKER_USERS_URL="ftp:\/\/x"[^]*WORKER_USERS_PAGES="0": expected an integer from 1 to 1000/,
  )
})

test.each<[Partial<JobOptions<null>>, string]>([
  [{name: 'Nightly!', cron: '* * * * *'}, 'name is "Nightly!": give small letters'],
  [{what: ' ', cron: '* * * * *'}, 'what is " ": give a sentence'],
  [{}, 'give either cron, or after'],
  [{cron: '* * * * *', after: ['other']}, 'give either cron, or after'],
  [{cron: '* * * * *', retries: 99}, 'retries is 99: give a whole number from 0 to 20'],
  [
    {cron: '* * * * *', backOffS: {first: 5, max: 4}},
    'backOffS.max is 4: give a whole number from 5',
  ],
  [{cron: '* * * * *', timeLimitS: 0.5}, 'timeLimitS is 0.5: give a whole number from 1'],
])('a declaration that cannot be is refused by field and value: %j', (changes, message) => {
  expect(() => job(options(changes))).toThrow(message)
})

test.each([
  [[timed('a'), timed('a')], 'two jobs are named a'],
  [[timed('a', '61 * * * *')], 'job a: cron "61 * * * *" in zone "UTC"'],
  [[timed('a', '0 3 * * *', 'Mars/Base')], 'job a: cron "0 3 * * *" in zone "Mars/Base"'],
  [[timed('a', '0 0 3 * * *')], 'job a: cron is "0 0 3 * * *": give five fields'],
  [
    [timed('a'), following('b', 'c')],
    'job b comes after c, which is none of the jobs: there are a, b',
  ],
  [[following('a', 'b'), following('b', 'a')], 'in a circle: a → b → a'],
  [
    [timed('a'), timed('b', '0 4 * * *'), following('c', 'a', 'b')],
    'job c comes after jobs of several times (0 3 * * * in UTC, 0 4 * * * in UTC)',
  ],
])('jobs that do not fit together are refused: %#', (jobs, message) => {
  expect(() => checkJobs(jobs, nextTimes)).toThrow(message)
})

test('jobs of one time may be followed by one of both, at any distance', () => {
  const jobs = [timed('a'), timed('b'), following('c', 'a'), following('d', 'b', 'c')]
  expect(() => checkJobs(jobs, nextTimes)).not.toThrow()
})

test('a folder without jobs, and a file that cannot be read, are named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'schedule-'))
  onTestFinished(() => rmSync(folder, {recursive: true}))
  await expect(loadJobs('/nonexistent', nextTimes)).rejects.toThrow('set WORKER_SCHEDULE_FOLDER')
  await expect(loadJobs(folder, nextTimes)).rejects.toThrow('exports a job')
  writeFileSync(join(folder, 'broken.ts'), 'throw new Error("not today")')
  await expect(loadJobs(folder, nextTimes)).rejects.toThrow(/broken\.ts: not today/)
})
