/** The whole owner against doubles of its servers: INV-30 to INV-54. */
import {expect, test} from 'vitest'
import {findSeed} from './processor-seeds.ts'

const SEEDS = 16

test('whatever fails and whoever takes over, both stores equal the source, or the partition says why it stands', async () => {
  const patient = {seeds: SEEDS, patienceMs: 20_000}
  expect(await findSeed(patient, differences => differences.length > 0)).toBeUndefined()
}, 240_000)
