/** Single events as they are served. */
import {Type, type Static} from 'typebox'
import {EVENT_TYPES} from '../../streams/engagement.ts'
import {
  AfterQuery,
  closed,
  DecimalsQuery,
  EventId,
  instantOf,
  Meta,
  nullable,
  oneOf,
  optional,
  Page,
  PageQuery,
  Time,
  Uuid,
} from './common.ts'

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

export const EventSchema = closed(EventFields)
export type EventView = Static<typeof EventSchema>

export const EventAnswer = closed({...EventFields, meta: Meta})
export const EventParams = closed({id: EventId})
export const EventQuery = closed(DecimalsQuery)

export const EventListQuery = closed({
  ...optional({event_type: oneOf(EVENT_TYPES), from: instantOf(), to: instantOf()}),
  ...PageQuery,
  ...DecimalsQuery,
  ...AfterQuery,
})

export const EventList = closed({items: Type.Array(EventSchema), page: Page, meta: Meta})
