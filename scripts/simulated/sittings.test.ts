import {expect, test} from 'vitest'
import type {EngagementRow} from './changes.ts'
import {createLedger} from './planted.ts'
import {createPopulation} from './population.ts'
import {createSittings, type Sittings} from './sittings.ts'

const START_MS = Date.UTC(2026, 0, 1)

function setup({seed = 7, isCalm = false} = {}) {
  const ledger = createLedger()
  const common = {seed, startMs: START_MS, isCalm}
  const population = createPopulation(ledger, {...common, users: 300, seenIn: 'activity'})
  const sittings = createSittings({population, ledger}, {...common, contents: 40})
  return {ledger, sittings, contents: sittings.contents}
}

/** Each a second after the one before. */
const take = (sittings: Sittings, count: number) =>
  Array.from({length: count}, (_, index) => sittings.next(START_MS + index * 1000))
const engagements = (sittings: Sittings, count: number): readonly EngagementRow[] =>
  take(sittings, count).flatMap(one => (one.stream === 'engagement' ? [one.row] : []))

test('the same seed gives the same contents and the same events, another seed others', () => {
  const [one, same, other] = [setup(), setup(), setup({seed: 8})]
  expect(one.contents).toEqual(same.contents)
  expect(take(one.sittings, 500)).toEqual(take(same.sittings, 500))
  expect(other.contents).not.toEqual(same.contents)
})

test('nobody watches more than there is, and the playhead stands where the stretch ended', () => {
  const {sittings, contents} = setup()
  const lengths = new Map(contents.map(c => [c.id, c.length_seconds]))
  for (const {content_id, duration_ms, raw_payload} of engagements(sittings, 5000)) {
    const length = lengths.get(content_id)
    if (length === null || length === undefined || duration_ms === null) continue
    const position = raw_payload?.['position_ms'] as number
    expect(duration_ms).toBeGreaterThanOrEqual(0)
    expect(position).toBeLessThanOrEqual(length * 1000)
    expect(duration_ms).toBeLessThanOrEqual(position)
  }
})

test('a finish comes only at the end of what has a length', () => {
  const {sittings, contents} = setup()
  const lengths = new Map(contents.map(c => [c.id, c.length_seconds]))
  const finishes = engagements(sittings, 5000).filter(
    row => row.event_type === 'finish' && lengths.get(row.content_id) !== null,
  )
  expect(finishes.length).toBeGreaterThan(100)
  for (const {content_id, raw_payload} of finishes) {
    expect(raw_payload?.['position_ms']).toBe(lengths.get(content_id)! * 1000)
  }
})

test('a few contents have most of the events', () => {
  const {sittings} = setup({isCalm: true})
  const counts = new Map<string, number>()
  for (const {content_id} of engagements(sittings, 10_000)) {
    counts.set(content_id, (counts.get(content_id) ?? 0) + 1)
  }
  const sorted = [...counts.values()].toSorted((a, b) => b - a)
  const all = sorted.reduce((sum, count) => sum + count, 0)
  const top = sorted.slice(0, 4).reduce((sum, count) => sum + count, 0)
  expect(top / all).toBeGreaterThan(0.25)
})

test('a hit is told with its content and time, and is what most people look at then', () => {
  const {sittings, ledger} = setup()
  const rows = engagements(sittings, 20_000)
  const hit = ledger.planted().find(({what}) => what === 'hit')!
  expect(hit.until).not.toBeNull()
  const shareOf = (some: readonly EngagementRow[]): number =>
    some.filter(({content_id}) => content_id === hit.ids![0]).length / some.length
  const [from, until] = [hit.from, hit.until!]
  const during = rows.filter(({event_ts}) => event_ts >= from && event_ts <= until)
  const before = rows.filter(({event_ts}) => event_ts < from)
  expect(shareOf(during)).toBeGreaterThan(0.1)
  expect(shareOf(during)).toBeGreaterThan(10 * shareOf(before))
})

test('where people leave is told with content and second, and most who get there leave there', () => {
  const {sittings, ledger} = setup()
  const rows = engagements(sittings, 20_000)
  const dropOffs = ledger.planted().filter(({what}) => what === 'drop-off')
  expect(dropOffs.length).toBeGreaterThan(0)
  for (const {ids, where, rows: told} of dropOffs) {
    const second = Number(/ at (\d+) s of /.exec(where)![1])
    // The playhead where somebody stopped, whether for good or not.
    const ends = rows
      .filter(row => row.content_id === ids![0] && ['pause', 'finish'].includes(row.event_type))
      .map(({raw_payload}) => (raw_payload!['position_ms'] as number) / 1000)
    const there = ends.filter(end => end >= second && end <= second + 3)
    const beyond = ends.filter(end => end > second + 3)
    expect(told).toBeGreaterThan(there.length / 2)
    expect(there.length).toBeGreaterThan(beyond.length)
  }
})

test('calm people have no hit and no point to leave at', () => {
  const {sittings, ledger} = setup({isCalm: true})
  take(sittings, 20_000)
  expect(ledger.planted()).toEqual([])
})
