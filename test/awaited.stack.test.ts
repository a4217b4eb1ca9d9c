/** A reader who waits for Cassandra does not wait for the next checkpoint in turn. */
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, type PipelineWorld} from './pipeline-world.ts'

const CONTENT = '55555555-0000-4000-8000-000000000001'
let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

test('checkpoints come once in five minutes, yet series include an event within seconds of asking for it', async () => {
  world = await openPipelineWorld({
    PROCESSOR_CHECKPOINT_MS: '60000',
    PROCESSOR_CHECKPOINT_MAX_MS: '300000',
  })
  const {pool} = world
  const [api] = await Promise.all([
    world.start('api'),
    world.start('ingestor'),
    world.start('processor'),
  ])
  await pool.query(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     VALUES ($1, 'awaited', 't', 'video', 60, now())`,
    [CONTENT],
  )
  for (const events of [1, 2]) {
    const {rows} = await pool.query<{id: string}>(
      `INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms)
       VALUES ($1, 'play', now(), 1000) RETURNING id`,
      [CONTENT],
    )
    const path = `/v1/content/${CONTENT}/timeseries?period=1d&after_event=${rows[0]!.id}`
    const ask = () => fetch(`${api.url}${path}&wait_ms=15000`)
    let answer = await ask()
    // An API that has much to do says so at once.
    while (answer.status === 503) answer = await ask()
    expect({events, status: answer.status}).toEqual({events, status: 200})
    const {buckets} = (await answer.json()) as {
      buckets: ReadonlyArray<{readonly metrics: {readonly events: number}}>
    }
    expect(buckets.reduce((sum, bucket) => sum + bucket.metrics.events, 0)).toBe(events)
  }
}, 120_000)
