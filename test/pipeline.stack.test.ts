/** The main job on real servers: SQL in, rows, hashes and numbers out. */
import {readFileSync} from 'node:fs'
import {Client} from 'cassandra-driver'
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld, type ServiceName} from './pipeline-world.ts'

const PODCAST = '5a3b1e00-0000-4000-8000-000000000001'
const SAMPLE = readFileSync('scripts/sample.sql', 'utf8')
let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

async function setup(services: readonly ServiceName[]) {
  world = await openPipelineWorld()
  const started = await Promise.all(services.map(name => world!.start(name)))
  const byName = new Map(services.map((name, i) => [name, started[i]!]))
  return {world, serviceOf: (name: ServiceName) => byName.get(name)!}
}

const rawRows = async ({cassandra}: PipelineWorld) =>
  await cassandra.rows('SELECT * FROM engagement_metrics')

/** The hash of an event as an object; empty when there is none. */
async function eventHash({redis}: PipelineWorld, id: number): Promise<Record<string, string>> {
  const flat = (await redis.send(['HGETALL', `engagement_events:event:${id}`])) as string[]
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : [])))
}

const answer = async (url: string): Promise<Record<string, never>> => {
  const response = await fetch(url)
  expect(response.status, url).toBe(200)
  return (await response.json()) as Record<string, never>
}

test('the INSERTs of the sample become rows, hashes and answers that agree', async () => {
  const {world: at, serviceOf} = await setup(['ingestor', 'processor', 'api'])
  await at.pool.query(SAMPLE)
  const rows = await until('four rows', async () => {
    const found = await rawRows(at)
    return found.length === 4 && found
  })
  const row = (id: number) => rows.find(r => Number(r['event_id']) === id)!
  expect(row(1)).toMatchObject({
    event_type: 'play',
    device: 'ios',
    content_type: 'podcast',
    length_seconds: 1800,
    engagement_seconds: 30,
    engagement_pct: 30 / 1800,
  })
  expect(row(3)).toMatchObject({engagement_seconds: 1800, engagement_pct: 1, device: 'web-safari'})
  for (const id of [2, 4]) {
    expect(row(id)).toMatchObject({engagement_seconds: null, engagement_pct: null})
  }
  expect(row(4)).toMatchObject({content_type: 'video', event_type: 'click', length_seconds: 5400})

  const hash = await until('hash of event 1', async () => {
    const found = await eventHash(at, 1)
    return Object.keys(found).length > 0 && found
  })
  expect(hash).toMatchObject({
    event_type: 'play',
    device: 'ios',
    content_type: 'podcast',
    length_seconds: '1800',
    engagement_seconds: '30',
  })
  expect(Number(hash['engagement_pct'])).toBe(30 / 1800)
  const second = await eventHash(at, 2)
  expect(Object.keys(second)).not.toContain('engagement_pct')
  expect(Object.values(second)).not.toContain('')

  const {url} = serviceOf('api')
  const event = await until('event 1 by id', () => answer(`${url}/v1/events/1`))
  expect(event).toMatchObject({
    engagement_seconds: 30,
    engagement_pct: 30 / 1800,
    event_type: 'play',
  })
  const metrics = await until('metrics of three events', async () => {
    const body = (await answer(`${url}/v1/content/${PODCAST}/metrics`)) as {
      metrics?: {events?: number}
    }
    return body.metrics?.events === 3 && body
  })
  expect(metrics).toMatchObject({
    content: {id: PODCAST, content_type: 'podcast'},
    metrics: {
      events: 3,
      plays: 1,
      pauses: 1,
      finishes: 1,
      clicks: 0,
      engagement_seconds: 1830,
      engagement_pct_sum: 30 / 1800 + 1,
      completion_rate: 1,
      unique_viewers: 2,
    },
  })
}, 120_000)

test('values that an event or a content does not have are absent in Cassandra, not tombstones', async () => {
  const {world: at, serviceOf} = await setup(['ingestor', 'processor'])
  // What a lane finds when it is taken may have been published before: written whole, with its nulls.
  await until('the relay has every lane', async () => {
    const {rows} = await at.pool.query<{lanes: number}>(
      'SELECT count(*)::int AS lanes FROM cdc.relay_cursor',
    )
    const metrics = await (await fetch(`${serviceOf('ingestor').url}/metrics`)).text()
    return metrics.match(/^relay_lane_epoch\{.*\} [1-9]/gm)?.length === rows[0]!.lanes
  })
  await at.pool.query(SAMPLE)
  await at.pool.query(
    `INSERT INTO content (id, slug, title, publish_ts)
     VALUES (gen_random_uuid(), 'bare', 'Bare', now())`,
  )
  await until('four rows', async () => (await rawRows(at)).length === 4)
  await until('the bare content', async () =>
    (await at.cassandra.rows('SELECT slug FROM content')).some(row => row['slug'] === 'bare'),
  )
  const client = new Client({
    contactPoints: at.env['CASSANDRA_CONTACT_POINTS']!.split(','),
    localDataCenter: at.env['CASSANDRA_LOCAL_DC']!,
    keyspace: at.keyspace,
  })
  try {
    for (const table of ['engagement_metrics', 'content']) {
      const read = await client.execute(`SELECT * FROM ${table}`, [], {traceQuery: true})
      const trace = await client.metadata.getTrace(read.info.traceId)
      const said = trace.events.map(event => event.activity ?? '').join('\n')
      expect(said).toMatch(/Read \d+ live rows and 0 tombstone/)
      expect(said).not.toMatch(/and [1-9]\d* tombstone/)
    }
  } finally {
    await client.shutdown()
  }
}, 120_000)

test('an event that commits late is not lost, and delays nobody', async () => {
  const {world: at} = await setup(['ingestor', 'processor'])
  await at.pool.query(SAMPLE)
  const insert = `INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms)
                  VALUES ('${PODCAST}', 'play', now(), 1000) RETURNING id`
  const slow = await at.pool.connect()
  try {
    await slow.query('BEGIN')
    const {rows: first} = await slow.query<{id: string}>(insert)
    const {rows: later} = await at.pool.query<{id: string}>(insert)
    const ids = async (): Promise<readonly string[]> =>
      (await rawRows(at)).map(r => String(r['event_id']))
    await until('the later event', async () => (await ids()).includes(later[0]!.id))
    expect(await ids()).not.toContain(first[0]!.id)
    await slow.query('COMMIT')
    await until('the late commit', async () => (await ids()).includes(first[0]!.id))
  } finally {
    slow.release()
  }
}, 120_000)

test('killed at any moment, relay and processor lose nothing and count nothing twice', async () => {
  const {world: at, serviceOf} = await setup(['ingestor', 'processor'])
  await at.pool.query(SAMPLE)
  const batch = `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms)
    SELECT c.id, gen_random_uuid(), 'play', now(), 1000 + g
      FROM generate_series(1, 40) g, content c`
  let relay = serviceOf('ingestor')
  let processor = serviceOf('processor')
  for (let round = 0; round < 4; round++) {
    await at.pool.query(batch)
    await Promise.all([at.pool.query(batch), round % 2 === 0 ? relay.kill() : processor.kill()])
    await at.pool.query(batch)
    if (round % 2 === 0) relay = await at.start('ingestor')
    else processor = await at.start('processor')
  }
  const sums = `SELECT count(*)::int AS events, sum(duration_ms)::bigint AS duration FROM engagement_events`
  const {rows} = await at.pool.query<{events: number; duration: string}>(sums)
  const expected = {events: rows[0]!.events, duration: Number(rows[0]!.duration)}
  await until('every event in Cassandra, once', async () => {
    const found = await rawRows(at)
    const duration = found.reduce((sum, r) => sum + Number(r['duration_ms'] ?? 0), 0)
    return found.length === expected.events && duration === expected.duration
  })
  const hashes = await until('every event in Redis', async () => {
    const keys = (await at.redis.send(['KEYS', 'engagement_events:event:*'])) as string[]
    return keys.length === expected.events && keys
  })
  expect(hashes).toHaveLength(expected.events)
}, 180_000)
