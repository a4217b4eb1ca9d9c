/** What `npm run reconcile` compares, finds and remembers. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import type {CqlParams} from '../platform/cassandra.ts'
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

test('all, a key or a day is compared, of one stream or all; an interrupted run goes on where it was', async () => {
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
  const killed = await runReconcile(env, file, 'engagement: 20 keys compared')
  expect(killed.status).toBeNull()
  const resumed = await runReconcile(env, [...file, '--resume'])
  expect(resumed.said).toMatch(/^going on after 44444444-/)
  expect(resumed.said).toContain(`engagement: ${CONTENTS} keys compared`)
  expect(resumed.said).not.toMatch(/activity: .* to look at again/)
  expect(resumed).toMatchObject({status: 0, said: expect.stringMatching(/^equal$/m)})
  // Progress of another keyspace is not taken for this one's.
  await runReconcile(env, file, 'engagement: 20 keys compared')
  const other = await runReconcile(
    {...env, CASSANDRA_KEYSPACE: `${env['CASSANDRA_KEYSPACE']}_other`},
    [...file, '--resume'],
  )
  expect(other.status).toBe(2)
  expect(other.said).not.toContain('going on')

  // One raw row is lost: found by its content, by its day and among all, and nowhere else.
  const [row] = await cassandra.rows(
    'SELECT src_partition, block, event_id, content_id FROM engagement_metrics',
  )
  const {content_id, ...place} = row!
  const lost = String(content_id)
  await cassandra.execute(
    'DELETE FROM engagement_metrics WHERE src_partition = ? AND block = ? AND event_id = ?',
    Object.values(place) as CqlParams,
  )
  const intact = idOf(lost === idOf(1) ? 2 : 1)
  const runs = [
    [['--content', lost], 1],
    [['--key', intact], 0],
    [['--key', 'no such'], 0],
    [['--day', '2026-01-31'], 1],
    [['--day', '2026-02-01'], 0],
    [['--day', 'today'], 2],
    [['--stream', 'activity'], 0],
    [['--stream', 'nothing'], 2],
  ] as const
  for (const [args, status] of runs) {
    const run = await runReconcile(env, args)
    expect({args, status: run.status, said: run.said}).toMatchObject({status})
  }
  // Seen twice, by itself and in the list of its content.
  const all = await runReconcile(env, file)
  expect(all.status).toBe(1)
  expect(all.said).toMatch(/^2 differences: cassandra 1, raw 1$/m)

  // The events of a content are deleted; should its totals come back, nothing in PostgreSQL names it.
  const {src_partition, slice, start, body} = (
    await cassandra.rows(
      'SELECT src_partition, slice, start, content_id, body FROM engagement_by_content_id',
    )
  ).find(root => String(root['slice']).startsWith('total') && root['content_id'] === intact)!
  await pool.query('DELETE FROM engagement_events WHERE content_id = $1', [intact])
  await whenCommitted(world)
  await until(
    'the content without events is zero',
    async () => !(await runReconcile(env, file)).said.includes(intact),
    60_000,
  )
  await cassandra.execute(
    `UPDATE engagement_by_content_id SET body = ?
     WHERE src_partition = ? AND slice = ? AND start = ? AND content_id = ?`,
    [body, src_partition, slice, start, intact] as CqlParams,
  )
  const left = await runReconcile(env, file)
  expect(left.said).toContain(`differs: cassandra engagement_by_content_id ${intact} total`)
  expect(left.status).toBe(1)
}, 240_000)
