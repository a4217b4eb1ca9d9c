/** Who somebody is: name, age, home. It follows from seed and id, so whoever asks is told the same. */
import {momentOf, type Source, type UserRow} from './changes.ts'
import {anyCity, anyCountry, anyName, type Country} from './countries.ts'
import type {Population} from './population.ts'
import {anyOf, createRandom, seedOf, weighted, wholeBetween} from './random.ts'

export interface Home {
  readonly country: Country
  readonly city: string
}

const GENDERS = ['female', 'male', 'other'] as const
const pickGender = weighted([49, 49, 2])
const AGES = [
  [13, 17],
  [18, 24],
  [25, 34],
  [35, 44],
  [45, 54],
  [55, 64],
  [65, 89],
] as const
const pickAge = weighted([4, 19, 29, 21, 13, 8, 6])
/** Who does not say it. */
const AGELESS = 0.02
/** The first people registered within so many days before, most of them lately. */
const REGISTERED_DAYS = 180
const DAY_MS = 86_400_000

/** Alone what an order needs to know. */
export function homeOf(seed: number, id: string): Home {
  const random = createRandom(seedOf(seed, 'home', id))
  const country = anyCountry(random)
  return {country, city: anyCity(random, country)}
}

export function userRow(seed: number, id: string, registeredMs: number): UserRow {
  const {country, city} = homeOf(seed, id)
  const random = createRandom(seedOf(seed, 'profile', id))
  const gender = GENDERS[pickGender(random())]!
  const sex = gender === 'other' ? anyOf(random, ['female', 'male'] as const) : gender
  const {first, last} = anyName(country, sex, random)
  const age = wholeBetween(random, AGES[pickAge(random())]!)
  return {
    id,
    name: `${first} ${last}`,
    email: `${addressOf(first, last)}.${id.slice(0, 8)}@example.com`,
    gender,
    age: random() < AGELESS ? null : age,
    country: country.name,
    city,
    registered_at: momentOf(registeredMs),
  }
}

/** What is left of a name in letters that an address may have. */
const addressOf = (first: string, last: string): string =>
  [first, last]
    .map(name =>
      name
        .normalize('NFKD')
        .toLowerCase()
        .replaceAll(/[^a-z]/g, ''),
    )
    .filter(name => name !== '')
    .join('.') || 'user'

/** The rows of the first people: the nearer to the beginning, the more of them registered. */
export function* firstUsers(
  {first}: Pick<Population, 'first'>,
  {seed, startMs}: {readonly seed: number; readonly startMs: number},
): Generator<UserRow> {
  const random = createRandom(seedOf(seed, 'registered'))
  for (const {id} of first) {
    yield userRow(seed, id, Math.floor(startMs - random() ** 2 * REGISTERED_DAYS * DAY_MS))
  }
}

/** People who register. */
export function createRegistrations(population: Population, seed: number): Source {
  return {
    next: atMs => [{stream: 'users', op: 'insert', row: userRow(seed, population.grow().id, atMs)}],
  }
}
