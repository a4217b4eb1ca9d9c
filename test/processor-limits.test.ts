/** The model with limits so small that rows, batches and lists come to them: nothing may be refused for ever. */
import {expect, test, vi} from 'vitest'
import {TINY_RUN} from './tiny-limits.ts'

vi.mock('../readmodel/limits.ts', async () => (await import('./tiny-limits.ts')).tinyLimits)

const {runModel} = await import('./processor-model.ts')

/** Small batches are many, and one that fails is written again with all others. */
const options = {...TINY_RUN, failOneIn: 40}

test('rows and batches that come to their limits go on, and lose nothing', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const outcome = await runModel({...options, seed, patienceMs: 30_000})
    expect({seed, ...outcome}).toMatchObject({seed, differences: [], stood: null})
  }
}, 240_000)

test('INV-52: a row that is mended bit by bit at one offset keeps its parts', async () => {
  const calm = {failOneIn: 0, ownersBefore: 0, storms: 0, patienceMs: 30_000}
  for (const seed of [11, 16, 21, 22]) {
    const outcome = await runModel({...options, ...calm, seed})
    expect({seed, ...outcome}).toMatchObject({seed, differences: [], stood: null})
  }
}, 120_000)
