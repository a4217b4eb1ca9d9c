import {expect, test} from 'vitest'
import {sumUp, type VitestReport} from './test-summary.ts'

const report = (changes: Partial<VitestReport>): VitestReport => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  success: true,
  testResults: [],
  ...changes,
})

test('checks and tests are added up in one line', () => {
  const {line, ok} = sumUp([
    {name: 'lint', status: 0},
    {name: 'tests', status: 0, report: report({numPassedTests: 41, numPendingTests: 2})},
  ])
  expect({line, ok}).toEqual({line: '42 passed, 0 failed, 2 skipped', ok: true})
})

test('a failed check is a failure', () => {
  const summary = sumUp([
    {name: 'lint', status: 1},
    {name: 'types', status: 0},
  ])
  expect(summary).toEqual({
    ok: false,
    failedSteps: ['lint'],
    line: '1 passed, 1 failed, 0 skipped',
  })
})

test('a test file that cannot be loaded is a failure although no test failed', () => {
  const broken = report({success: false, testResults: [{status: 'failed', assertionResults: []}]})
  expect(sumUp([{name: 'tests', status: 1, report: broken}]).line).toBe(
    '0 passed, 1 failed, 0 skipped',
  )
})

test('a run that ends badly without naming a failure is a failure', () => {
  const passed = report({numPassedTests: 3, success: false})
  expect(sumUp([{name: 'tests', status: 1, report: passed}]).line).toBe(
    '3 passed, 1 failed, 0 skipped',
  )
})
