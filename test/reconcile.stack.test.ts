/** What `npm run reconcile` compares, finds and remembers. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'
import {runReconcile} from './reconcile-command.ts'

const CONTENTS = 45
const idOf = (n: number): string => `44444444-0000-4000-8000-${String(n).padStart(12, '0')}`
let world: PipelineWorld | undefined
const folder = mkdtempSync(join(tmpdir(), 'reconcile-'))

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
  rmSync(folder, {recursive: true, force: true})
})

test('all, a content or a day is compared; an interrupted run goes on where it was', async () => {
  world = await openPipelineWorld()
  const {env, pool, cassandra} = world
  await Promise.all([world.start('ingestor'), world.start('processor')])
  await pool.query(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     SELECT ('44444444-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 's' || n, 't', 'video', 60,
            now() FROM generate_series(1, ${CONTENTS}) n`,
  )
  await pool.query(
    `INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms)
     SELECT id, 'play', '2026-01-31 12:00:00Z', 1000 FROM content`,
  )
  expect(await differencesWhenQuiet(world, 60_000)).toEqual([])

  const file = ['--progress', join(folder, 'progress.json')]
  const killed = await runReconcile(env, file, '20 contents compared')
  expect(killed.status).toBeNull()
  const resumed = await runReconcile(env, [...file, '--resume'])
  expect(resumed.said).toMatch(/^going on after content 44444444-/)
  expect(resumed.said).toContain(`${CONTENTS} contents compared, 0 differences`)
  expect(resumed).toMatchObject({status: 0, said: expect.stringMatching(/^equal$/m)})
  // Progress of another keyspace is not taken for this one's.
  await runReconcile(env, file, '20 contents compared')
  const other = await runReconcile(
    {...env, CASSANDRA_KEYSPACE: `${env['CASSANDRA_KEYSPACE']}_other`},
    [...file, '--resume'],
  )
  expect(other.status).toBe(2)
  expect(other.said).not.toContain('going on')

  // One raw row is lost, which is seen twice, by itself and in the list of its content: found by its content, by its day and among all, and nowhere else.
  const [row] = await cassandra.rows('SELECT content_id, day, bucket FROM engagement_metrics')
  const lost = String(row!['content_id'])
  await cassandra.execute(
    'DELETE FROM engagement_metrics WHERE content_id = ? AND day = ? AND bucket = ?',
    [row!['content_id'] as never, row!['day'] as never, row!['bucket'] as never],
  )
  const intact = idOf(lost === idOf(1) ? 2 : 1)
  const runs = [
    [['--content', lost], 1],
    [['--content', intact], 0],
    [['--day', '2026-01-31'], 1],
    [['--day', '2026-02-01'], 0],
  ] as const
  for (const [args, status] of runs) {
    const run = await runReconcile(env, args)
    expect({args, status: run.status, said: run.said}).toMatchObject({status})
  }
  const all = await runReconcile(env, file)
  expect(all.status).toBe(1)
  expect(all.said).toMatch(/^2 differences: raw 2$/m)

  // The events of a content are deleted; should its totals come back, nothing in PostgreSQL names it.
  const gone = intact
  const {src_partition, bucket, detail} = (
    await cassandra.rows('SELECT src_partition, bucket, content_id, detail FROM content_totals')
  ).find(totals => String(totals['content_id']) === gone)!
  await pool.query('DELETE FROM engagement_events WHERE content_id = $1', [gone])
  await whenCommitted(world)
  await until(
    'the content without events is zero',
    async () => !(await runReconcile(env, file)).said.includes(gone),
    60_000,
  )
  await cassandra.execute(
    `UPDATE content_totals SET detail = ? WHERE src_partition = ? AND bucket = ? AND content_id = ?`,
    [detail, src_partition, bucket, gone] as never,
  )
  const left = await runReconcile(env, file)
  expect(left.said).toContain(`differs: cassandra ${gone} total`)
  expect(left.status).toBe(1)
}, 240_000)
