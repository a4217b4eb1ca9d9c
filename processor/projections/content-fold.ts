/** How one engagement event changes an aggregate row: shared by all projections of such rows. */
import type {ContentState} from '../../readmodel/content-state.ts'
import {cellOf, typeIndexOf} from '../../readmodel/content-state.ts'
import {deviceKeyOf} from '../../readmodel/devices.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {bucketOfMs} from '../../readmodel/histogram.ts'
import {entryOf} from '../../readmodel/hyperloglog.ts'
import {hashUser} from '../../readmodel/user-hash.ts'
import {ViewerSketch} from '../../readmodel/viewer-sketch.ts'

export function applyEvent(state: ContentState, event: EngagementEvent): void {
  const device = state.ensureDevice(deviceKeyOf(event.device))
  const cell = count(state, device, event, 1)
  if (event.event_ts < state.first[device]!) state.first[device] = event.event_ts
  if (event.event_ts > state.last[device]!) state.last[device] = event.event_ts
  if (event.user_id !== null) state.viewers.add(cell, entryOf(hashUser(event.user_id)))
}

/** Numbers go back exactly; a viewer, or the first or last event, makes the row stale. */
export function retractEvent(state: ContentState, event: EngagementEvent): void {
  const device = state.ensureDevice(deviceKeyOf(event.device))
  count(state, device, event, -1)
  const isBound = event.event_ts <= state.first[device]! || event.event_ts >= state.last[device]!
  if (isBound || event.user_id !== null) state.stale = true
}

/** Numbers only: exact in both directions. */
export function countEvent(state: ContentState, event: EngagementEvent, times: 1 | -1): void {
  count(state, state.ensureDevice(deviceKeyOf(event.device)), event, times)
}

function count(state: ContentState, device: number, event: EngagementEvent, times: 1 | -1): number {
  const cell = cellOf(device, typeIndexOf(event.event_type))
  state.addEvents(cell, times)
  if (event.duration_ms !== null) {
    state.addDurations(cell, times, times * event.duration_ms)
    state.addToBucket(cell, bucketOfMs(event.duration_ms), times)
  }
  return cell
}

/** Takes viewers and bounds from a state that was computed from raw rows; numbers are right as they are. */
export function adoptRecomputed(state: ContentState, fresh: ContentState): void {
  // Devices were met in another order there.
  const places = fresh.devices.map(name => state.ensureDevice(name))
  state.first.fill(Number.POSITIVE_INFINITY)
  state.last.fill(Number.NEGATIVE_INFINITY)
  for (const [from, to] of places.entries()) {
    state.first[to] = Math.min(state.first[to]!, fresh.first[from]!)
    state.last[to] = Math.max(state.last[to]!, fresh.last[from]!)
  }
  const viewers = new ViewerSketch()
  const types = cellOf(1, 0)
  for (const [cell, entry] of fresh.viewers.entries()) {
    viewers.absorb(cellOf(places[Math.floor(cell / types)]!, cell % types), entry)
  }
  state.viewers.replace(viewers)
  state.stale = false
}
