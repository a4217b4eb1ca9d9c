/** The part of the schema that is made from the declarations. Pure. */
import {SCALARS} from './figure-types.ts'
import type {Named, RollupModel, StreamModel, Typed} from './stream-model.ts'

const PERIOD = 'period: String, from: String, to: String, timezone: String'

/** Types that all streams share. */
export const SHARED = `
${SCALARS}
"How fresh an answer is, and which store gave it."
type Meta { source: String! newest_event_at: String age_ms: Long notes: [String!]! }
"Send next_cursor as cursor, with everything else unchanged; null on the last page."
type Page { limit: Int! next_cursor: String }
"Distinct values in a live window."
type Active { of: String! window_seconds: Int! active: Long! meta: Meta! }
`

const namesOf = (named: readonly Named[]): string => named.map(({name}) => name).join(' ')
const fieldsOf = (typed: readonly Typed[]): string =>
  typed.map(({name, type}) => `${name}: ${type}`).join('\n  ')

/** As a text of GraphQL, whatever names are in it. */
const quote = (text: string): string => JSON.stringify(text)

function rollupSdl({type, metrics, splits}: RollupModel): string {
  const breakdown = `
enum ${type}_Split { ${namesOf(splits)} }
type ${type}_Slice { value: String metrics: ${type}_Metrics! }
type ${type}_Breakdown { dimension: String! from: String to: String! items: [${type}_Slice!]! meta: Meta! }`
  return `
type ${type} {
  "Value of each column; null is null."
  key: [String]!
  "In total, or for a period."
  figures(${PERIOD}): ${type}_Figures!
  timeseries(granularity: Granularity! = day, ${PERIOD}): ${type}_Series!
  ${splits.length === 0 ? '' : `breakdown(dimension: ${type}_Split!, ${PERIOD}): ${type}_Breakdown!`}
}
type ${type}_Metrics { ${fieldsOf(metrics)} }
type ${type}_Figures { from: String to: String! metrics: ${type}_Metrics! meta: Meta! }
type ${type}_Bucket { start: String! end: String! metrics: ${type}_Metrics! }
type ${type}_Series { granularity: Granularity! timezone: String! buckets: [${type}_Bucket!]! meta: Meta! }
${splits.length === 0 ? '' : breakdown}`
}

const fieldOfRollup = ({rollup, field, type}: RollupModel): string => {
  if (rollup.by.length === 0) return `${field}: ${type}!`
  const words = `By ${rollup.by.join(' and ')}: key has a text for each, (none) for null, ((none) for that text.`
  return `${quote(words)}\n  ${field}(key: [String!]!): ${type}!`
}

function topSdl({type, top}: StreamModel): string {
  if (top === undefined) return ''
  return `
enum ${type}_TopBy { ${namesOf(top.by)} }
enum ${type}_Metric { ${namesOf(top.metrics)} }
type ${type}_TopMetrics { ${fieldsOf(top.metrics)} }
type ${type}_TopItem { rank: Int! key: [String]! value: JSON metrics: ${type}_TopMetrics! }
type ${type}_Top { by: String! metric: String! from: String to: String! items: [${type}_TopItem!]! meta: Meta! }`
}

function streamSdl(model: StreamModel): string {
  const {plan, field, type, rollups, top, event} = model
  const parts = [
    ...rollups.map(fieldOfRollup),
    ...(top === undefined
      ? []
      : [
          `"The most of a metric: in the declared window, or with a period of every key as it is stored."
  top(by: ${type}_TopBy!, metric: ${type}_Metric, limit: Int! = 10, ${PERIOD}): ${type}_Top!`,
        ]),
    ...(plan.actives.length === 0 ? [] : ['active: Active!']),
    `"Of one key of the stream, newest first."
  events(key: String!, from: String, to: String, limit: Int! = 20, cursor: String): ${type}_Events!`,
    `event(id: ID!): ${type}_Event`,
  ]
  return `
extend type Query {
  ${quote(`Figures and events of ${plan.stream.table}.`)}
  ${field}: ${type}!
}
type ${type} {
  ${parts.join('\n  ')}
}
type ${type}_Event { ${fieldsOf(event)} }
type ${type}_Events { items: [${type}_Event!]! page: Page! meta: Meta! }
${topSdl(model)}
${rollups.map(rollupSdl).join('\n')}`
}

function subscriptionSdl({subscription, rollup, type}: RollupModel): string {
  const key = rollup.by.length === 0 ? '' : '(key: [String!]!)'
  return `${subscription}${key}: ${type}_Figures!`
}

/** @param extendsOthers whether there are subscriptions of others already */
export function streamsSdl(models: readonly StreamModel[], extendsOthers: boolean): string {
  const live = models.flatMap(({rollups}) => rollups.map(subscriptionSdl))
  const type = `${extendsOthers ? 'extend ' : ''}type Subscription`
  const subscriptions = live.length === 0 ? '' : `${type} {\n  ${live.join('\n  ')}\n}`
  return [...models.map(streamSdl), subscriptions].join('\n')
}
