import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {STREAM_NAMES, type Change, type StreamName} from './changes.ts'
import {createFeed, SHARES, STEP_MS, type Feed, type FeedOptions} from './feed.ts'
import {busyness} from './shape.ts'

const START_MS = Date.UTC(2026, 0, 5)
const HOUR_MS = 3_600_000

const USUAL: FeedOptions = {
  streams: STREAM_NAMES,
  seed: 1,
  startMs: START_MS,
  rate: 200,
  contents: 20,
  users: 200,
  products: 50,
  devices: 3,
  isCalm: false,
}

const take = (feed: Feed, ms: number): readonly Change[] =>
  Array.from({length: ms / STEP_MS}, () => feed.step()).flat()

const countOf = (changes: readonly Change[], stream: StreamName): number =>
  changes.filter(one => one.stream === stream).length

test('INV-146: the same options give the same rows at the same times, and plant the same', () => {
  fc.assert(
    fc.property(
      fc.nat({max: 2 ** 31 - 1}),
      fc.subarray([...STREAM_NAMES], {minLength: 1}),
      (seed, streams) => {
        const [one, same] = [1, 2].map(() => createFeed({...USUAL, seed, streams}))
        expect(take(one!, 5000)).toEqual(take(same!, 5000))
        expect(one!.planted()).toEqual(same!.planted())
        expect([...one!.firstUsers()]).toEqual([...same!.firstUsers()])
        expect(one!.contents).toEqual(same!.contents)
      },
    ),
    {numRuns: 15},
  )
})

test('another seed gives other rows', () => {
  const [one, other] = [1, 2].map(seed => take(createFeed({...USUAL, seed}), 2000))
  for (const name of STREAM_NAMES.filter(stream => stream !== 'users')) {
    const rowsOf = (changes: readonly Change[] | undefined) =>
      changes!.filter(({stream}) => stream === name)
    expect(rowsOf(one)).not.toEqual(rowsOf(other))
  }
})

test('streams share out the rate as it is said, in the mean of a week', () => {
  const feed = createFeed({...USUAL, rate: 40})
  // Five seconds of each hour.
  const changes = Array.from({length: 7 * 24}, (_, hour) => {
    feed.skipTo(START_MS + hour * HOUR_MS)
    return take(feed, 5000)
  }).flat()
  const all = 7 * 24 * 5 * 40
  for (const name of STREAM_NAMES) {
    const share = countOf(changes, name) / all
    // Of people, the sittings decide what is engagement and what a page view; silent devices send less.
    const slack = ['engagement', 'activity'].includes(name) ? 0.1 : 0.02
    expect(Math.abs(share - SHARES[name] / 100), name).toBeLessThan(slack)
  }
  const ofPeople = countOf(changes, 'engagement') + countOf(changes, 'activity')
  expect(ofPeople / all).toBeCloseTo(0.45, 2)
})

test.each([['engagement'], ['activity'], ['users'], ['orders'], ['readings'], ['logs']] as const)(
  '%s alone has the whole rate, and nothing else is written or planted',
  name => {
    const feed = createFeed({...USUAL, streams: [name], rate: 40, isCalm: name === 'readings'})
    const changes = take(feed, 600_000)
    expect(changes.filter(({stream}) => stream !== name)).toEqual([])
    const expected = ['engagement', 'activity', 'readings'].includes(name)
      ? 24_000
      : Array.from({length: 12_000}, (_, i) => 2 * busyness(START_MS + i * STEP_MS)).reduce(
          (a, b) => a + b,
          0,
        )
    expect(Math.abs(changes.length - expected)).toBeLessThan(15)
    expect(feed.planted().filter(({stream}) => stream !== name)).toEqual([])
  },
)

test('the mean of a week is one; evenings and weekends are above it, nights below', () => {
  const steps = 7 * 24 * 60
  const busy = Array.from({length: steps}, (_, minute) => busyness(START_MS + minute * 60_000))
  expect(busy.reduce((sum, one) => sum + one, 0) / steps).toBeCloseTo(1, 3)
  const at = (day: number, hour: number): number => busyness(Date.UTC(2026, 0, day, hour))
  expect(at(7, 20)).toBeGreaterThan(1.5)
  expect(at(7, 4)).toBeLessThan(0.3)
  expect(at(10, 12)).toBeGreaterThan(at(7, 12))
})

test('the same people watch, read, order and register', () => {
  const feed = createFeed({...USUAL, users: 30, rate: 400})
  const known = new Set([...feed.firstUsers()].map(({id}) => id))
  const seen = new Map<StreamName, Set<string>>()
  for (const {stream, op, row} of take(feed, 60_000)) {
    if (op !== 'insert') continue
    if (stream === 'users') known.add(row.id)
    if (!('user_id' in row) || row.user_id === null) continue
    expect(known.has(row.user_id)).toBe(true)
    seen.set(stream, (seen.get(stream) ?? new Set()).add(row.user_id))
  }
  const [watching, viewing, ordering] = (['engagement', 'activity', 'orders'] as const).map(name =>
    seen.get(name)!,
  )
  expect(watching!.intersection(viewing!).size).toBeGreaterThan(20)
  expect(watching!.intersection(ordering!).size).toBeGreaterThan(20)
})

test('rows of a step lie within it, in order, and what is skipped does not happen', () => {
  const feed = createFeed({...USUAL, streams: ['logs'], rate: 1000})
  const timesOf = (changes: readonly Change[]) =>
    changes.map(({row}) => Date.parse('logged_at' in row ? row.logged_at : ''))
  const times = timesOf(feed.step())
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(Math.max(...times)).toBeLessThan(START_MS + STEP_MS)
  feed.skipTo(START_MS + 60_000)
  feed.skipTo(START_MS)
  expect(Math.min(...timesOf(feed.step()))).toBe(START_MS + 60_000)
  expect(feed.atMs()).toBe(START_MS + 60_000 + STEP_MS)
})

test('one of everything is enough', () => {
  const feed = createFeed({...USUAL, contents: 1, users: 1, products: 1, devices: 1})
  const changes = take(feed, 120_000)
  for (const name of STREAM_NAMES) expect(countOf(changes, name)).toBeGreaterThan(0)
})
