/** Tens of random histories through the real pipeline. `ORACLE_SEEDS` says how many. */
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {writeHistory} from './source-history.ts'

const SEEDS = Number(process.env['ORACLE_SEEDS'] ?? 24)
let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

test.each(Array.from({length: SEEDS}, (_, n) => 100 + n))(
  'after history %i, with a relay or a processor killed meanwhile, every number equals SQL',
  async seed => {
    world = await openPipelineWorld()
    const [relay, processor] = await Promise.all([
      world.start('ingestor'),
      world.start('processor'),
    ])
    await writeHistory(world.pool, {seed, steps: 150})
    // One of them is killed in the middle of it.
    const writing = writeHistory(world.pool, {seed: seed + 10_000, steps: 100})
    await (seed % 2 === 0 ? relay : processor).kill()
    await world.start(seed % 2 === 0 ? 'ingestor' : 'processor')
    await writing
    expect((await differencesWhenQuiet(world, 90_000)).slice(0, 20)).toEqual([])
  },
  400_000,
)
