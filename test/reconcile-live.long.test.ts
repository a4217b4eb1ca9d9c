/** `npm run reconcile` beside a live stream, and what it must not die of. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {whenCommitted} from './quiet.ts'
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

const SALES = `CREATE TABLE sales (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), shop text, status text,
  product text, buyer integer, total numeric(30, 2), weight double precision, units bigint, sold_at timestamptz)`
/** Values that SQL knows and JavaScript does not, or not so. */
const ADD_SALES = `INSERT INTO sales (shop, status, buyer, total, weight, units, sold_at) VALUES
  ('a', 'paid', 1, 5, 'NaN', 1, '2026-01-31 12:00Z'), ('a', 'paid', 2, 6, 'Infinity', 2, '2026-01-31 12:00Z'),
  ('b', 'sent', 3, 7, '-Infinity', 3, 'infinity'), ('b', 'sent', 3, 7, 1e300, 3, '-infinity'),
  ('c', 'sent', 4, 'NaN', 1, 4, '2026-01-31 12:00Z'), ('c', 'sent', 4, 8, 1, 9223372036854775807, '2026-01-31 12:00Z'),
  ('d', 'sent', 5, 9, 2, 5, '0044-03-15 BC'), ('d', 'sent', 5, 9, 2, 5, '1969-12-31 23:59:59Z'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL), (repeat('long', 300), '(none)', 6, 1, 0, 6, '294000-01-01')`

test('what waits in the outbox is no difference, whatever its values; a closed pipe ends it quietly', async () => {
  world = await openPipelineWorld({STREAMS_FOLDER: 'test/streams'}, SALES)
  const {env, pool} = world
  const [relay] = await Promise.all([world.start('ingestor'), world.start('processor')])
  await pool.query(ADD_SALES)
  await whenCommitted(world)
  await relay.stop()
  // Changes of all kinds that nobody publishes: from and to such values, and away from a key.
  await pool.query(ADD_SALES)
  await pool.query(`UPDATE sales SET weight = 'NaN', total = total + 1 WHERE shop = 'a'`)
  await pool.query(`UPDATE sales SET sold_at = '2026-02-01 00:00Z' WHERE NOT isfinite(sold_at)`)
  await pool.query(`UPDATE sales SET shop = 'e' WHERE shop = 'd'`)
  await pool.query(`UPDATE sales SET sold_at = 'infinity' WHERE shop = 'c' AND total <> 'NaN'`)
  await pool.query(`DELETE FROM sales WHERE shop IS NULL`)
  const file = ['--progress', join(folder, 'progress.json')]
  const waiting = await runReconcile(env, file)
  expect(waiting).toMatchObject({status: 0, said: expect.stringMatching(/^equal$/m)})
  expect(waiting.said).toMatch(/^sales: [1-9]\d* values are looked at again$/m)

  const command = 'node scripts/reconcile.ts "$@" | true; exit ${PIPESTATUS[0]}'
  const child = spawn('bash', ['-c', command, 'bash', ...file], {
    env: {...env, PATH: process.env['PATH']},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', text => (said += String(text)))
  const [status] = (await once(child, 'close')) as [number | null]
  expect(said).not.toMatch(/EPIPE|at .*\.ts:/)
  expect(status).toBe(2)

  for (const args of [
    ['--day', 'infinity'],
    ['--day', '2026-02-31'],
    ['--hold-ms', '5'],
  ]) {
    const refused = await runReconcile(env, args)
    expect(refused).toMatchObject({status: 2, said: expect.stringContaining(args[1]!)})
    expect(refused.said.trim()).not.toContain('\n')
  }
}, 240_000)
