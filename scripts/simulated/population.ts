/** People that come again: the same ids in engagement, activity, orders and users. Some register, some stop coming. */
import {base, en, Faker} from '@faker-js/faker'
import type {StreamName} from './changes.ts'
import {createOccasions, NEVER, type Ledger} from './planted.ts'
import {createRandom, indexAt, seedOf, uuidOf, weighted, type Random} from './random.ts'

export interface Person {
  readonly id: string
  readonly device: string
}

export interface Population {
  /** Those of the beginning. */
  readonly first: readonly Person[]
  /** Who comes now. Keen ones come more often, those who left never. */
  comes(random: Random, atMs: number): Person
  /** Somebody registers, and may come from now on. */
  grow(): Person
}

export interface PopulationOptions {
  readonly seed: number
  readonly startMs: number
  readonly users: number
  /** Where one sees that people stop coming. */
  readonly seenIn: StreamName
  readonly isCalm: boolean
}

export const DEVICES = ['ios', 'android', 'web-chrome', 'web-safari', 'smart-tv'] as const
const DEVICE_WEIGHTS = [0.34, 0.29, 0.18, 0.11, 0.08] as const

/** Who registers later is written, but does not come. */
const PEOPLE_MAX = 2_000_000
/** In comings: a sitting, an order. */
const CHURN = {first: 400, every: 4000} as const
/** Of all, those who leave at once, and those who have left at most. */
const LEAVING = 0.01
const LEFT_MAX = 0.3
const LOOKS_MAX = 1000

/** How often the n-th comes, compared with others. */
const keenness = (rank: number): number => 1 / (rank + 10) ** 0.6

interface Visitor extends Person {
  came: boolean
  hasLeft: boolean
}

/** The first people follow from the seed; later ones also from when it began, so that each run has new ones. */
export function createPopulation(ledger: Ledger, options: PopulationOptions): Population {
  const {seed, startMs, users} = options
  const chance = createRandom(seedOf(seed, 'population'))
  const newIds = createRandom(seedOf(seed, 'newcomers', startMs))
  const occasions = options.isCalm ? NEVER : createOccasions(chance, CHURN)
  const pickDevice = weighted(DEVICE_WEIGHTS)
  const people: Visitor[] = []
  const edges: number[] = []
  let left = 0
  const add = (person: Person, rank: number): void => {
    edges.push((edges.at(-1) ?? 0) + keenness(rank))
    people.push({...person, came: false, hasLeft: false})
  }
  const first = firstPeople(seed, users)
  for (const [rank, person] of first.entries()) add(person, rank)

  const leave = (atMs: number): void => {
    const group = Math.ceil(people.length * LEAVING)
    if (left + group > people.length * LEFT_MAX) return
    const ids: string[] = []
    for (let look = 0; look < LOOKS_MAX && ids.length < group; look++) {
      const visitor = people[Math.floor(chance() * people.length)]!
      if (!visitor.came || visitor.hasLeft) continue
      visitor.hasLeft = true
      ids.push(visitor.id)
    }
    if (ids.length === 0) return
    left += ids.length
    const where = ids.length === 1 ? ids[0]! : `${ids.length} people`
    ledger.begin({stream: options.seenIn, what: 'churn', where, ids}, atMs)
  }
  return {
    first,
    comes(random, atMs) {
      if (occasions.isNow()) leave(atMs)
      for (;;) {
        const visitor = people[indexAt(edges, random() * edges.at(-1)!)]!
        // Most never leave: this ends.
        if (visitor.hasLeft) continue
        visitor.came = true
        return visitor
      }
    },
    grow() {
      const person = {id: uuidOf(newIds), device: DEVICES[pickDevice(chance())]!}
      if (people.length < PEOPLE_MAX) add(person, Math.floor(chance() * users))
      return person
    },
  }
}

function firstPeople(seed: number, users: number): readonly Person[] {
  const faker = new Faker({locale: [en, base], seed: seed + 1})
  const random = createRandom(seed + 1)
  const pickDevice = weighted(DEVICE_WEIGHTS)
  return Array.from({length: users}, () => ({
    id: faker.string.uuid(),
    device: DEVICES[pickDevice(random())]!,
  }))
}
