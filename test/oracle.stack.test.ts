/** Random histories through the real pipeline: every number equals SQL over the source. */
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {runReconcile} from './reconcile-command.ts'
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
    expect((await differencesWhenQuiet(world, 60_000)).slice(0, 20)).toEqual([])

    const equal = await runReconcile(world.env)
    expect(equal).toMatchObject({status: 0, said: expect.stringMatching(/^equal$/m)})
    // The comparison has to be able to fail.
    await world.cassandra.execute(
      `INSERT INTO page_views (src_partition, bucket, page, views, src_offset)
       VALUES (0, 0, '/nowhere', 7, 0)`,
    )
    const differs = await runReconcile(world.env)
    expect(differs.status).toBe(1)
    expect(differs.said).toContain('differs: cassandra page /nowhere: SQL 0, stored 7')
  },
  300_000,
)
