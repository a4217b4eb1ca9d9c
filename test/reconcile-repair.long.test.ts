/** What differs is found, sent through the outbox again, and differs no more. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import {DEFAULT_PARTITIONS} from '../contracts/topics.ts'
import {partitionFor} from '../contracts/partition.ts'
import {readSpace} from '../readmodel/migrate.ts'
import {liveKey, namedHashKey} from '../readmodel/redis-keys.ts'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'
import {runReconcile} from './reconcile-command.ts'
import {addContents, idOfContent} from './reconcile-load.ts'
import * as plants from './reconcile-plants.ts'

const CONTENTS = 12
let world: PipelineWorld | undefined
const folder = mkdtempSync(join(tmpdir(), 'reconcile-repair-'))

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
  rmSync(folder, {recursive: true, force: true})
})

/** What lies in the closed hours of a content's day, in Redis, is that of another one. */
async function plantRedis({redis, cassandra}: PipelineWorld, of: string, as: string) {
  const space = await readSpace(cassandra)
  const keyOf = (content: string): string =>
    liveKey(
      space,
      partitionFor(content, '', DEFAULT_PARTITIONS),
      'engagement_by_content_id',
      content,
    )
  const [field] = await redis.pipelineBinary([['HGET', keyOf(as), 'day']])
  await redis.send(['HSET', keyOf(of), 'day', field as Buffer])
}

test('every planted fault is found, and repaired', async () => {
  world = await openPipelineWorld()
  const {env, pool, redis} = world
  const [, processor] = await Promise.all([world.start('ingestor'), world.start('processor')])
  await addContents(pool, CONTENTS)
  // Each content in its own measure: what is one's is wrong as another's.
  await pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
     SELECT c.id, gen_random_uuid(), 'play', timestamptz '2026-01-31 12:00Z' + i * interval '7 minutes',
            1000 * i + ascii(right(c.id::text, 1)), 'web'
       FROM content c CROSS JOIN generate_series(1, 12) i
      WHERE i <= 5 + substring(c.id::text FROM 35)::int % 7`,
  )
  await pool.query(
    `INSERT INTO activity_events (user_id, activity_type, metadata)
     SELECT 'user-' || i, 'page_view', '{"page": "/a"}' FROM generate_series(1, 9) i`,
  )
  expect(await differencesWhenQuiet(world, 60_000)).toEqual([])

  await processor.stop()
  const [count, sum, unique, bucket, lostBucket, lostRoot, lostRaw, raw, stray, live] = Array.from(
    {length: 10},
    (_, i) => idOfContent(i + 1),
  ) as [string, string, string, string, string, string, string, string, string, string]
  const [other, another] = [idOfContent(11), idOfContent(12)]
  await plants.plantRoot(world, count, plants.CHANGES.count)
  await plants.plantRoot(world, sum, plants.CHANGES.sum)
  await plants.plantRoot(world, unique, plants.CHANGES.unique)
  await plants.plantBucket(world, bucket, other)
  await plants.loseBucket(world, lostBucket)
  await plants.loseRoot(world, lostRoot)
  await plants.loseRaw(world, lostRaw)
  await plants.changeRaw(world, raw)
  await plants.addStray(world, stray, 9_000_000)
  await world.start('processor')
  // One event brings it to Redis.
  await pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts)
     SELECT id, gen_random_uuid(), 'pause', '2026-01-31 14:00Z' FROM content WHERE id IN ($1, $2)`,
    [live, another],
  )
  const file = ['--progress', join(folder, 'progress.json')]
  await whenCommitted(world)
  await plantRedis(world, live, another)
  const counts = namedHashKey('page_views', partitionFor('user-1', '', DEFAULT_PARTITIONS))
  await redis.send(['HINCRBY', counts, '/a', '1'])

  const found = await runReconcile(env, ['--all', ...file])
  expect(found.status).toBe(1)
  const table = 'differs: (cassandra|redis) engagement_by_content_id'
  expect(found.said).toMatch(new RegExp(`${table} ${count} total.* events: SQL`))
  expect(found.said).toMatch(new RegExp(`${table} ${sum} total.* engagement_seconds: SQL`))
  expect(found.said).toMatch(new RegExp(`${table} ${unique} total.* unique_viewers: SQL`))
  expect(found.said).toMatch(new RegExp(`${table} ${bucket} minute`))
  expect(found.said).toMatch(new RegExp(`${table} ${lostBucket} minute`))
  expect(found.said).toMatch(new RegExp(`${table} ${lostRoot} total`))
  expect(found.said).toMatch(/differs: raw engagement event \d+: SQL a row, stored nothing/)
  expect(found.said).toMatch(/differs: raw engagement event \d+ duration_ms: SQL \d+, stored 7/)
  expect(found.said).toMatch(/differs: raw engagement event 9000000 in partition: SQL none/)
  expect(found.said).toMatch(new RegExp(`differs: redis engagement_by_content_id ${live} total`))
  expect(found.said).toMatch(/differs: redis hash page_views of \S+ \/a/)
  expect(found.said).toMatch(/^next: npm run reconcile -- --repair$/m)

  const repaired = await runReconcile(env, ['--repair', '--all', ...file])
  expect(repaired).toMatchObject({
    status: 0,
    said: expect.stringMatching(/\d+ repaired, 0 differences/),
  })
  const after = await runReconcile(env, file)
  expect(after).toMatchObject({status: 0, said: expect.stringMatching(/^equal$/m)})
}, 400_000)
