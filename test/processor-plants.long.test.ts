/**
 * Tests of the tests: a fence of the processor is taken away on purpose, and the comparison with SQL
 * turns red. Fences against calls that arrive long after their owner (write timestamps, ownership,
 * epochs of overtaken relays) need timings that real servers do not give on demand: they are planted
 * in `processor-model.test.ts` and `relay-model.test.ts`.
 */
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'
import {planted, type Plant} from './plant.ts'
import {differencesWhenQuiet, fromTheStart, whenCommitted} from './quiet.ts'
import {writeHistory} from './source-history.ts'

/** Differences that have not gone by then are wrong numbers, not late ones. */
const PATIENCE_MS = 10_000
const TEST_MS = 300_000
const CONTENT = 'cccccccc-0000-4000-8000-000000000001'

let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

/** A history that is stored as it should be. */
async function setup() {
  world = await openPipelineWorld()
  const [relay, processor] = await Promise.all([world.start('ingestor'), world.start('processor')])
  await writeHistory(world.pool, {seed: 5, steps: 60})
  expect(await differencesWhenQuiet(world, 60_000)).toEqual([])
  return {at: world, relay, processor}
}

/** What differs when everything is read again from the first record. */
async function readAgain(at: PipelineWorld, processor: Service, bug: Plant) {
  await processor.stop()
  const again = await fromTheStart(at)
  await at.start('processor', {...again.env, ...planted(bug)})
  return await differencesWhenQuiet(again, PATIENCE_MS)
}

test(
  'without the guard of each aggregate row a record that is read again counts twice',
  async () => {
    const {at, processor} = await setup()
    const found = await readAgain(at, processor, {
      file: 'readmodel/bucket.ts',
      find: 'this.guard = guard',
      replace: 'this.guard = -1',
    })
    expect(found.length).toBeGreaterThan(0)
  },
  TEST_MS,
)

test(
  'without clearing what is derived a row that is written again mixes two states of its content',
  async () => {
    const {at, processor} = await setup()
    const insert = `INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms)
                    VALUES ('${CONTENT}', 'play', now(), 1000)`
    await at.pool.query(`UPDATE content SET length_seconds = 1800 WHERE id = '${CONTENT}'`)
    await until('the new length', async () => {
      const [row] = await at.cassandra.rows(
        `SELECT length_seconds FROM content WHERE id = '${CONTENT}'`,
      )
      return row?.['length_seconds'] === 1800
    })
    await at.pool.query(insert)
    await whenCommitted(at)
    await at.pool.query(`UPDATE content SET length_seconds = NULL WHERE id = '${CONTENT}'`)
    const found = await readAgain(at, processor, {
      file: 'readmodel/raw-table.ts',
      find: 'fresh && !mayRepeat ? undefined : null',
      replace: 'fresh ? undefined : null',
    })
    expect(found.map(({what}) => what).join('\n')).toMatch(
      /redis engagement event \d+ length_seconds/,
    )
  },
  TEST_MS,
)

test(
  'without writing everything anew under a new run an emptied Redis is believed',
  async () => {
    const {at, processor} = await setup()
    await processor.stop()
    await at.start(
      'processor',
      planted({
        file: 'processor/state-cache.ts',
        find: 'row.isLive = false',
        replace: 'void row',
      }),
    )
    expect(await differencesWhenQuiet(at, 60_000)).toEqual([])
    await at.redis.send(['FLUSHALL'])
    await writeHistory(at.pool, {seed: 6, steps: 2})
    const found = await differencesWhenQuiet(at, PATIENCE_MS)
    expect(found.map(({what}) => what).join('\n')).toMatch(/^redis /m)
  },
  TEST_MS,
)

test(
  'with raw corrections before the aggregates a crash in between loses them',
  async () => {
    const {at, processor} = await setup()
    await processor.stop()
    const dying = await at.start(
      'processor',
      planted({
        file: 'processor/checkpoint.ts',
        find: 'await saveDirtyRows(signal)',
        replace: `const corrects = state.pending.deferredCount > 0
    await releaseCorrections(foldedOffset, signal)
    if (corrects) process.kill(process.pid, 'SIGKILL')
    await saveDirtyRows(signal)`,
      }),
    )
    await at.pool.query('UPDATE engagement_events SET duration_ms = 77777')
    await until(
      'the crash',
      async () =>
        await fetch(`${dying.url}/health/live`).then(
          () => false,
          () => true,
        ),
      60_000,
    )
    await at.start('processor')
    expect((await differencesWhenQuiet(at, PATIENCE_MS)).length).toBeGreaterThan(0)
  },
  TEST_MS,
)

test(
  'without a look-up of what the relay announced as repeated a record counts twice',
  async () => {
    const {at, processor, ...started} = await setup()
    await processor.stop()
    await at.start(
      'processor',
      planted({
        file: 'processor/admit.ts',
        find: `meta.op === 'c' && !meta.redelivered`,
        replace: `meta.op === 'c'`,
      }),
    )
    let {relay} = started
    let found: Awaited<ReturnType<typeof differencesWhenQuiet>> = []
    // Killed after its records are in Kafka and before its cursor says so: not each time.
    for (let round = 0; round < 8 && found.length === 0; round++) {
      const writing = writeHistory(at.pool, {seed: 100 + round, steps: 100})
      await whenPublished(at, round)
      await relay.kill()
      await writing
      relay = await at.start('ingestor')
      found = await differencesWhenQuiet(at, PATIENCE_MS)
    }
    expect(found.length).toBeGreaterThan(0)
  },
  TEST_MS,
)

/** Some outbox rows of the round are pending: the relay is at work. */
async function whenPublished({pool}: PipelineWorld, round: number): Promise<void> {
  await until(`work of round ${round}`, async () => {
    const {rows} = await pool.query<{n: string}>(
      `SELECT count(*) AS n FROM outbox_status WHERE status <> 'published'`,
    )
    return Number(rows[0]!.n) > 0
  })
}
