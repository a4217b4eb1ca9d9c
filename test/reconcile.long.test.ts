/** Ten runs of `npm run reconcile` beside 1,000 events a second. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {runReconcile} from './reconcile-command.ts'
import {addContents, startEventLoad} from './reconcile-load.ts'

const RUNS = 10
const PER_SECOND = 1_000
const CONTENTS = 200
let world: PipelineWorld | undefined
const folder = mkdtempSync(join(tmpdir(), 'reconcile-long-'))

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
  rmSync(folder, {recursive: true, force: true})
})

test('beside 1,000 events a second nothing differs in ten runs, and the relay stays ready', async () => {
  world = await openPipelineWorld()
  const {env, pool} = world
  const [relay] = await Promise.all([world.start('ingestor'), world.start('processor')])
  await addContents(pool, CONTENTS)
  const load = startEventLoad(pool, {perSecond: PER_SECOND, contents: CONTENTS})
  const startedAt = performance.now()
  const runs: {status: number | null; seconds: number; said: string}[] = []
  let unready = 0
  const watch = setInterval(() => {
    void fetch(`${relay.url}/health/ready`).then(answer => (unready += answer.ok ? 0 : 1))
  }, 500)
  try {
    for (let run = 0; run < RUNS; run++) {
      const begunAt = performance.now()
      const {status, said} = await runReconcile(env, ['--progress', join(folder, 'progress.json')])
      const seconds = Math.round((performance.now() - begunAt) / 1_000)
      runs.push({status, said, seconds})
      console.log(`run ${run + 1} of ${RUNS}: status ${status} after ${seconds} s\n${said}`)
    }
  } finally {
    clearInterval(watch)
    await load.stop()
  }
  const perSecond = Math.round((load.events() / (performance.now() - startedAt)) * 1_000)
  console.log(
    `reconcile: ${runs.map(({seconds}) => `${seconds} s`).join(', ')} beside ${perSecond} events/s`,
  )
  const wrong = runs.filter(({status}) => status !== 0)
  expect(wrong.map(({said}) => said)).toEqual([])
  expect(unready).toBe(0)
  const {rows} = await pool.query<{n: number}>(
    'SELECT count(*)::int AS n FROM cdc.reconciliations WHERE differences = 0 AND undecided = 0',
  )
  expect(rows[0]!.n).toBe(2 * RUNS)
}, 3_600_000)
