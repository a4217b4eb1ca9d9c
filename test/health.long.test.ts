/** The verdict on the real pipeline: something goes wrong, is found, is mended, and is found no more. */
import {readFileSync} from 'node:fs'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {AnswerOf} from '../client/client.ts'
import {openPipelineWorld, until, type PipelineWorld, type Service} from './pipeline-world.ts'

type Verdict = AnswerOf<'GET /v1/platform/health'>

let world: PipelineWorld
let processor: Service
let api: Service

/** Some sources are asked every five seconds. */
const SEEN_MS = 30_000

async function ask(path = '/health'): Promise<{status: number; verdict: Verdict}> {
  const answer = await fetch(`${api.url}${path}`)
  return {status: answer.status, verdict: (await answer.json()) as Verdict}
}

const codes = ({findings}: Verdict): readonly string[] => findings.map(({code}) => code)

/** The finding, as soon as it is there, with the status that goes with it. */
const whenFound = (code: string): Promise<Verdict['findings'][number]> =>
  until(
    `${code} found`,
    async () => {
      const {status, verdict} = await ask()
      expect(status, JSON.stringify(verdict)).toBe(503)
      return verdict.findings.find(one => one.code === code)
    },
    SEEN_MS,
  )

/** When the pipeline is healthy again: nothing at all is found. */
const whenHealthy = (): Promise<unknown> =>
  until(
    'healthy',
    async () => {
      const {status, verdict} = await ask()
      expect(codes(verdict)).toEqual([])
      return status === 200 && verdict.healthy
    },
    SEEN_MS * 2,
  )

const metric = async (name: string): Promise<number | undefined> => {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  const line = text.split('\n').find(one => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

const sql = (text: string): Promise<unknown> => world.pool.query(text)

beforeAll(async () => {
  world = await openPipelineWorld()
  const services = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  processor = services[1]!
  api = services[2]!
  await sql(readFileSync('scripts/sample.sql', 'utf8'))
})
afterAll(async () => await world?.[Symbol.asyncDispose]())

test('a pipeline in which everything flows is healthy, for monitors, pages and metrics alike', async () => {
  await whenHealthy()
  // One that has only just started sheds load, all but /health.
  const {verdict} = await until('the pages are told', async () => {
    const answer = await ask('/v1/platform/health')
    return answer.status === 200 && answer
  })
  expect(verdict).toEqual({healthy: true, state: 'healthy', findings: []})
  expect(await metric('pipeline_healthy')).toBe(1)
  expect(await metric('pipeline_findings{code="dead-letters"}')).toBe(0)
})

test('a trigger that is switched off is found, with the table, until it is on again', async () => {
  // Otherwise it is put back at once.
  await sql(
    'BEGIN; SET LOCAL cdc.is_attaching = on; ALTER TABLE engagement_events DISABLE TRIGGER cdc_update; COMMIT',
  )
  expect(await whenFound('capture-broken')).toMatchObject({
    what: expect.stringContaining('engagement_events') as string,
    todo: expect.stringContaining('cdc.attach') as string,
    runbook: 'docs/RUNBOOK.md#capture-broken',
    // No key, no detail.
    detail: null,
  })
  const {status, verdict} = await ask('/v1/platform/health')
  expect([status, verdict.findings[0]?.detail]).toEqual([200, expect.stringMatching('cdc_update')])
  expect(await metric('pipeline_healthy')).toBe(0)
  expect(await metric('pipeline_findings{code="capture-broken"}')).toBe(1)
  await sql('ALTER TABLE engagement_events ENABLE ALWAYS TRIGGER cdc_update')
  await whenHealthy()
})

test('a table that was detached is found until it is attached again', async () => {
  await sql("SELECT cdc.detach('activity_events')")
  expect((await whenFound('not-captured')).what).toContain('activity_events')
  await sql("SELECT cdc.attach('activity_events', 'user_activity', 'user_id')")
  await whenHealthy()
})

test('an attached table that no stream is declared for causes no lag, and is a warning', async () => {
  await sql(
    `CREATE TABLE orders (id bigint PRIMARY KEY); INSERT INTO cdc.declared_topics VALUES ('orders');
     SELECT cdc.attach('orders', 'orders', 'id')`,
  )
  const found = await until(
    'the table without stream',
    async () => {
      const {status, verdict} = await ask()
      return codes(verdict).includes('topic-without-stream') && {status, codes: codes(verdict)}
    },
    SEEN_MS,
  )
  expect(found).toEqual({status: 200, codes: ['topic-without-stream']})
  await sql('DROP TABLE orders')
  await whenHealthy()
})

test('a dead letter is found until somebody has decided about it', async () => {
  await sql(
    `INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, op, payload, reason, message)
     VALUES (1, now(), 'content', 'x', 'c', '{}', 'ENCODE_FAILED', 'no')`,
  )
  expect((await whenFound('dead-letters')).what).toContain('1 dead letter')
  const {rows} = await world.pool.query<{id: string}>('SELECT id FROM cdc.dead_letters')
  const id = `outbox:${rows[0]!.id}`
  const answer = await fetch(`${api.url}/v1/admin/dead-letters/${id}/discard`, {method: 'POST'})
  expect(answer.status).toBe(200)
  await whenHealthy()
})

test('differences of the last comparison are found until one finds none; a narrower one hides nothing', async () => {
  const compared = (scope: string, differences: number): Promise<unknown> =>
    world.pool.query(
      `INSERT INTO cdc.reconciliations (stream, scope, started_at, keys, differences)
       VALUES ('engagement', $1, now(), 10, $2)`,
      [scope, differences],
    )
  await compared('all', 3)
  expect((await whenFound('reconcile-differences')).what).toContain('3 values of engagement')
  expect(await metric('reconcile_differences{stream="engagement"}')).toBe(3)
  await compared('key x', 0)
  const shown = await until('the second comparison', async () => {
    const answer = await fetch(`${api.url}/v1/admin/pipeline`)
    const {reconciliations} = (await answer.json()) as AnswerOf<'GET /v1/admin/pipeline'>
    return reconciliations?.length === 2 && reconciliations
  })
  expect(shown.map(({scope, differences}) => [scope, differences])).toEqual([
    ['all', 3],
    ['key x', 0],
  ])
  expect((await ask()).status).toBe(503)
  await compared('all', 0)
  await whenHealthy()
  expect(await metric('reconcile_differences{stream="engagement"}')).toBe(0)
  expect(await metric('reconcile_age_seconds{stream="engagement"}')).toBeLessThan(60)
})

test('a processor that is gone is found, and a keyspace that is dropped is a read model that is missing', async () => {
  await processor.stop()
  expect((await whenFound('service-away')).what).toContain('processor')
  await world.cassandra.transact(`DROP KEYSPACE ${world.keyspace}`)
  const found = await whenFound('read-model-missing')
  expect(found.what).toMatch(/^The numbers of \w+ have no place to be\.$/)
  // This API can still serve what PostgreSQL and Redis know: its own readiness is not the verdict.
  expect((await fetch(`${api.url}/health/ready`)).status).toBe(200)
}, 120_000)
