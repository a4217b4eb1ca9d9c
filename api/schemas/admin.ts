/** The pipeline from inside. */
import {Type, type Static} from 'typebox'
import {ReconciliationView} from './health.ts'
import {
  closed,
  Count,
  expected,
  instantOf,
  limitOf,
  Milliseconds,
  named,
  NO_NUL,
  nullable,
  oneOf,
  optional,
  RowId,
  StreamName,
  Time,
} from './common.ts'
import {OpenDeadLetters} from './dead-letters.ts'

const Partition = Type.Integer({minimum: 0, maximum: 100_000})
const AnyJson = (description: string) => Type.Unsafe<unknown>({description})

export const TopicParams = closed({
  topic: Type.String({
    pattern: '^[A-Za-z0-9._-]{1,249}$',
    ...expected('the name of a topic: letters, digits, dots, _ and -'),
    description: 'one of those that /v1/admin/topics lists',
    examples: ['engagement_events'],
  }),
})

const PartitionView = named('Partition', {partition: Partition, begin: Count, end: Count})

export const TopicSummary = named('TopicSummary', {
  topic: Type.String(),
  partitions: Type.Integer(),
  records: nullable(Count),
})
export const TopicList = named('TopicList', {items: Type.Array(TopicSummary)})

export const TopicView = named('Topic', {
  topic: Type.String(),
  partitions: Type.Array(PartitionView),
  config: Type.Record(Type.String(), Type.String()),
  subject: nullable(Type.String()),
})

export const MessagesQuery = closed(
  optional({
    partition: Type.Integer({
      minimum: 0,
      maximum: 100_000,
      description: 'this one alone; all when left out',
    }),
    offset: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'from here upwards',
    }),
    since: instantOf({description: 'from this time upwards'}),
    key: Type.String({
      maxLength: 1000,
      ...NO_NUL,
      description: 'exactly this key',
    }),
    order: oneOf(['newest', 'oldest'], {default: 'newest', description: 'which come first'}),
    limit: limitOf(50, 500),
  }),
)

export const Message = named('Message', {
  partition: Partition,
  offset: Count,
  timestamp: Type.String({format: 'date-time'}),
  key: nullable(Type.String()),
  value: AnyJson('decoded through the registry, or null'),
  schema_id: nullable(Type.Integer()),
  error: nullable(Type.String({description: 'why the value could not be decoded'})),
  headers: Type.Record(Type.String(), Type.String()),
  value_bytes: Count,
  raw: nullable(Type.String({description: 'base64, at most 64 KiB of it'})),
})
export type MessageView = Static<typeof Message>
export const MessageList = named('MessageList', {
  items: Type.Array(Message),
  partitions: Type.Array(PartitionView),
  incomplete: Type.Boolean({description: 'a search by key stopped before it saw everything'}),
})

export const SubjectSummary = named('SubjectSummary', {
  subject: Type.String(),
  versions: Type.Array(Type.Integer()),
})
export const SchemaList = named('SubjectList', {items: Type.Array(SubjectSummary)})
export const SubjectParams = closed({
  subject: Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: '^[A-Za-z0-9._-]+$',
    ...expected('the name of a subject: letters, digits, dots, _ and -'),
    description: 'one of those that /v1/admin/schemas lists',
    examples: ['engagement_events-value'],
  }),
})
const SchemaVersion = named('SchemaVersion', {
  version: Type.Integer(),
  id: Type.Integer(),
  schema: AnyJson('Avro'),
})
export const SubjectView = named('Subject', {
  subject: Type.String(),
  versions: Type.Array(SchemaVersion),
})

export const PartitionLag = named('PartitionLag', {
  topic: Type.String(),
  partition: Partition,
  /** Next offset to be processed; -1 when nothing was committed. */
  committed: Type.Integer({minimum: -1}),
  end: Count,
  lag: Count,
})
export type PartitionLag = Static<typeof PartitionLag>

const Group = named('ConsumerGroup', {
  group: Type.String(),
  lag: Count,
  partitions: Type.Array(PartitionLag),
})
export const GroupList = named('ConsumerGroupList', {items: Type.Array(Group)})

const ServiceView = named('Service', {
  name: Type.String(),
  url: Type.String(),
  ready: nullable(Type.Boolean({description: 'null when it does not answer'})),
  reasons: Type.Array(Type.String()),
  details: AnyJson('what the service says about itself'),
})

const Lane = named('Lane', {
  lane: Type.Integer(),
  lanes: Type.Integer(),
  epoch: Type.String(),
  owner: nullable(Type.String()),
  updated_at: nullable(Time),
})
const StoreView = named('Store', {
  name: Type.String(),
  ok: Type.Boolean(),
  milliseconds: nullable(Milliseconds),
})

export const PipelineView = named('Pipeline', {
  outbox: closed({unpublished: nullable(Count), oldest_seconds: nullable(Type.Number())}),
  lanes: Type.Array(Lane),
  partitions: Type.Array(PartitionLag),
  lag_records: nullable(Count),
  stores: Type.Array(StoreView),
  services: Type.Array(ServiceView),
  dead_letters: OpenDeadLetters,
  reconciliations: nullable(
    Type.Array(ReconciliationView, {
      description: 'the last comparisons with PostgreSQL; null when they cannot be read',
    }),
  ),
})
export type PipelineView = Static<typeof PipelineView>

export const Stage = named('TraceStage', {
  stage: oneOf(['postgresql', 'outbox', 'kafka', 'cassandra', 'redis']),
  found: nullable(Type.Boolean({description: 'null when the store does not answer'})),
  at: nullable(Time),
  note: nullable(Type.String()),
  data: AnyJson('what is there'),
})
export const TraceParams = closed({stream: StreamName, id: RowId})
export const Trace = named('Trace', {
  stream: Type.String(),
  event_id: Type.Union([Type.Integer(), Type.String()]),
  stages: Type.Array(Stage),
  commit_to_visible_ms: nullable(Milliseconds),
})
export type TraceStage = Static<typeof Stage>
