import {expect, test} from 'vitest'
import {createReadiness} from './readiness.ts'

function setup(warnings: () => Record<string, string> = () => ({})) {
  const at = {now: 0, isStopping: false}
  const readiness = createReadiness({
    now: () => at.now,
    isStopping: () => at.isStopping,
    readWarnings: async () => await Promise.resolve().then(warnings),
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

test('what fails are warnings, and that it cannot be read is not silence', async () => {
  const {readiness} = setup(() => ({a: 'no table'}))
  readiness.looked(null)
  expect(await readiness.judge()).toEqual({
    ready: true,
    reasons: [],
    details: {warnings: {a: 'no table'}},
  })
  const broken = setup(() => {
    throw new Error('timeout')
  })
  broken.readiness.looked(null)
  expect(await broken.readiness.judge()).toEqual({
    ready: false,
    reasons: ['it cannot be read what fails: timeout'],
  })
})
