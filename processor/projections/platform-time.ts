/** The whole platform in a minute, an hour and a day (UTC); every source partition has its own rows. */
import {parseTimeKey, PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {contentTotals} from './content-totals.ts'
import type {Projection} from './projection.ts'
import {timeKeysOf} from './time-keys.ts'

export const platformTime: Projection<EngagementEvent, ContentState> = {
  ...contentTotals,
  name: PROJECTIONS.platformTime,
  keysOf: event => timeKeysOf(event.event_ts),
  periodOf: key => parseTimeKey(key).start,
}
