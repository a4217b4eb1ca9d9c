/**
 * The messages of live streams, as they are once `data` is parsed as JSON. OpenAPI 3.1 has no word for
 * the items of a stream: the document gives the schema of one message.
 */
import {Type, type Static, type TSchema} from 'typebox'
import type {DropReason} from '../live/stream.ts'
import {LiveAlerts} from './alerts.ts'
import {Count, expected, Meta, named, nullable, oneOf, Time} from './common.ts'
import {ContentMetrics, TopItem} from './metrics.ts'
import {HistorySchema, OverviewSchema} from './overview.ts'
import {StreamFigures, StreamTop} from './streams.ts'
import {ActivityRequest} from './writes.ts'

const messageOf = <const E extends string, D extends TSchema>(title: string, event: E, data: D) =>
  named(title, {
    id: Type.Optional(
      Type.String({description: 'where to go on: browsers send it back as Last-Event-ID'}),
    ),
    event: oneOf([event]),
    data,
  })

export const Leaderboard = named('Leaderboard', {
  by: oneOf(['engagement_seconds']),
  items: Type.Array(TopItem),
  meta: Meta,
})
export type Leaderboard = Static<typeof Leaderboard>
export const LiveRecord = named('LiveRecord', {
  partition: Count,
  offset: Count,
  at: Time,
  value: Type.Unsafe<unknown>({description: 'the record, decoded; null when it cannot be'}),
  error: nullable(Type.String({description: 'why it could not be decoded'})),
})
export type LiveRecord = Static<typeof LiveRecord>
const DROP_REASONS = [
  'slow-reader',
  'server-stops',
  'too-long',
  'done',
] as const satisfies readonly DropReason[]

const Stale = messageOf(
  'StaleMessage',
  'stale',
  named('Stale', {reason: Type.String({description: 'why there is nothing newer for now'})}),
)
const Dropped = messageOf(
  'DroppedMessage',
  'dropped',
  named('Dropped', {reason: oneOf(DROP_REASONS, {description: 'why the stream ends'})}),
)
const Gap = messageOf(
  'GapMessage',
  'gap',
  named('Gap', {
    missed: nullable(Type.Integer({description: 'records; null: not known how many'})),
  }),
)

/** One of the messages of a stream. */
const oneMessageOf = (title: string, ...own: readonly TSchema[]) => ({
  title,
  description: 'one message, its `data` parsed as JSON',
  anyOf: [...own, Stale, Dropped],
})

/** Messages by stream. */
export const MESSAGES = {
  content: oneMessageOf(
    'ContentStreamMessage',
    messageOf('ContentMessage', 'content', ContentMetrics),
  ),
  leaderboard: oneMessageOf(
    'LeaderboardStreamMessage',
    messageOf('LeaderboardMessage', 'leaderboard', Leaderboard),
  ),
  platform: oneMessageOf(
    'PlatformStreamMessage',
    messageOf('PlatformMessage', 'platform', OverviewSchema),
    messageOf('PlatformHistoryMessage', 'history', HistorySchema),
  ),
  activity: oneMessageOf(
    'ActivityStreamMessage',
    messageOf('EngagementRecordMessage', 'engagement', LiveRecord),
    messageOf('ActivityRecordMessage', 'activity', LiveRecord),
    Gap,
  ),
  figures: oneMessageOf(
    'FiguresStreamMessage',
    messageOf('FiguresMessage', 'figures', StreamFigures),
  ),
  top: oneMessageOf('TopStreamMessage', messageOf('TopMessage', 'top', StreamTop)),
  alerts: oneMessageOf('AlertsStreamMessage', messageOf('AlertsMessage', 'alerts', LiveAlerts)),
  request: oneMessageOf(
    'RequestStreamMessage',
    messageOf('RequestMessage', 'request', ActivityRequest),
  ),
} as const

export const LiveHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      maxLength: 400,
      ...expected('the id of a message of this stream'),
      description: 'go on after this message; browsers send it',
    }),
  ),
})
