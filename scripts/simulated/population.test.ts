import {expect, test} from 'vitest'
import {COUNTRIES} from './countries.ts'
import {createLedger} from './planted.ts'
import {createPopulation} from './population.ts'
import {createRegistrations, firstUsers, homeOf, userRow} from './profiles.ts'
import {createRandom} from './random.ts'
import type {UserRow} from './changes.ts'

const START_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
const SEED = 3

function setup({users = 500, startMs = START_MS, isCalm = false} = {}) {
  const ledger = createLedger()
  const options = {seed: SEED, startMs, users, seenIn: 'activity', isCalm} as const
  const population = createPopulation(ledger, options)
  return {ledger, population}
}

const shareOf = <T>(list: readonly T[], is: (one: T) => boolean): number =>
  list.filter(is).length / list.length

test('INV-148: who left does not come again, and is told with the time', () => {
  const {ledger, population} = setup()
  const random = createRandom(1)
  const came = Array.from({length: 30_000}, (_, index) => {
    const atMs = START_MS + index * 1000
    return [new Date(atMs).toISOString(), population.comes(random, atMs).id] as const
  })
  const churned = ledger.planted()
  expect(churned.length).toBeGreaterThan(3)
  for (const {what, ids, from} of churned) {
    expect(what).toBe('churn')
    expect(ids!.length).toBe(5)
    for (const id of ids!) {
      const times = came.filter(([, one]) => one === id).map(([at]) => at)
      expect(times.length).toBeGreaterThan(0)
      expect(times.filter(at => at >= from)).toEqual([])
    }
  }
})

test('however long it goes on, most people stay', () => {
  const {ledger, population} = setup({users: 20})
  const random = createRandom(1)
  for (let i = 0; i < 200_000; i++) population.comes(random, START_MS + i)
  const left = new Set(ledger.planted().flatMap(({ids}) => ids ?? []))
  expect(left.size).toBe(6)
})

test('a few come often, and who registers comes, too', () => {
  const {population} = setup({isCalm: true})
  const random = createRandom(2)
  const newcomers = new Set(Array.from({length: 200}, () => population.grow().id))
  const came = Array.from({length: 20_000}, () => population.comes(random, START_MS).id)
  expect(shareOf(came, id => newcomers.has(id))).toBeGreaterThan(0.1)
  const keen = new Set(population.first.slice(0, 50).map(({id}) => id))
  expect(shareOf(came, id => keen.has(id))).toBeGreaterThan(0.15)
})

test('the first people are those of the seed, newcomers those of the run', () => {
  const [one, same, later] = [setup(), setup(), setup({startMs: START_MS + 1})]
  const newcomer = one.population.grow()
  expect(same.population.first).toEqual(one.population.first)
  expect(same.population.grow()).toEqual(newcomer)
  expect(later.population.first).toEqual(one.population.first)
  expect(later.population.grow().id).not.toBe(newcomer.id)
})

test('countries, genders and ages come in their shares, and a profile is the same whenever it is asked for', () => {
  const {population} = setup({users: 4000})
  const rows: readonly UserRow[] = [...firstUsers(population, {seed: SEED, startMs: START_MS})]
  const weights = COUNTRIES.reduce((sum, {weight}) => sum + weight, 0)
  for (const {name, weight, cities} of COUNTRIES) {
    const there = rows.filter(({country}) => country === name)
    expect(Math.abs(there.length / rows.length - weight / weights)).toBeLessThan(0.02)
    expect(there.filter(({city}) => !cities.includes(city))).toEqual([])
  }
  expect(shareOf(rows, ({gender}) => gender === 'female')).toBeCloseTo(0.49, 1)
  expect(shareOf(rows, ({gender}) => gender === 'other')).toBeLessThan(0.05)
  expect(shareOf(rows, ({age}) => age !== null && age >= 25 && age < 35)).toBeCloseTo(0.29, 1)
  expect(shareOf(rows, ({age}) => age === null)).toBeLessThan(0.04)
  expect(new Set(rows.map(({email}) => email)).size).toBe(rows.length)
  const {id, country, city} = rows[17]!
  expect(homeOf(SEED, id)).toMatchObject({country: {name: country}, city})
  expect(userRow(SEED, id, 0)).toEqual({...rows[17], registered_at: '1970-01-01T00:00:00.000Z'})
})

test('names are told apart, are of the country, and make an address of letters that an address may have', () => {
  const {population} = setup({users: 1000})
  const rows = [...firstUsers(population, {seed: SEED, startMs: START_MS})]
  expect(new Set(rows.map(({name}) => name)).size).toBeGreaterThan(900)
  expect(rows.filter(({email}) => !/^[a-z.]+\.[0-9a-f]{8}@example\.com$/.test(email))).toEqual([])
  expect(
    rows.filter(({country, name}) => country === 'Egypt' && !/\p{Script=Arabic}/u.test(name)),
  ).toEqual([])
  expect(
    rows.filter(({country, name}) => country === 'France' && !/\p{Script=Latin}/u.test(name)),
  ).toEqual([])
})

test('the first people registered before, more of them lately; others register when they come', () => {
  const {population} = setup({users: 2000})
  const ages = [...firstUsers(population, {seed: SEED, startMs: START_MS})].map(
    ({registered_at}) => (START_MS - Date.parse(registered_at)) / DAY_MS,
  )
  expect(Math.min(...ages)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...ages)).toBeLessThanOrEqual(180)
  expect(shareOf(ages, age => age < 45)).toBeCloseTo(0.5, 1)
  const [change] = createRegistrations(population, SEED).next(START_MS + 5)
  expect(change).toMatchObject({
    stream: 'users',
    op: 'insert',
    row: {registered_at: '2026-01-01T00:00:00.005Z'},
  })
})
