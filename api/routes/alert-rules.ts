/** Rules of alerts. */
import {Type, type Static} from 'typebox'
import {
  checkChannels,
  deleteRule,
  insertRule,
  listRules,
  readRule,
  updateRule,
} from '../alert-rule-table.ts'
import {changedRule, checkRule, completeRule, RULE_FIELDS, type RuleText} from '../alert-rules.ts'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import type {Database} from '../database.ts'
import {markReplay, writeOnce} from '../idempotency.ts'
import {notFound} from '../problem.ts'
import type {Subjects} from '../query/subjects.ts'
import {
  AlertRuleChange,
  AlertRuleList,
  AlertRuleParams,
  AlertRuleSchema,
  NewAlertRule,
  type AlertRuleView,
} from '../schemas/alerts.ts'
import {IdempotencyHeaders} from '../schemas/writes.ts'
import {optionsOf, READ, WRITE} from './options.ts'

export interface AlertRuleDeps {
  readonly db: Database
  readonly subjects: Subjects
}

const toTable = (rows: readonly AlertRuleView[]) => ({
  columns: columnsOf(AlertRuleSchema),
  rows: [...rows],
})

/** What a rule says, without what is said of it. */
const textOfRule = (rule: AlertRuleView): RuleText =>
  Object.fromEntries(RULE_FIELDS.map(name => [name, rule[name]])) as unknown as RuleText

export function addAlertRuleRoutes(app: Api, deps: AlertRuleDeps): void {
  const {db} = deps
  app.get(
    '/v1/alerts/rules',
    optionsOf('alerts', READ, {
      operationId: 'listAlertRules',
      summary: 'All rules of alerts',
      response: {200: AlertRuleList},
      csv: ({items}: Static<typeof AlertRuleList>) => toTable(items),
    }),
    async () => ({items: [...(await listRules(db))]}),
  )
  app.get(
    '/v1/alerts/rules/:id',
    optionsOf('alerts', READ, {
      operationId: 'getAlertRule',
      summary: 'One rule, with why it is not judged',
      params: AlertRuleParams,
      response: {200: AlertRuleSchema},
      problems: ['not-found'],
      csv: (rule: AlertRuleView) => toTable([rule]),
    }),
    async ({params: {id}}) => {
      const rule = await readRule(db, id)
      if (rule === undefined) throw notFound('alert rule', id)
      return rule
    },
  )
  app.post(
    '/v1/alerts/rules',
    optionsOf('alerts', WRITE, {
      operationId: 'createAlertRule',
      summary: 'Watch a measure of a stream',
      description: 'What nothing stored answers is refused as the same question to /v1/query is.',
      headers: IdempotencyHeaders,
      body: NewAlertRule,
      response: {201: AlertRuleSchema},
      problems: ['conflict'],
    }),
    async (request, reply) => {
      const rule = completeRule(request.body)
      await checkRule(deps, rule)
      await checkChannels(db, rule.channels)
      const outcome = await writeOnce(db, request, 201, session => insertRule(session, rule))
      markReplay(reply, outcome)
      return reply.code(201).send(outcome.body)
    },
  )
  addChangeRoutes(app, deps)
}

function addChangeRoutes(app: Api, deps: AlertRuleDeps): void {
  const {db} = deps
  app.patch(
    '/v1/alerts/rules/:id',
    optionsOf('alerts', WRITE, {
      operationId: 'updateAlertRule',
      summary: 'Change a rule, or mute it',
      description: 'What is open stays open until the rule, as it is then, is not met.',
      params: AlertRuleParams,
      body: AlertRuleChange,
      response: {200: AlertRuleSchema},
      problems: ['not-found', 'conflict'],
    }),
    async ({params: {id}, body}) =>
      await db.transaction(async session => {
        const stored = await readRule(session, id, 'FOR UPDATE')
        if (stored === undefined) throw notFound('alert rule', id)
        const rule = changedRule(textOfRule(stored), body)
        await checkRule({...deps, db: session}, rule)
        await checkChannels(session, rule.channels)
        return await updateRule(session, id, rule)
      }),
  )
  app.delete(
    '/v1/alerts/rules/:id',
    optionsOf('alerts', WRITE, {
      operationId: 'deleteAlertRule',
      summary: 'Delete a rule',
      description: 'What is open of it is resolved.',
      params: AlertRuleParams,
      response: {204: Type.Null({description: 'deleted'})},
      problems: ['not-found'],
    }),
    async ({params: {id}}, reply) => {
      if (!(await db.transaction(session => deleteRule(session, id)))) {
        throw notFound('alert rule', id)
      }
      return reply.code(204).send(null)
    },
  )
}
