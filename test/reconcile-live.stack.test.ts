/** `npm run reconcile` beside a live stream. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {runReconcile} from './reconcile-command.ts'
import {addContents, startEventLoad} from './reconcile-load.ts'

const CONTENTS = 40
let world: PipelineWorld | undefined
const folder = mkdtempSync(join(tmpdir(), 'reconcile-live-'))

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
  rmSync(folder, {recursive: true, force: true})
})

test('beside a live stream nothing differs, and the result is kept', async () => {
  world = await openPipelineWorld()
  const {env, pool} = world
  await Promise.all([world.start('ingestor'), world.start('processor')])
  await addContents(pool, CONTENTS)
  const load = startEventLoad(pool, {perSecond: 200, contents: CONTENTS})
  const run = await runReconcile(env, ['--progress', join(folder, 'progress.json')])
  await load.stop()
  expect(run).toMatchObject({status: 0, said: expect.stringMatching(/^equal$/m)})
  const {rows} = await pool.query(
    'SELECT stream, scope, differences::int, undecided::int FROM cdc.reconciliations ORDER BY id',
  )
  expect(rows).toEqual([
    {stream: 'activity', scope: 'all', differences: 0, undecided: 0},
    {stream: 'engagement', scope: 'all', differences: 0, undecided: 0},
  ])
}, 240_000)
