/** A content that comes after its events: what was written without it follows by itself. */
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {changeUntold} from './untold.ts'

const LATE = '22222222-0000-4000-8000-000000000001'
let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

/** The content's row is there, and nobody was told: as if its topic were far behind. */
async function insertUntold({pool}: PipelineWorld): Promise<void> {
  await changeUntold(
    pool,
    'content',
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     VALUES ('${LATE}', 'late', 'Late', 'podcast', 200, now())`,
  )
}

const rowsOf = async ({cassandra}: PipelineWorld) =>
  (await cassandra.rows('SELECT * FROM engagement_metrics')).toSorted(
    (a, b) => Number(a['event_id']) - Number(b['event_id']),
  )

async function hashOf({redis}: PipelineWorld, id: number): Promise<ReadonlyMap<string, string>> {
  const flat = (await redis.send(['HGETALL', `engagement_events:event:${id}`])) as string[]
  return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : [])))
}

async function metricOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const line = text.split('\n').find(each => each.startsWith(`${name}{stream="engagement"}`))
  return Number(line?.split(' ')[1] ?? 0)
}

test('INV-36: rows and hashes are patched when the content comes, also by a later owner', async () => {
  world = await openPipelineWorld({PROCESSOR_REFERENCE_WAIT_MS: '100'})
  const at = world
  await insertUntold(at)
  const [, first] = await Promise.all([at.start('ingestor'), at.start('processor')])
  await at.pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms)
     SELECT $1, gen_random_uuid(), 'play', now() - n * interval '7 minutes', n * 1000
       FROM generate_series(1, 5) n`,
    [LATE],
  )
  await until('rows without metadata', async () => (await rowsOf(at)).length === 5)
  // One was corrected before, too: its cells are cleared, not just absent.
  await at.pool.query('UPDATE engagement_events SET duration_ms = 50000 WHERE id = 2')
  await until('the correction', async () => (await rowsOf(at))[1]?.['duration_ms'] === 50_000)
  expect((await rowsOf(at)).map(row => row['length_seconds'])).toEqual(Array(5).fill(null))
  expect((await hashOf(at, 1)).has('length_seconds')).toBe(false)
  // Who learns of it is not who wrote the rows; one of them is gone by then.
  await first.stop()
  await at.pool.query('DELETE FROM engagement_events WHERE id = 3')
  await at.pool.query(`UPDATE content SET title = 'Told' WHERE id = $1`, [LATE])
  const second = await at.start('processor')
  const patched = await until('patched rows', async () => {
    const rows = await rowsOf(at)
    return rows.length === 4 && rows.every(row => row['length_seconds'] === 200) && rows
  })
  expect(patched.map(row => row['engagement_pct'])).toEqual([1 / 200, 50 / 200, 4 / 200, 5 / 200])
  expect(patched.map(row => row['content_type'])).toEqual(Array(4).fill('podcast'))
  await until('a patched hash', async () => (await hashOf(at, 5)).get('length_seconds') === '200')
  // Of the deleted one stands for a while that it was deleted.
  expect((await hashOf(at, 3)).has('length_seconds')).toBe(false)
  expect(await metricOf(second.url, 'processor_events_patched_total')).toBeGreaterThanOrEqual(4)
  expect(await differencesWhenQuiet(at)).toEqual([])
}, 240_000)
