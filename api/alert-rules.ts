/** What a rule may say: what nothing stored answers is refused as the question would be, by the field of the rule. */
import {questionsOf, type AlertRule} from '../contracts/alerts.ts'
import {judgePlanned} from './event-table.ts'
import {invalid, refuse} from './problem.ts'
import {byOwnFields, type OwnFields} from './query/own-fields.ts'
import {planQuestion, type QuestionDeps} from './query/question.ts'
import {metricsOfKind} from './query/subject.ts'
import type {AlertRuleChange, NewAlertRule} from './schemas/alerts.ts'
import type {QueryBody} from './schemas/query.ts'

/** A rule as it is stored, without what the evaluator says of it. */
export type RuleText = Required<NewAlertRule>

const USUAL = {
  dimension: null,
  filters: [],
  threshold: null,
  direction: 'both',
  days: 7,
  open_after_seconds: 0,
  resolve_after_seconds: 0,
  severity: 'warning',
  channels: [],
  muted_until: null,
} as const satisfies Partial<RuleText>

/** In the order in which they are stored. */
export const RULE_FIELDS = [
  'name',
  'stream',
  'metric',
  'dimension',
  'filters',
  'kind',
  'threshold',
  'direction',
  'window_minutes',
  'days',
  'open_after_seconds',
  'resolve_after_seconds',
  'severity',
  'channels',
  'muted_until',
] as const satisfies readonly (keyof RuleText)[]

export const completeRule = (given: NewAlertRule): RuleText => ({...USUAL, ...given})

/** The rule after a change. */
export const changedRule = (rule: RuleText, change: AlertRuleChange): RuleText => ({
  ...rule,
  ...change,
})

/** Fields of a rule by the fields of the question that is made of it. */
const FIELDS: OwnFields = [
  [/^\/metrics(\/0)?$/, '/metric'],
  [/^\/dimensions(\/0)?$/, '/dimension'],
  [/^(\/date_range|period|from|to)$/, '/window_minutes'],
]

/** @throws what the question is refused with, naming fields of the rule */
async function checkQuestions(deps: QuestionDeps, rule: AlertRule): Promise<void> {
  const {present, past} = questionsOf(rule, Date.now())
  await byOwnFields('body', FIELDS, async () => {
    for (const question of [present, ...past.slice(0, 1)]) {
      await planQuestion(deps, question as unknown as QueryBody)
    }
  })
}

function checkThreshold({kind, threshold}: AlertRule): void {
  if ((threshold === null) !== (kind === 'absence')) {
    const detail =
      kind === 'absence' ? 'must be left out of an absence' : `must be a number: ${kind} needs one`
    throw invalid('body', '/threshold', threshold, detail)
  }
  if (threshold !== null && threshold <= 0 && (kind === 'change' || kind === 'deviation')) {
    throw refuse('body', '/threshold', threshold, `of a ${kind} must be more than 0`)
  }
}

/** @throws a problem that names the field which does not fit the stream, or the others */
export async function checkRule(deps: QuestionDeps, rule: RuleText): Promise<void> {
  const {stream, metric, dimension, kind, muted_until: mutedUntil} = rule
  checkThreshold(rule)
  const detail = mutedUntil === null ? undefined : judgePlanned(mutedUntil)
  if (detail !== undefined) throw refuse('body', '/muted_until', mutedUntil, detail)
  const subject = deps.subjects(stream, 'body')
  if (dimension !== null && /^time(:|$)/.test(dimension)) {
    throw refuse('body', '/dimension', dimension, 'must not be time: the window is')
  }
  await checkQuestions(deps, rule)
  if (subject.notNumbers.has(metric)) {
    throw refuse('body', '/metric', metric, 'is no number: only numbers are judged')
  }
  if (kind === 'absence' && !metricsOfKind(subject, 'count').includes(metric)) {
    throw refuse('body', '/metric', metric, 'of an absence must be a count')
  }
}
