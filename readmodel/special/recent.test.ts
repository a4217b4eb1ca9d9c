import fc from 'fast-check'
import {expect, test} from 'vitest'
import {byAge} from '../event-reads.ts'
import {Recent, RECENT_MAX, type RecentEvent} from './recent.ts'

const eventOf = (id: number, at: number): RecentEvent => ({id, at, shown: {}})

type Step =
  | {readonly kind: 'put'; readonly id: number; readonly at: number}
  | {readonly kind: 'remove'; readonly id: number}
  | {readonly kind: 'begin' | 'collect' | 'adopt'}

/** A few more events than a list holds, so that what was pushed out comes and goes all the time. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      id: fc.nat(35),
      at: fc.nat(30),
    }),
  },
  {weight: 5, arbitrary: fc.record({kind: fc.constant('remove' as const), id: fc.nat(35)})},
  {weight: 4, arbitrary: fc.constantFrom('begin', 'collect', 'adopt').map(kind => ({kind}))},
)

/** The list beside everything that is stored, and mendings that read it at any moment since they began. */
class World {
  readonly stored = new Map<number, RecentEvent>()
  recent = new Recent()
  #found: {readonly events: RecentEvent[]; readonly isAll: boolean} | null = null
  #isMending = false
  #floorAt = 0

  run(one: Step): void {
    if (one.kind === 'put') {
      if (this.stored.has(one.id)) this.recent.remove(one.id)
      const event = eventOf(one.id, one.at)
      this.stored.set(one.id, event)
      this.recent.put(event)
    } else if (one.kind === 'remove') {
      if (this.stored.delete(one.id)) this.recent.remove(one.id)
      if (this.stored.size === 0) this.recent.clear()
    } else if (one.kind === 'begin') this.#begin()
    else if (one.kind === 'collect') this.#collect()
    else this.#adopt()
  }

  #begin(): void {
    if (this.#isMending || !this.recent.isStale) return
    this.#floorAt = this.recent.floor!.at
    this.recent.beginMending()
    this.#isMending = true
    this.#found = null
  }

  #collect(): void {
    if (!this.#isMending) return
    const all = [...this.stored.values()].toSorted(byAge)
    const old = all.filter(({at}) => at <= this.#floorAt)
    this.#found = {events: old.slice(0, RECENT_MAX), isAll: old.length < RECENT_MAX}
  }

  #adopt(): void {
    if (!this.#isMending || this.#found === null) return
    this.recent.complete(this.#found.events, this.#found.isAll)
    this.recent.endMending()
    this.#isMending = false
  }

  /** Mends until nothing is stale, as its owner does; stored and read again each time. */
  settle(): void {
    for (let n = 0; this.recent.isStale && n < 10; n++) {
      this.recent.endMending()
      this.#isMending = false
      this.recent = Recent.decode(this.recent.toJSON(), this.stored.size, 0)
      for (const kind of ['begin', 'collect', 'adopt'] as const) this.run({kind})
    }
  }
}

test('a list that was mended holds the newest of what is there, whatever came and went meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, {minLength: 30, maxLength: 300}), steps => {
      const world = new World()
      for (const one of steps) world.run(one)
      world.settle()
      const newest = [...world.stored.values()].toSorted(byAge).slice(0, RECENT_MAX)
      expect(world.recent.list).toEqual(newest)
    }),
    {numRuns: 2000},
  )
})

test('an event that is older than what was pushed out does not take its place', () => {
  const recent = new Recent()
  for (let id = 1; id <= 30; id++) recent.put(eventOf(id, id))
  recent.remove(30)
  recent.put(eventOf(100, 0))
  expect(recent.list.at(-1)).toEqual(eventOf(11, 11))
  recent.beginMending()
  recent.complete([eventOf(11, 11), eventOf(10, 10), eventOf(9, 9)], true)
  expect(recent.list.at(-1)).toEqual(eventOf(10, 10))
})

test('a list of which everything was removed is mended, too', () => {
  const recent = new Recent()
  for (let id = 1; id <= 25; id++) recent.put(eventOf(id, id))
  for (let id = 6; id <= 25; id++) recent.remove(id)
  expect([recent.list, recent.isStale]).toEqual([[], true])
  recent.beginMending()
  expect(
    recent.complete(
      [5, 4, 3, 2, 1].map(id => eventOf(id, id)),
      true,
    ),
  ).toBe(true)
  expect(recent.list.map(({id}) => id)).toEqual([5, 4, 3, 2, 1])
})

test('a list that was full in between is mended again: more was pushed out than was looked for', () => {
  const recent = new Recent()
  const put = (from: number, to: number): void => {
    for (let id = from; id <= to; id++) recent.put(eventOf(id, id))
  }
  put(1, 25)
  recent.remove(25)
  recent.beginMending()
  put(26, 31)
  recent.remove(31)
  const isMended = recent.complete(
    [6, 5, 4, 3, 2, 1].map(id => eventOf(id, id)),
    true,
  )
  expect([isMended, recent.list.length]).toEqual([false, RECENT_MAX - 1])
  recent.beginMending()
  recent.complete(
    [11, 10, 9].map(id => eventOf(id, id)),
    true,
  )
  expect(recent.list.at(-1)).toEqual(eventOf(10, 10))
})
