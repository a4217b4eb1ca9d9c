/** Which seconds of a content were watched. */
import {engagement} from '../../contracts/engagement.ts'
import {contentKey, PROJECTIONS, restOf} from '../../readmodel/aggregate-keys.ts'
import {typeIndexOf} from '../../readmodel/content-state.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {marksOf, RetentionState, segmentOf} from '../../readmodel/retention-state.ts'
import type {Projection} from './projection.ts'

function add(state: RetentionState, event: EngagementEvent, times: 1 | -1): void {
  const type = typeIndexOf(event.event_type)
  for (const mark of marksOf(event.duration_ms, event.position_ms)) state.add(mark, type, times)
}

export const contentRetention: Projection<EngagementEvent, RetentionState> = {
  name: PROJECTIONS.contentRetention,
  stream: engagement.name,
  keysOf({content_id: id, duration_ms, position_ms}) {
    if (id === null) return []
    const segments = new Set(marksOf(duration_ms, position_ms).map(({second}) => segmentOf(second)))
    return Array.from(segments, segment => contentKey(id, String(segment)))
  },
  create: key => new RetentionState(Number(restOf(key))),
  apply: (state, event) => add(state, event, 1),
  retract: (state, event) => add(state, event, -1),
  bytesOf: state => state.bytes,
}
