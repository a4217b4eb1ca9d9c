/** What stands out in streams: what rises, what changed. */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import type {Change} from '../insight/changes.ts'
import {CHANGE_SPANS, readChanges, type ChangeSpan} from '../insight/read-changes.ts'
import {readRising} from '../insight/rising.ts'
import type {Score} from '../insight/scores.ts'
import {describeChange} from '../insight/words.ts'
import {byOwnFields} from '../query/own-fields.ts'
import {metricsOfKind, type Subject} from '../query/subject.ts'
import {roundAll} from '../rounding.ts'
import {
  ChangeItem,
  Changes,
  CHANGES_MAX,
  ChangesQuery,
  Rising,
  RisingItem,
  RisingQuery,
} from '../schemas/insight.ts'
import {msToIso} from '../times.ts'
import {FIELDS, keepAnswers, metricOf, type InsightAsked} from './insight-asked.ts'
import {addInsightUsers} from './insight-users.ts'
import {addTypicalRetention} from './insight-content.ts'
import {optionsOf, READ} from './options.ts'

export interface InsightDeps extends InsightAsked {
  /** Names of streams that are counted. */
  readonly streams: readonly string[]
  /** Whether there are contents, with curves. */
  readonly hasContents: boolean
}

const KEPT_MAX = 200

const scored = ({
  present,
  usual,
  expected,
  kindGrowth,
  deviations,
}: Omit<Score, 'key' | 'kind'>) => ({
  present,
  usual,
  expected,
  kind_growth: kindGrowth,
  deviations,
})

const toItem = (change: Change): ChangeItem => ({
  stream: change.stream,
  metric: change.metric,
  dimension: change.dimension,
  value: change.value,
  ...scored(change),
  impact: change.impact,
  text: describeChange(change),
})

export function addInsightRoutes(app: Api, deps: InsightDeps): void {
  addRising(app, deps)
  addChanges(app, deps)
  addInsightUsers(app, deps)
  if (deps.hasContents) addTypicalRetention(app, deps)
}

function addRising(app: Api, deps: InsightDeps): void {
  const {ask, reads, subjects, now, keptMs} = deps
  type Asked = {subject: Subject; metric: string; by: string; hours: number}
  const kept = keepAnswers({keptMs, max: KEPT_MAX}, ({subject, ...asked}: Asked) =>
    readRising(ask, subject, asked, now()),
  )
  const titleOf = async (subject: Subject, by: string, key: string): Promise<string | null> => {
    const {facts} = subject
    if (facts === undefined || (by !== facts.field && by !== facts.alias)) return null
    return (await reads.content(key))?.title ?? null
  }
  app.get(
    '/v1/insight/rising',
    optionsOf('insight', READ, {
      operationId: 'getRising',
      summary: 'What has more than its own past and its kind let expect',
      description:
        'The last whole hours beside the same hours of seven days before; contents beside those of their type. Answers are up to a minute old.',
      querystring: RisingQuery,
      response: {200: Rising},
      csv: ({items}: Static<typeof Rising>) => ({columns: columnsOf(RisingItem), rows: items}),
    }),
    async ({query}) => {
      const {hours = 24, limit = 10, decimals} = query
      const subject = subjects(query.stream, 'query')
      const {name: stream, keyField} = subject.plan.stream
      const metric = metricOf(query.metric, metricsOfKind(subject, 'count'), 'count')
      const by = query.by ?? keyField
      const {value, meta} = await byOwnFields('query', FIELDS, () =>
        kept([stream, metric, by, hours], {subject, metric, by, hours}),
      )
      const items = await Promise.all(
        value.items.slice(0, limit).map(async one => ({
          key: one.key,
          title: await titleOf(subject, by, one.key),
          kind: one.kind,
          ...scored(one),
        })),
      )
      const span = {from: msToIso(value.span.from), to: msToIso(value.span.to)}
      return {
        stream,
        metric,
        by,
        ...span,
        compared: value.compared,
        items: roundAll(items, decimals),
        meta,
      }
    },
  )
}

function addChanges(app: Api, deps: InsightDeps): void {
  const {ask, subjects, streams, now, keptMs} = deps
  const kept = keepAnswers({keptMs, max: CHANGE_SPANS.length}, (span: ChangeSpan) => {
    const all = streams.map(name => subjects(name, 'query'))
    return readChanges(ask, all, {span, limit: CHANGES_MAX}, now())
  })
  app.get(
    '/v1/insight/changes',
    optionsOf('insight', READ, {
      operationId: 'getChanges',
      summary: 'The changes of the last day or week that are most worth a look',
      description:
        'Counts of every stream, as a whole and by what it is counted by, beside the spans before. Answers are up to a minute old.',
      querystring: ChangesQuery,
      response: {200: Changes},
      csv: ({items}: Static<typeof Changes>) => ({columns: columnsOf(ChangeItem), rows: items}),
    }),
    async ({query: {span = 'day', limit = 5, decimals}}) => {
      const found = await kept([span], span)
      const items = found.items.slice(0, limit).map(toItem)
      return {
        span,
        from: msToIso(found.span.from),
        to: msToIso(found.span.to),
        items: roundAll(items, decimals),
      }
    },
  )
}
