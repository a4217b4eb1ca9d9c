import {expect, test} from 'vitest'
import {isOfGenerations, nameOfGeneration} from './generations.ts'

test('generations of a name are told from whatever else is there', () => {
  const own = [1, 2, 12].map(number => nameOfGeneration('processor', number))
  expect(own).toEqual(['processor', 'processor_g2', 'processor_g12'])
  for (const name of own) expect(isOfGenerations('processor', name)).toBe(true)
  // As long as the name itself, and with an end as ours.
  for (const name of ['reporting_g2', 'processor_gx', 'processor_g2_old', 'processors', 'pro']) {
    expect(isOfGenerations('processor', name), name).toBe(false)
  }
})
