/** Everything about one content in a minute, an hour and a day (UTC). */
import {engagement} from '../../contracts/engagement.ts'
import {contentKey, parseTimeKey, PROJECTIONS, restOf} from '../../readmodel/aggregate-keys.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {contentTotals} from './content-totals.ts'
import type {Projection} from './projection.ts'
import {timeKeysOf} from './time-keys.ts'

export const contentTime: Projection<EngagementEvent, ContentState> = {
  ...contentTotals,
  name: PROJECTIONS.contentTime,
  stream: engagement.name,
  keysOf({content_id: id, event_ts}) {
    return id === null ? [] : timeKeysOf(event_ts).map(key => contentKey(id, key))
  },
  periodOf: key => parseTimeKey(restOf(key)).start,
}
