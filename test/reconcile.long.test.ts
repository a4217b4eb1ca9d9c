/** Ten runs of `npm run reconcile`, each beside 1,000 events a second. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {openPipelineWorld, until} from './pipeline-world.ts'
import {runReconcile} from './reconcile-command.ts'
import {addContents, startEventLoad} from './reconcile-load.ts'

const RUNS = 10
const PER_SECOND = 1_000
const CONTENTS = 25
/** Events that are there when a run begins. A run takes longer the more there are, and meanwhile more come. */
const BEGIN_AT = 5_000
const folder = mkdtempSync(join(tmpdir(), 'reconcile-long-'))

afterAll(() => rmSync(folder, {recursive: true, force: true}))

test.for(Array.from({length: RUNS}, (_, n) => n + 1))(
  'beside 1,000 events a second nothing differs, and the relay stays ready: run %i of 10',
  {timeout: 900_000},
  async n => {
    await using world = await openPipelineWorld()
    const {env, pool} = world
    const [relay] = await Promise.all([world.start('ingestor'), world.start('processor')])
    await addContents(pool, CONTENTS)
    const load = startEventLoad(pool, {perSecond: PER_SECOND, contents: CONTENTS})
    const startedAt = performance.now()
    let unready = 0
    const watch = setInterval(() => {
      void fetch(`${relay.url}/health/ready`).then(answer => (unready += answer.ok ? 0 : 1))
    }, 500)
    try {
      await until('it is under way', async () => load.events() >= BEGIN_AT)
      const begunAt = performance.now()
      const {status, said} = await runReconcile(env, ['--progress', join(folder, `${n}.json`)])
      const endedAt = performance.now()
      const seconds = Math.round((endedAt - begunAt) / 1_000)
      const perSecond = Math.round((load.events() / (endedAt - startedAt)) * 1_000)
      console.log(
        `run ${n}: status ${status} after ${seconds} s beside ${perSecond} events/s\n${said}`,
      )
      expect(status, said).toBe(0)
      expect(said).toMatch(/^equal$/m)
    } finally {
      clearInterval(watch)
      await load.stop()
    }
    expect(unready).toBe(0)
    const {rows} = await pool.query(
      'SELECT stream, differences::int, undecided::int FROM cdc.reconciliations ORDER BY id',
    )
    expect(rows).toEqual([
      {stream: 'activity', differences: 0, undecided: 0},
      {stream: 'engagement', differences: 0, undecided: 0},
    ])
  },
)
