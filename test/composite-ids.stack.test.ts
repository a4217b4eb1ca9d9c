/** INV-131: a table whose rows are told apart by several columns, through the whole pipeline, and by id in every answer. */
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {Trace} from '../api/schemas/admin.ts'
import type {Static} from 'typebox'
import type {CqlParams} from '../platform/cassandra.ts'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet} from './quiet.ts'
import {runReconcile} from './reconcile-command.ts'
import {LINES_SQL} from './streams-composite/lines.ts'

let world: PipelineWorld
let url: string

beforeAll(async () => {
  world = await openPipelineWorld({STREAMS_FOLDER: 'test/streams-composite'}, LINES_SQL)
  await Promise.all([world.start('ingestor'), world.start('processor')])
  url = (await world.start('api')).url
}, 180_000)

afterAll(async () => await world?.[Symbol.asyncDispose]())

const AT = '2026-01-01 12:00:00+00'
const ID = `a\\,b,7,${AT}`
const path = (id: string): string => encodeURIComponent(id)

async function get(of: string): Promise<{readonly status: number; readonly body: unknown}> {
  const answer = await fetch(`${url}${of}`)
  return {status: answer.status, body: await answer.json()}
}

test('inserts, updates, moves to another key and id, and deletes end in the numbers of SQL', async () => {
  await world.pool
    .query(`INSERT INTO lines SELECT 'shop ' || i % 3 || ',\\', i, '${AT}', 'new', i FROM generate_series(1, 60) i;
    UPDATE lines SET state = 'paid', total = total * 2 WHERE no % 2 = 0;
    UPDATE lines SET shop = 'other' WHERE no BETWEEN 10 AND 20;
    UPDATE lines SET no = no + 1000 WHERE no % 5 = 0;
    DELETE FROM lines WHERE no % 7 = 0;
    INSERT INTO lines VALUES ('a,b', 7, '${AT}', 'new', 1.25)`)
  const {status, body} = await get(
    `/v1/streams/lines/metrics?after_event=lines:${path(ID)}&wait_ms=20000`,
  )
  expect(status, JSON.stringify(body)).toBe(200)
  expect(await differencesWhenQuiet(world)).toEqual([])
  const {rows} = await world.pool.query(
    'SELECT count(*)::int AS lines, sum(total)::float8 AS total FROM lines',
  )
  expect((await get('/v1/streams/lines/metrics')).body).toMatchObject({metrics: rows[0]})
}, 120_000)

test('an event is read and traced by its id, and a text that is none is refused', async () => {
  expect(await get(`/v1/streams/lines/events/${path(ID)}`)).toMatchObject({
    status: 200,
    body: {event: {row_id: ID, shop: 'a,b', no: 7, total: '1.25'}},
  })
  const traced = await get(`/v1/admin/trace/lines/${path(ID)}`)
  const {stages} = traced.body as Static<typeof Trace>
  expect(stages.map(({stage, found}) => [stage, found])).toEqual(
    ['postgresql', 'outbox', 'kafka', 'cassandra', 'redis'].map(stage => [stage, true]),
  )
  const refused = await get('/v1/streams/lines/events/a,b')
  expect(refused).toMatchObject({status: 422})
  expect(JSON.stringify(refused.body)).toContain('is no shop,no,at, as ids of lines are')
})

test('a row is told again, and a range by a backfill, without a change of numbers', async () => {
  await world.pool.query("SELECT cdc.reread('lines', $1)", [ID])
  await world.pool.query("INSERT INTO cdc.backfills (topic) VALUES ('lines')")
  await until('the backfill is done', async () => {
    const {rowCount} = await world.pool.query("SELECT FROM cdc.backfills WHERE state = 'done'")
    return rowCount === 1
  })
  expect(await differencesWhenQuiet(world)).toEqual([])
}, 60_000)

test('reconcile finds the row of several columns that is missing, and repairs it', async () => {
  const [row] = await world.cassandra.rows(
    'SELECT src_partition, block, row_id, writetime(meta) AS written FROM lines',
  )
  const {written, ...place} = row!
  await world.cassandra.execute(
    'DELETE FROM lines USING TIMESTAMP ? WHERE src_partition = ? AND block = ? AND row_id = ?',
    [written, ...Object.values(place)] as CqlParams,
  )
  const of = ['--stream', 'lines']
  expect(await runReconcile(world.env, of)).toMatchObject({
    status: 1,
    said: expect.stringContaining(
      `differs: raw lines event ${place['row_id'] as string}: SQL a row`,
    ),
  })
  const repaired = await runReconcile(world.env, [...of, '--repair'])
  expect(repaired, repaired.said).toMatchObject({status: 0})
  expect(await runReconcile(world.env, of)).toMatchObject({
    status: 0,
    said: expect.stringMatching(/^equal$/m),
  })
}, 120_000)
