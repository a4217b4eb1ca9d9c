/** What people look at. The same seed, the same contents. */
import {base, en, Faker} from '@faker-js/faker'
import type {ContentRow} from './changes.ts'

const LENGTHS = {podcast: [600, 5400], video: [60, 7200]} as const

export function makeContents(seed: number, count: number): readonly ContentRow[] {
  const faker = new Faker({locale: [en, base], seed})
  return Array.from({length: count}, (_, index) => {
    const type = faker.helpers.weightedArrayElement([
      {value: 'video', weight: 5},
      {value: 'podcast', weight: 3},
      {value: 'newsletter', weight: 2},
    ] as const)
    const title = titleOf(faker, type)
    return {
      id: faker.string.uuid(),
      slug: `${faker.helpers.slugify(title).toLowerCase()}-${seed}-${index}`,
      title,
      content_type: type,
      length_seconds:
        type === 'newsletter'
          ? null
          : faker.number.int({min: LENGTHS[type][0], max: LENGTHS[type][1]}),
      published_days_ago: faker.number.int({min: 0, max: 90}),
    }
  })
}

function titleOf(faker: Faker, type: ContentRow['content_type']): string {
  if (type === 'podcast') return `${faker.company.buzzNoun()} with ${faker.person.firstName()}`
  if (type === 'newsletter') return `The ${faker.commerce.department()} Letter`
  return faker.company.catchPhrase()
}
