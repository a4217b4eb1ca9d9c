/** How one engagement event changes an aggregate row: shared by all projections of such rows. */
import type {ContentState} from '../../readmodel/content-state.ts'
import {cellOf, TYPE_COUNT, typeIndexOf} from '../../readmodel/content-state.ts'
import {deviceKeyOf} from '../../readmodel/devices.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {bucketOfMs} from '../../readmodel/histogram.ts'
import {entryOf} from '../../readmodel/hyperloglog.ts'
import {hashUser} from '../../readmodel/user-hash.ts'
import {ViewerSketch} from '../../readmodel/viewer-sketch.ts'

export function applyEvent(state: ContentState, event: EngagementEvent): void {
  const device = state.ensureDevice(deviceKeyOf(event.device))
  const cell = count(state, device, event, 1)
  if (event.event_ts < state.first[cell]!) state.first[cell] = event.event_ts
  if (event.event_ts > state.last[cell]!) state.last[cell] = event.event_ts
  if (event.user_id !== null) state.viewers.add(cell, entryOf(hashUser(event.user_id)))
}

/** Numbers go back exactly; a viewer, or the first or last event, makes the row stale. */
export function retractEvent(state: ContentState, event: EngagementEvent): void {
  const device = state.ensureDevice(deviceKeyOf(event.device))
  const cell = count(state, device, event, -1)
  const isBound = event.event_ts <= state.first[cell]! || event.event_ts >= state.last[cell]!
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
  const toCell = (cell: number): number =>
    cellOf(places[Math.floor(cell / TYPE_COUNT)]!, cell % TYPE_COUNT)
  for (let cell = 0; cell < fresh.first.length; cell++) {
    const to = toCell(cell)
    state.first[to] = Math.min(state.first[to]!, fresh.first[cell]!)
    state.last[to] = Math.max(state.last[to]!, fresh.last[cell]!)
  }
  const viewers = new ViewerSketch()
  for (const [cell, entry] of fresh.viewers.entries()) viewers.absorb(toCell(cell), entry)
  state.viewers.replace(viewers)
  state.stale = false
}
