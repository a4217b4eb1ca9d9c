/** Where people live, in what shares, and in which language their names are. */
import {ar, de, en, en_GB, en_IN, fr, tr, type LocaleDefinition} from '@faker-js/faker'
import {anyOf, weighted, type Random} from './random.ts'

export interface Country {
  readonly name: string
  readonly weight: number
  /** From the largest on. */
  readonly cities: readonly string[]
  readonly locale: LocaleDefinition
}

export const COUNTRIES: readonly Country[] = [
  {
    name: 'Saudi Arabia',
    weight: 24,
    cities: ['Riyadh', 'Jeddah', 'Mecca', 'Medina', 'Dammam'],
    locale: ar,
  },
  {name: 'Egypt', weight: 15, cities: ['Cairo', 'Alexandria', 'Giza', 'Luxor'], locale: ar},
  {
    name: 'United States',
    weight: 15,
    cities: ['New York', 'Los Angeles', 'Chicago', 'Houston', 'Seattle'],
    locale: en,
  },
  {
    name: 'India',
    weight: 12,
    cities: ['Mumbai', 'Delhi', 'Bengaluru', 'Hyderabad', 'Chennai'],
    locale: en_IN,
  },
  {
    name: 'United Kingdom',
    weight: 9,
    cities: ['London', 'Birmingham', 'Manchester', 'Leeds'],
    locale: en_GB,
  },
  {
    name: 'Germany',
    weight: 8,
    cities: ['Berlin', 'Hamburg', 'Munich', 'Cologne', 'Leipzig'],
    locale: de,
  },
  {name: 'France', weight: 7, cities: ['Paris', 'Marseille', 'Lyon', 'Toulouse'], locale: fr},
  {name: 'Türkiye', weight: 6, cities: ['Istanbul', 'Ankara', 'Izmir', 'Bursa'], locale: tr},
  {name: 'Jordan', weight: 4, cities: ['Amman', 'Zarqa', 'Irbid'], locale: ar},
]

const pickCountry = weighted(COUNTRIES.map(({weight}) => weight))

export const anyCountry = (random: Random): Country => COUNTRIES[pickCountry(random())]!

/** The n-th city has 1 / n of what the first one has. */
export function anyCity(random: Random, {cities}: Country): string {
  return cities[weighted(cities.map((_, rank) => 1 / (rank + 1)))(random())]!
}

type Sex = 'female' | 'male'

/** A name of that country; English, where the language has none of its own. */
export function anyName({locale}: Country, sex: Sex, random: Random) {
  const nameOf = (part: 'first_name' | 'last_name'): string => {
    const names = locale.person?.[part] ?? en.person?.[part]
    return anyOf(random, names?.[sex] ?? names?.generic ?? [])
  }
  return {first: nameOf('first_name'), last: nameOf('last_name')}
}
