/**
 * The whole platform in a minute, an hour and a day (UTC); every source partition has its own rows.
 *
 * Numbers only: viewers, first and last event would have to be computed again from the raw rows of
 * all contents after each correction. Readers unite the viewers of contents or steps instead.
 */
import {engagement} from '../../contracts/engagement.ts'
import {parseTimeKey, PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import {ContentState} from '../../readmodel/content-state.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {countEvent} from './content-fold.ts'
import type {Projection} from './projection.ts'
import {timeKeysOf} from './time-keys.ts'

export const platformTime: Projection<EngagementEvent, ContentState> = {
  name: PROJECTIONS.platformTime,
  stream: engagement.name,
  keysOf: event => timeKeysOf(event.event_ts),
  create: () => new ContentState(),
  apply: (state, event) => countEvent(state, event, 1),
  retract: (state, event) => countEvent(state, event, -1),
  bytesOf: state => state.bytes,
  periodOf: key => parseTimeKey(key).start,
}
