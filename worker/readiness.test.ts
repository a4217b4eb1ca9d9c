import {expect, test} from 'vitest'
import {createReadiness} from './readiness.ts'
import type {JobState} from './schedule/store.ts'

function setup(states: () => readonly JobState[] = () => [], problems: readonly string[] = []) {
  const at = {now: 0, isStopping: false}
  const readiness = createReadiness({
    now: () => at.now,
    isStopping: () => at.isStopping,
    readStates: async () => await Promise.resolve().then(states),
    problems: () => problems,
  })
  return {at, readiness}
}

test('a worker is ready while it looks what is due, and says why it is not', async () => {
  const {at, readiness} = setup()
  expect(await readiness.judge()).toMatchObject({
    ready: false,
    reasons: ['starting: nothing was looked at yet'],
  })
  readiness.looked(null)
  expect(await readiness.judge()).toEqual({ready: true, reasons: [], details: {warnings: {}}})
  at.now = 16_000
  expect(await readiness.judge()).toMatchObject({
    ready: false,
    reasons: ['nobody has looked for 16 s what is due'],
  })
  readiness.looked('PostgreSQL is away')
  expect(await readiness.judge()).toMatchObject({
    ready: false,
    reasons: ['it could not be looked what is due: PostgreSQL is away'],
  })
  readiness.looked(null)
  at.isStopping = true
  expect(await readiness.judge()).toMatchObject({ready: false, reasons: ['stopping']})
})

test('jobs that fail are warnings, and that they cannot be read is not silence', async () => {
  const failing = [
    {job: 'a', error: 'no table', lateS: 0},
    {job: 'b', error: null, lateS: 0},
  ]
  const {readiness} = setup(() => failing, ['orders/0 waits for a minute'])
  readiness.looked(null)
  expect(await readiness.judge()).toEqual({
    ready: true,
    reasons: [],
    details: {warnings: {a: 'no table', 'sink 1': 'orders/0 waits for a minute'}},
  })
  const broken = setup(() => {
    throw new Error('timeout')
  })
  broken.readiness.looked(null)
  expect(await broken.readiness.judge()).toEqual({
    ready: false,
    reasons: ['jobs cannot be read: timeout'],
  })
})
