/** Random histories through the real pipeline: every number equals SQL over the source. */
import {afterEach, expect, test} from 'vitest'
import type {CqlParams} from '../platform/cassandra.ts'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {runReconcile} from './reconcile-command.ts'
import {writeHistory} from './source-history.ts'

let world: PipelineWorld | undefined

/** Key of some raw row of engagement. */
async function placeOfRow({cassandra}: PipelineWorld): Promise<CqlParams> {
  const [row] = await cassandra.rows(
    'SELECT src_partition, block, event_id FROM engagement_metrics',
  )
  return Object.values(row!) as CqlParams
}

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

test.each([1])(
  'after history %i, every stored number equals SQL over PostgreSQL',
  async seed => {
    world = await openPipelineWorld()
    await Promise.all([world.start('ingestor'), world.start('processor')])
    await writeHistory(world.pool, {seed, steps: 50})
    expect((await differencesWhenQuiet(world)).slice(0, 20)).toEqual([])
    // More of it, over what is stored by now.
    await writeHistory(world.pool, {seed: seed + 1000, steps: 25})
    expect((await differencesWhenQuiet(world, 60_000)).slice(0, 20)).toEqual([])

    const equal = await runReconcile(world.env)
    expect(equal).toMatchObject({status: 0, said: expect.stringMatching(/^equal$/m)})
    // The comparison has to be able to fail.
    await world.cassandra.execute(
      'DELETE FROM engagement_metrics WHERE src_partition = ? AND block = ? AND event_id = ?',
      await placeOfRow(world),
    )
    const differs = await runReconcile(world.env)
    expect(differs.status).toBe(1)
    expect(differs.said).toMatch(/^differs: raw engagement event \d+: SQL a row, stored nothing$/m)
  },
  300_000,
)
