/** Everything about one content since its beginning. */
import {engagement} from '../../contracts/engagement.ts'
import {PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import {ContentState} from '../../readmodel/content-state.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {adoptRecomputed, applyEvent, retractEvent} from './content-fold.ts'
import type {Projection} from './projection.ts'

export const contentTotals: Projection<EngagementEvent, ContentState> = {
  name: PROJECTIONS.contentTotals,
  stream: engagement.name,
  keysOf: event => (event.content_id === null ? [] : [event.content_id]),
  create: () => new ContentState(),
  apply: applyEvent,
  retract: retractEvent,
  isStale: state => state.stale,
  adopt: adoptRecomputed,
  markStale(state) {
    state.stale = true
  },
  bytesOf: state => state.bytes,
}
