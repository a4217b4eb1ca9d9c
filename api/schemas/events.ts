/** Single events as they are served. */
import {Type, type Static} from 'typebox'
import {EVENT_TYPES} from '../../streams/engagement.ts'
import {
  AfterQuery,
  CLOSED,
  DecimalsQuery,
  EventId,
  Meta,
  nullable,
  oneOf,
  Page,
  PageQuery,
  Time,
  Uuid,
} from './common.ts'
import {INSTANT_PATTERN} from '../period.ts'

const EventFields = {
  event_id: EventId,
  content_id: nullable(Uuid),
  user_id: nullable(Uuid),
  event_type: nullable(Type.String({examples: [...EVENT_TYPES]})),
  event_ts: Time,
  duration_ms: nullable(Type.Integer({minimum: 0})),
  device: nullable(Type.String()),
  raw_payload: Type.Unsafe<unknown>({description: 'as it was written, or null'}),
  content_type: nullable(Type.String()),
  length_seconds: nullable(Type.Integer({minimum: 0, description: 'as it was when computed'})),
  engagement_seconds: nullable(Type.Number({minimum: 0, examples: [30]})),
  engagement_pct: nullable(Type.Number({minimum: 0, examples: [0.016666666666666666]})),
}

export const EventSchema = Type.Object(EventFields, CLOSED)
export type EventView = Static<typeof EventSchema>

export const EventAnswer = Type.Object({...EventFields, meta: Meta}, CLOSED)
export const EventParams = Type.Object({id: EventId}, CLOSED)
export const EventQuery = Type.Object({...DecimalsQuery}, CLOSED)

const Instant = Type.String({pattern: INSTANT_PATTERN})
export const EventListQuery = Type.Object(
  {
    event_type: Type.Optional(oneOf(EVENT_TYPES)),
    from: Type.Optional(Instant),
    to: Type.Optional(Instant),
    ...PageQuery,
    ...DecimalsQuery,
    ...AfterQuery,
  },
  CLOSED,
)

export const EventList = Type.Object(
  {items: Type.Array(EventSchema), page: Page, meta: Meta},
  CLOSED,
)
