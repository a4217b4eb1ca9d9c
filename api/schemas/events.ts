/** Single events as they are served. */
import {Type, type Static} from 'typebox'
import {EVENT_TYPES} from '../../db/tables.ts'
import {
  AfterQuery,
  closed,
  ContentId,
  DecimalsQuery,
  declaredAs,
  EventId,
  instantOf,
  Meta,
  named,
  nullable,
  oneOf,
  optional,
  Page,
  PageQuery,
  Time,
  Uuid,
} from './common.ts'

const EngagementId = Type.Unsafe<number | string>(declaredAs('engagement.event_id', EventId))

const EventFields = {
  event_id: EngagementId,
  content_id: nullable(ContentId),
  user_id: nullable(declaredAs('engagement.user_id', Uuid)),
  event_type: nullable(Type.String({examples: [...EVENT_TYPES]})),
  event_ts: declaredAs('engagement.event_ts', Time),
  duration_ms: nullable(Type.Integer({minimum: 0})),
  device: nullable(Type.String()),
  raw_payload: Type.Unsafe<unknown>({description: 'as it was written, or null'}),
  content_type: nullable(Type.String()),
  length_seconds: nullable(Type.Integer({minimum: 0, description: 'as it was when computed'})),
  engagement_seconds: nullable(Type.Number({minimum: 0, examples: [30]})),
  engagement_pct: nullable(Type.Number({minimum: 0, examples: [0.016666666666666666]})),
}

export const EventSchema = named('EngagementEvent', EventFields)
export type EventView = Static<typeof EventSchema>

export const EventAnswer = named('EngagementEventAnswer', {...EventFields, meta: Meta})
export const EventParams = closed({id: EngagementId})
export const EventQuery = closed(DecimalsQuery)

export const EventListQuery = closed({
  ...optional({
    event_type: declaredAs(
      'engagement.event_type',
      oneOf(EVENT_TYPES, {description: 'only these'}),
    ),
    from: instantOf({description: 'date (UTC) or time, included', examples: ['2026-01-01']}),
    to: instantOf({
      description: 'date (UTC) or time, not included',
      examples: ['2026-02-01T00:00:00Z'],
    }),
  }),
  ...PageQuery,
  ...DecimalsQuery,
  ...AfterQuery,
})

export const EventList = named('EngagementEventList', {
  items: Type.Array(EventSchema),
  page: Page,
  meta: Meta,
})
