/** Random histories through the real pipeline: every number equals SQL over the source. */
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {writeHistory} from './source-history.ts'

let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

test.each([1, 2])(
  'after history %i, every stored number equals SQL over PostgreSQL',
  async seed => {
    world = await openPipelineWorld()
    await Promise.all([world.start('ingestor'), world.start('processor')])
    await writeHistory(world.pool, {seed, steps: 80})
    expect((await differencesWhenQuiet(world)).slice(0, 20)).toEqual([])
    // More of it, over what is stored by now.
    await writeHistory(world.pool, {seed: seed + 1000, steps: 40})
    expect((await differencesWhenQuiet(world)).slice(0, 20)).toEqual([])
  },
  300_000,
)
