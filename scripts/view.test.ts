import {expect, test} from 'vitest'
import {conclude, finding, type Finding} from '../api/pipeline/findings.ts'
import type {Look} from './pipeline-status.ts'
import {findingLines, statusLine} from './view.ts'

const lookOf = (findings: readonly Finding[]): Look => {
  const verdict = conclude(findings)
  return {
    verdict,
    problems: verdict.findings.map(({what}) => what),
    status: {
      healthy: verdict.healthy,
      outboxUnpublished: 3,
      lagRecords: null,
    } as Look['status'],
  }
}

test('the line says in a word whether it is healthy, starting, or not', () => {
  const lines = [
    [],
    [finding('starting', 'It is starting.')],
    [finding('dead-letters', 'One is open.'), finding('lag-high', 'Many wait.')],
  ].map(findings => statusLine(lookOf(findings), 12.4, undefined))
  expect(lines).toEqual([
    'healthy | outbox 3 unpublished | 12 records/s | lag ? | last error: none',
    'starting (It is starting.) | outbox 3 unpublished | 12 records/s | lag ? | last error: none',
    'UNHEALTHY (One is open. Many wait.) | outbox 3 unpublished | 12 records/s | lag ? | last error: none',
  ])
})

test('below it each finding says what is wrong, what to do, and where more is said', () => {
  expect(findingLines(lookOf([finding('topic-missing', 'Topic x is not there.')]))).toEqual([
    '  error topic-missing: Topic x is not there.',
    '    Run npm run init, which makes missing topics. (docs/RUNBOOK.md#topic-missing)',
  ])
})
