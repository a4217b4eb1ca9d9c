import {expect, test} from 'vitest'
import {createSimulation, type SimulatedEngagement, type Simulation} from './simulated-activity.ts'

const options = {seed: 7, contents: 40, users: 300}
const take = (simulation: Simulation, count: number) =>
  Array.from({length: count}, () => simulation.next())
const engagements = (simulation: Simulation, count: number): readonly SimulatedEngagement[] =>
  take(simulation, count).flatMap(event => (event.kind === 'engagement' ? [event.row] : []))

test('the same seed gives the same contents and the same events, another seed others', () => {
  const [one, same, other] = [options, options, {...options, seed: 8}].map(createSimulation)
  expect(one!.contents).toEqual(same!.contents)
  expect(take(one!, 500)).toEqual(take(same!, 500))
  expect(other!.contents).not.toEqual(same!.contents)
})

test('nobody watches more than there is, and the playhead stands where the stretch ended', () => {
  const simulation = createSimulation(options)
  const lengths = new Map(simulation.contents.map(c => [c.id, c.length_seconds]))
  for (const {content_id, duration_ms, raw_payload} of engagements(simulation, 5000)) {
    const length = lengths.get(content_id)
    if (length === null || length === undefined || duration_ms === null) continue
    const position = raw_payload?.['position_ms'] as number
    expect(duration_ms).toBeGreaterThanOrEqual(0)
    expect(position).toBeLessThanOrEqual(length * 1000)
    expect(duration_ms).toBeLessThanOrEqual(position)
  }
})

test('a finish comes only at the end of what has a length', () => {
  const simulation = createSimulation(options)
  const lengths = new Map(simulation.contents.map(c => [c.id, c.length_seconds]))
  const finishes = engagements(simulation, 5000).filter(
    row => row.event_type === 'finish' && lengths.get(row.content_id) !== null,
  )
  expect(finishes.length).toBeGreaterThan(100)
  for (const {content_id, raw_payload} of finishes) {
    expect(raw_payload?.['position_ms']).toBe(lengths.get(content_id)! * 1000)
  }
})

test('a few contents have most of the events', () => {
  const simulation = createSimulation(options)
  const counts = new Map<string, number>()
  for (const {content_id} of engagements(simulation, 10_000)) {
    counts.set(content_id, (counts.get(content_id) ?? 0) + 1)
  }
  const sorted = [...counts.values()].toSorted((a, b) => b - a)
  const all = sorted.reduce((sum, count) => sum + count, 0)
  const top = sorted.slice(0, 4).reduce((sum, count) => sum + count, 0)
  expect(top / all).toBeGreaterThan(0.25)
})
