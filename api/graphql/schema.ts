/** The GraphQL schema: the same things, names and figures as REST. Of declared streams it is made from the declarations. */
import {buildSchema} from 'graphql/index.js'
import {findRole, type Stream} from '../../contracts/stream.ts'
import {isSample} from '../../db/sample-tables.ts'
import {CONTENT_TYPES} from '../../db/tables.ts'
import type {StreamPlan} from '../../readmodel/plan.ts'
import {GRANULARITIES} from '../calendar.ts'
import {METRIC_NAMES} from '../measures.ts'
import {BREAKDOWNS} from '../schemas/metrics.ts'
import {describeStreams, type StreamModel} from './stream-model.ts'
import {SHARED, streamsSdl} from './stream-sdl.ts'

const INTEGERS = new Set([
  'events',
  'plays',
  'pauses',
  'finishes',
  'clicks',
  'unique_viewers',
  'events_with_duration',
])
const typeOf = (name: string): string => {
  if (name === 'first_event_at' || name === 'last_event_at') return 'String'
  return INTEGERS.has(name) ? 'Int!' : 'Float'
}

/** A question of `POST /v1/query`: its words and its answer are those of REST. */
const BASE = `\
"Live numbers of PostgreSQL. Times are RFC 3339, UTC."
type Query {
  "Metrics of a stream by dimensions, filtered, for a period: what POST /v1/query takes, and what it answers."
  query(
    stream: String
    metrics: [String!]!
    "A period such as 7d, or [start, end]."
    date_range: JSON!
    dimensions: [String!]
    "Such as [[\\"is\\", \\"device\\", [\\"ios\\"]]]."
    filters: JSON
    "Such as [[\\"plays\\", \\"desc\\"]]."
    order_by: JSON
    include: JSON
    pagination: JSON
    timezone: String
  ): Answer!
}

enum Granularity { ${GRANULARITIES.join(' ')} }

type Answer { results: [AnswerRow!]! totals: AnswerTotals meta: JSON! }
type AnswerRow { dimensions: [JSON]! metrics: [JSON]! percentages: [Float] comparison: AnswerChange }
type AnswerTotals { metrics: [JSON]! comparison: AnswerChange }
"The same in the period that is compared with; change in percent."
type AnswerChange { dimensions: [JSON] metrics: [JSON]! change: [Float]! }
`

/** Types of what the application's tables hold: ours have a closed list of types, and a time always. */
const contentSdl = (content: Stream): string => {
  const time = content.columns.find(({field}) => field === 'publish_ts')
  const type = isSample(content) ? 'ContentType' : 'String'
  return `
extend type Query {
  content(id: ID!): Content
  contents(limit: Int! = 20, search: String, content_type: ${type}): [Content!]!
}
${isSample(content) ? `enum ContentType { ${CONTENT_TYPES.join(' ')} }` : ''}
type Content {
  id: ID!
  slug: String!
  title: String!
  content_type: ${type}
  length_seconds: Int
  publish_ts: String${isSample(content) || time?.nullable === false ? '!' : ''}
}
`
}

const FIGURES = `
extend type Query {
  "The last ten minutes, or a period such as 7d, by any metric."
  top(limit: Int! = 10, by: Metric! = engagement_seconds, period: String): [TopItem!]!
}

type Subscription {
  "Figures of a content whenever they change."
  content_metrics(id: ID!): ContentLive!
}

type ContentLive { content: Content! metrics: Metrics! }

enum Dimension { ${BREAKDOWNS.join(' ')} }
enum Metric { ${METRIC_NAMES.join(' ')} }

extend type Content {
  "In total, or for a period."
  metrics(period: String): Metrics!
  timeseries(granularity: Granularity! = day, period: String, timezone: String): [Bucket!]!
  breakdown(dimension: Dimension!, period: String): [Slice!]!
  events(limit: Int! = 20): [Event!]!
}

type Metrics { ${METRIC_NAMES.map(name => `${name}: ${typeOf(name)}`).join('\n  ')} }
type Bucket { start: String! metrics: Metrics! }
type Slice { value: String metrics: Metrics! }
type TopItem { rank: Int! content: Content! value: Float }

extend type Event { content: Content }
`

const EVENTS = `
extend type Query {
  event(id: ID!): Event
  active_users: Int!
}

type Event {
  event_id: ID!
  content_id: ID
  user_id: ID
  event_type: String!
  event_ts: String!
  duration_ms: Int
  device: String
  content_type: String
  length_seconds: Int
  engagement_seconds: Float
  engagement_pct: Float
}
`

export interface Graph {
  readonly sdl: string
  readonly streams: readonly StreamModel[]
}

/**
 * The schema of these streams.
 *
 * @param declared all streams, also those that others look up in: fields of contents are there where contents are
 */
export function graphOf(
  plans: readonly StreamPlan[],
  declared: readonly Stream[] = plans.map(({stream}) => stream),
): Graph {
  const [content, engagement] = [findRole(declared, 'content'), findRole(declared, 'engagement')]
  const own = [
    BASE,
    SHARED,
    ...(content === undefined ? [] : [contentSdl(content)]),
    ...(engagement === undefined ? [] : [EVENTS]),
    ...(content === undefined || engagement === undefined ? [] : [FIGURES]),
  ].join('')
  const base = buildSchema(own)
  const streams = describeStreams(plans, {
    fields: Object.keys(base.getQueryType()!.getFields()),
    subscriptions: Object.keys(base.getSubscriptionType()?.getFields() ?? {}),
    types: Object.keys(base.getTypeMap()),
  })
  return {sdl: own + streamsSdl(streams, base.getSubscriptionType() !== undefined), streams}
}
