/** What is written, and what is answered to it. */
import {Type, type Static} from 'typebox'
import {EVENT_TYPES} from '../../streams/engagement.ts'
import {closed, EventId, nullable, oneOf, textOf, Time, Uuid} from './common.ts'
import {WrittenTime} from './content.ts'

/** Any JSON object; the guard of bodies has looked into it. */
const JsonObject = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  maxProperties: 200,
})
const orNull = <T>(schema: object): ReturnType<typeof Type.Unsafe<T | null>> =>
  Type.Unsafe<T | null>({...schema, type: [(schema as {type: string}).type, 'null']})

export const NewEvent = closed(
  {
    content_id: Type.Optional(orNull<string>(Uuid)),
    user_id: Type.Optional(orNull<string>(Uuid)),
    event_type: oneOf(EVENT_TYPES),
    event_ts: Type.Optional(WrittenTime),
    duration_ms: Type.Optional(
      Type.Unsafe<number | null>({type: ['integer', 'null'], minimum: 0, maximum: 2_147_483_647}),
    ),
    device: Type.Optional(orNull<string>(textOf(200))),
    raw_payload: Type.Optional(orNull<Record<string, unknown>>(JsonObject)),
  },
  {
    examples: [
      {
        content_id: '11111111-1111-1111-1111-111111111111',
        user_id: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
        event_type: 'play',
        duration_ms: 30_000,
        device: 'ios',
        raw_payload: {position_ms: 0},
      },
    ],
  },
)
export type NewEvent = Static<typeof NewEvent>

export const EVENTS_MAX = 1000

/** One event, or up to 1,000 that are written all or not at all. */
export const NewEvents = Type.Unsafe<NewEvent | {readonly events: readonly NewEvent[]}>({
  type: 'object',
  if: {type: 'object', required: ['events']},
  // The words of JSON Schema: not an object that could be awaited.
  // oxlint-disable-next-line unicorn/no-thenable
  then: closed({events: Type.Array(NewEvent, {minItems: 1, maxItems: EVENTS_MAX})}),
  else: NewEvent,
})

export const WAIT_FOR = ['committed', 'processed'] as const

export const WriteQuery = closed({
  wait: Type.Optional(
    oneOf(WAIT_FOR, {default: 'committed', description: 'answer when it is in the numbers'}),
  ),
  wait_ms: Type.Optional(Type.Integer({minimum: 0, maximum: 60_000, default: 5000})),
})

export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[\\x21-\\x7e]+$',
      description: 'the same key and body give the same answer for 24 hours, and one effect',
    }),
  ),
})

export const Written = closed({
  status: oneOf(['committed', 'processed', 'pending'], {
    description: 'pending: committed, but not in the numbers when the time was up',
  }),
  event_ids: Type.Array(EventId),
  after_event: Type.String({description: 'for the parameter of the same name when reading'}),
})
export type Written = Static<typeof Written>

export const NewActivity = closed(
  {
    user_id: textOf(200),
    activity_type: textOf(200),
    occurred_at: Type.Optional(WrittenTime),
    metadata: Type.Optional(orNull<Record<string, unknown>>(JsonObject)),
  },
  {
    examples: [{user_id: 'u1', activity_type: 'page_view', metadata: {page: '/home'}}],
  },
)
export type NewActivity = Static<typeof NewActivity>

export const ActivityHeaders = Type.Object({
  ...IdempotencyHeaders.properties,
  prefer: Type.Optional(
    Type.String({
      maxLength: 200,
      description: '`respond-async` (RFC 7240): 202 as soon as the request is stored',
      examples: ['respond-async'],
    }),
  ),
})

export const REQUEST_STATES = ['pending', 'done', 'failed'] as const

export const ActivityRequest = closed({
  request_id: Uuid,
  status: oneOf(REQUEST_STATES),
  created_at: Time,
  finished_at: nullable(Time),
  event_id: nullable(EventId),
  error: nullable(Type.String()),
  status_url: Type.String(),
  live_url: Type.String({description: 'tells when it is done, by SSE'}),
})
export type ActivityRequest = Static<typeof ActivityRequest>
