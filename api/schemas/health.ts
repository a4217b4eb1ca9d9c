/** The verdict about the pipeline, and what comparing it with PostgreSQL said. */
import {Type, type Static} from 'typebox'
import {FINDING_CODES} from '../pipeline/findings.ts'
import {Count, named, nullable, oneOf, Time} from './common.ts'

export const FindingView = named('Finding', {
  code: oneOf(FINDING_CODES, {description: 'has a section of its name in docs/RUNBOOK.md'}),
  severity: oneOf(['error', 'warning']),
  what: Type.String({description: 'what is wrong'}),
  detail: nullable(
    Type.String({description: 'what was said in full; null without the scope admin'}),
  ),
  todo: Type.String({description: 'what to do'}),
  runbook: Type.String({description: 'where more is said'}),
})

export const VerdictView = named('Verdict', {
  healthy: Type.Boolean({description: 'no error was found, and nothing is only starting'}),
  state: oneOf(['healthy', 'starting', 'unhealthy']),
  findings: Type.Array(FindingView, {description: 'errors first'}),
})
export type VerdictView = Static<typeof VerdictView>

export const ReconciliationView = named('Reconciliation', {
  stream: Type.String(),
  scope: Type.String({description: 'all, a day, or a key'}),
  finished_at: Time,
  keys: Count,
  differences: Count,
  undecided: Count,
  repaired: Count,
})
