/** The GraphQL schema: the same things, names and figures as REST. Of declared streams it is made from the declarations. */
import {buildSchema} from 'graphql/index.js'
import type {StreamPlan} from '../../readmodel/plan.ts'
import {METRIC_NAMES} from '../measures.ts'
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

const SDL = `\
"Engagement of content. Times are RFC 3339, UTC."
type Query {
  content(id: ID!): Content
  contents(limit: Int! = 20, search: String, content_type: ContentType): [Content!]!
  event(id: ID!): Event
  "The last ten minutes, or a period such as 7d, by any metric."
  top(limit: Int! = 10, by: Metric! = engagement_seconds, period: String): [TopItem!]!
  active_users: Int!
}

type Subscription {
  "Figures of a content whenever they change."
  content_metrics(id: ID!): ContentLive!
}

type ContentLive { content: Content! metrics: Metrics! }

enum ContentType { podcast newsletter video }
enum Dimension { event_type device content_type }
enum Granularity { minute hour day week month }
enum Metric { ${METRIC_NAMES.join(' ')} }

type Content {
  id: ID!
  slug: String!
  title: String!
  content_type: ContentType
  length_seconds: Int
  publish_ts: String!
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
  content: Content
}
`

/** No stream gets its name: that of one question about any of them. */
const RESERVED = ['query'] as const

export interface Graph {
  readonly sdl: string
  readonly streams: readonly StreamModel[]
}

/** The schema of what is always there, and of these streams. */
export function graphOf(plans: readonly StreamPlan[]): Graph {
  const base = buildSchema(SDL + SHARED)
  const streams = describeStreams(plans, {
    fields: [...RESERVED, ...Object.keys(base.getQueryType()!.getFields())],
    subscriptions: Object.keys(base.getSubscriptionType()!.getFields()),
    types: Object.keys(base.getTypeMap()),
  })
  return {sdl: SDL + streamsSdl(streams), streams}
}
