/** What is written, and what is answered to it. */
import {Type, type Static} from 'typebox'
import {EVENT_TYPES} from '../../db/tables.ts'
import {
  closed,
  EventId,
  expected,
  named,
  nullable,
  oneOf,
  optional,
  textOf,
  Time,
  Uuid,
} from './common.ts'
import {Int32, WrittenTime} from './content.ts'

/** Any JSON object; the guard of bodies has looked into it. */
const JsonObject = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  maxProperties: 200,
})

const EVENT = {
  content_id: '5a3b1e00-0000-4000-8000-000000000001',
  user_id: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
  event_type: 'play',
  duration_ms: 30_000,
  device: 'ios',
  raw_payload: {position_ms: 0},
}

export const NewEvent = named(
  'NewEngagementEvent',
  {
    ...optional({content_id: nullable(Uuid), user_id: nullable(Uuid)}),
    event_type: oneOf(EVENT_TYPES, {title: 'EventType'}),
    ...optional({
      event_ts: WrittenTime,
      duration_ms: nullable(Int32),
      device: nullable(textOf(200)),
      raw_payload: nullable(JsonObject),
    }),
  },
  {examples: [EVENT]},
)
export type NewEvent = Static<typeof NewEvent>

const EVENTS_MAX = 1000

/** One event, or up to 1,000 that are written all or not at all. */
export const NewEvents = Type.Unsafe<NewEvent | {readonly events: readonly NewEvent[]}>({
  anyOf: [
    NewEvent,
    named('NewEngagementEvents', {
      events: Type.Array(NewEvent, {minItems: 1, maxItems: EVENTS_MAX}),
    }),
  ],
  ...expected('one event, or a list of them in an object: {"events": [...]}'),
  examples: [
    EVENT,
    {events: [{event_type: 'play'}, {event_type: 'finish', duration_ms: 1_800_000}]},
  ],
})

export const WriteQuery = closed(
  optional({
    wait: oneOf(['committed', 'processed'], {
      default: 'committed',
      description: 'answer when it is in PostgreSQL, or when it is in the numbers',
    }),
    wait_ms: Type.Integer({
      minimum: 0,
      maximum: 60_000,
      default: 5000,
      description: 'how long to wait for it',
    }),
  }),
)
export type WriteQuery = Static<typeof WriteQuery>

const IdempotencyHeader = optional({
  'idempotency-key': Type.String({
    minLength: 1,
    maxLength: 200,
    pattern: '^[\\x21-\\x7e]+$',
    ...expected('up to 200 visible characters of ASCII, without blanks'),
    description: 'the same key and body give the same answer for 24 hours, and one effect',
  }),
})
export const IdempotencyHeaders = Type.Object(IdempotencyHeader)

export const Written = named('Written', {
  status: oneOf(['committed', 'processed', 'pending'], {
    description: 'pending: committed, but not in the numbers when the time was up',
  }),
  event_ids: Type.Array(EventId),
  after_event: Type.String({description: 'for the parameter of the same name when reading'}),
})
export type Written = Static<typeof Written>

export const NewActivity = named(
  'NewActivity',
  {
    user_id: textOf(1024),
    activity_type: textOf(256),
    ...optional({occurred_at: WrittenTime, metadata: nullable(JsonObject)}),
  },
  {examples: [{user_id: 'u1', activity_type: 'page_view', metadata: {page: '/home'}}]},
)
export type NewActivity = Static<typeof NewActivity>

export const RequestParams = closed({
  id: Type.Unsafe<string>({...Uuid, description: 'of the request: `request_id` of the 202'}),
})

export const ActivityHeaders = Type.Object({
  ...IdempotencyHeader,
  ...optional({
    prefer: Type.String({
      maxLength: 200,
      description: '`respond-async` (RFC 7240): 202 as soon as the request is stored',
      examples: ['respond-async'],
    }),
  }),
})

export const ActivityRequest = named('ActivityRequest', {
  request_id: Uuid,
  status: oneOf(['pending', 'done', 'failed']),
  created_at: Time,
  finished_at: nullable(Time),
  event_id: nullable(EventId),
  error: nullable(Type.String()),
  status_url: Type.String(),
  live_url: Type.String({description: 'tells when it is done, by SSE'}),
})
export type ActivityRequest = Static<typeof ActivityRequest>
