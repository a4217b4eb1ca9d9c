/** The pipeline from inside. */
import {Type, type Static} from 'typebox'
import {INSTANT_PATTERN} from '../period.ts'
import {CLOSED, Count, limitOf, nullable, oneOf, RowId, StreamName, Time} from './common.ts'

const Partition = Type.Integer({minimum: 0, maximum: 100_000})
const Offset = Type.Integer({minimum: -1})
const AnyJson = (description: string): ReturnType<typeof Type.Unsafe<unknown>> =>
  Type.Unsafe<unknown>({description})

export const TopicName = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,249}$',
  examples: ['engagement_events'],
})
export const TopicParams = Type.Object({topic: TopicName}, CLOSED)

const PartitionView = Type.Object({partition: Partition, begin: Count, end: Count}, CLOSED)

export const TopicList = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {topic: Type.String(), partitions: Type.Integer(), records: nullable(Count)},
        CLOSED,
      ),
    ),
  },
  CLOSED,
)

export const TopicView = Type.Object(
  {
    topic: Type.String(),
    partitions: Type.Array(PartitionView),
    config: Type.Record(Type.String(), Type.String()),
    subject: nullable(Type.String()),
  },
  CLOSED,
)

export const MessagesQuery = Type.Object(
  {
    partition: Type.Optional(Partition),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'from here upwards',
      }),
    ),
    since: Type.Optional(
      Type.String({pattern: INSTANT_PATTERN, description: 'from this time upwards'}),
    ),
    key: Type.Optional(
      Type.String({maxLength: 1000, pattern: '^[^\\u0000]*$', description: 'exactly this key'}),
    ),
    order: Type.Optional(oneOf(['newest', 'oldest'], {default: 'newest'})),
    limit: Type.Optional(limitOf(50, 500)),
  },
  CLOSED,
)

export const Message = Type.Object(
  {
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
  },
  CLOSED,
)
export const MessageList = Type.Object(
  {
    items: Type.Array(Message),
    partitions: Type.Array(PartitionView),
    incomplete: Type.Boolean({description: 'a search by key stopped before it saw everything'}),
  },
  CLOSED,
)

export const SchemaList = Type.Object(
  {
    items: Type.Array(
      Type.Object({subject: Type.String(), versions: Type.Array(Type.Integer())}, CLOSED),
    ),
  },
  CLOSED,
)
export const SubjectParams = Type.Object(
  {subject: Type.String({minLength: 1, maxLength: 255, pattern: '^[A-Za-z0-9._-]+$'})},
  CLOSED,
)
export const SubjectView = Type.Object(
  {
    subject: Type.String(),
    versions: Type.Array(
      Type.Object({version: Type.Integer(), id: Type.Integer(), schema: AnyJson('Avro')}, CLOSED),
    ),
  },
  CLOSED,
)

export const GroupList = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          group: Type.String(),
          lag: Count,
          partitions: Type.Array(
            Type.Object(
              {
                topic: Type.String(),
                partition: Partition,
                committed: Offset,
                end: Count,
                lag: Count,
              },
              CLOSED,
            ),
          ),
        },
        CLOSED,
      ),
    ),
  },
  CLOSED,
)

const ServiceView = Type.Object(
  {
    name: Type.String(),
    url: Type.String(),
    ready: nullable(Type.Boolean({description: 'null when it does not answer'})),
    reasons: Type.Array(Type.String()),
    details: AnyJson('what the service says about itself'),
  },
  CLOSED,
)

export const PipelineView = Type.Object(
  {
    outbox: Type.Object(
      {unpublished: nullable(Count), oldest_seconds: nullable(Type.Number())},
      CLOSED,
    ),
    lanes: Type.Array(
      Type.Object(
        {
          lane: Type.Integer(),
          lanes: Type.Integer(),
          epoch: Type.String(),
          owner: nullable(Type.String()),
          updated_at: nullable(Time),
        },
        CLOSED,
      ),
    ),
    partitions: Type.Array(
      Type.Object(
        {topic: Type.String(), partition: Partition, committed: Offset, end: Count, lag: Count},
        CLOSED,
      ),
    ),
    lag_records: nullable(Count),
    stores: Type.Array(
      Type.Object(
        {name: Type.String(), ok: Type.Boolean(), milliseconds: nullable(Type.Number())},
        CLOSED,
      ),
    ),
    services: Type.Array(ServiceView),
    dead_letters: Type.Object({outbox: nullable(Count), topics: nullable(Count)}, CLOSED),
  },
  CLOSED,
)
export type PipelineView = Static<typeof PipelineView>

export const DeadLetter = Type.Object(
  {
    id: Type.String({description: 'outbox:<id> or <topic>:<partition>:<offset>'}),
    origin: oneOf(['outbox', 'topic']),
    topic: Type.String(),
    key: nullable(Type.String()),
    reason: Type.String(),
    message: Type.String(),
    failed_at: nullable(Type.String()),
    resolution: nullable(Type.String()),
    payload: AnyJson('what could not be handled'),
  },
  CLOSED,
)
export type DeadLetterView = Static<typeof DeadLetter>
export const DeadLetterList = Type.Object({items: Type.Array(DeadLetter)}, CLOSED)
export const DeadLetterParams = Type.Object(
  {
    id: Type.String({
      pattern: '^(outbox:[1-9]\\d{0,15}|[A-Za-z0-9._-]{1,249}:\\d{1,5}:\\d{1,15})$',
    }),
  },
  CLOSED,
)
export const DeadLetterOutcome = Type.Object(
  {id: Type.String(), resolution: oneOf(['redriven', 'discarded'])},
  CLOSED,
)

const Stage = Type.Object(
  {
    stage: oneOf(['postgresql', 'outbox', 'kafka', 'cassandra', 'redis']),
    found: nullable(Type.Boolean({description: 'null when the store does not answer'})),
    at: nullable(Time),
    note: nullable(Type.String()),
    data: AnyJson('what is there'),
  },
  CLOSED,
)
export const TraceParams = Type.Object({stream: StreamName, id: RowId}, CLOSED)
export const Trace = Type.Object(
  {
    stream: Type.String(),
    event_id: Type.Union([Type.Integer(), Type.String()]),
    stages: Type.Array(Stage),
    commit_to_visible_ms: nullable(Type.Number()),
  },
  CLOSED,
)
export type TraceStage = Static<typeof Stage>
