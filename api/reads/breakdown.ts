/** Figures of one content by what its events differ in. */
import type {EventType} from '../../contracts/engagement.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import {deviceOfKey} from '../../readmodel/devices.ts'
import {addState, Measure, type MetricValues} from '../measures.ts'
import type {Dimension} from '../query-plan.ts'
import type {Content} from '../schemas/content.ts'

export function breakDown(
  one: Content,
  dimension: Dimension,
  states: readonly ContentState[],
  counted: readonly EventType[],
): readonly {readonly value: string | null; readonly metrics: MetricValues}[] {
  const measures = new Map<string | null, Measure>()
  const labelOf = (device: string, type: EventType): string | null => {
    if (dimension === 'event_type') return type
    return dimension === 'device' ? deviceOfKey(device) : one.content_type
  }
  for (const state of states) {
    addState(state, one.length_seconds, (device, type) => {
      const label = labelOf(device, type)
      let measure = measures.get(label)
      if (measure === undefined) measures.set(label, (measure = new Measure(counted)))
      return measure
    })
  }
  return [...measures]
    .map(([value, measure]) => ({value, metrics: measure.values()}))
    .toSorted((a, b) => (b.metrics.events ?? 0) - (a.metrics.events ?? 0))
}
