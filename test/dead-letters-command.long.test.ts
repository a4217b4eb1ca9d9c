/** `npm run dead-letters` on what the processor put aside: list, show, re-drive, discard. */
import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'
import {changeUntold} from './untold.ts'

let world: PipelineWorld | undefined

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

async function deadLetters(env: PipelineWorld['env'], ...args: string[]): Promise<string> {
  const options = {env: {...env, PATH: process.env['PATH']}}
  const call = promisify(execFile)(process.execPath, ['scripts/dead-letters.ts', ...args], options)
  return (await call).stdout
}

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** As `deadLetters`, also when it fails. */
async function outcomeOf(env: PipelineWorld['env'], ...args: string[]): Promise<Outcome> {
  const options = {env: {...env, PATH: process.env['PATH']}}
  const call = promisify(execFile)(process.execPath, ['scripts/dead-letters.ts', ...args], options)
  return await call.then(
    ({stdout, stderr}) => ({code: 0, stdout, stderr}),
    ({code, stdout, stderr}: Outcome) => ({code, stdout, stderr}),
  )
}

test('a record that the processor put aside is listed, shown, driven again or discarded', async () => {
  world = await openPipelineWorld()
  const {env, pool, cassandra} = world
  await Promise.all([world.start('ingestor'), world.start('processor')])
  await pool.query(
    `INSERT INTO engagement_events (event_type, event_ts, duration_ms)
     VALUES ('play', now() + interval '3 days', 1000), ('play', now() + interval '4 days', 2000)`,
  )
  await whenCommitted(world)
  const lines = (await deadLetters(env, 'list')).trim().split('\n')
  expect(lines).toHaveLength(2)
  for (const line of lines)
    expect(line).toMatch(/engagement_events\.dlq:\d+:\d+ .*open.*RULE_BROKEN/)
  const ids = lines.map(line => line.split(' ', 1)[0]!)
  const shown = JSON.parse(await deadLetters(env, 'show', ids[0]!)) as {
    reason: string
    payload: {value: {event_id?: number; duration_ms: number}}
  }
  expect(shown).toMatchObject({reason: 'RULE_BROKEN', payload: {value: {event_type: 'play'}}})
  const other = JSON.parse(await deadLetters(env, 'show', ids[1]!)) as typeof shown
  // The first row is mended without anybody being told; driving it again brings it in.
  const mended = shown.payload.value.event_id!
  await changeUntold(
    pool,
    'engagement_events',
    `UPDATE engagement_events SET event_ts = now() WHERE id = ${mended};
     DELETE FROM engagement_events WHERE id = ${other.payload.value.event_id}`,
  )
  await deadLetters(env, 'redrive', ids[0]!)
  await deadLetters(env, 'discard', ids[1]!)
  const rows = await until('its row', async () => {
    const found = await cassandra.rows('SELECT event_id FROM engagement_metrics')
    return found.length > 0 && found
  })
  expect(rows.map(row => Number(row['event_id']))).toEqual([mended])
  expect(await deadLetters(env, 'list')).toBe('')
  const after = await deadLetters(env, 'list', '--all')
  expect(after).toMatch(new RegExp(`${ids[0]} .*redriven`))
  expect(after).toMatch(new RegExp(`${ids[1]} .*discarded`))
  // What is not there is said to be not there.
  await expect(deadLetters(env, 'redrive', `${ids[0]}999`)).rejects.toThrow(/dead letter/)
  expect(await differencesWhenQuiet(world, 60_000)).toEqual([])
}, 240_000)

test('many are chosen by reason, topic and time; one that fails keeps no other from it', async () => {
  world = await openPipelineWorld()
  const {env, pool, cassandra} = world
  const [api, , processor] = await Promise.all([
    world.start('api'),
    world.start('ingestor'),
    world.start('processor'),
  ])
  await pool.query(
    `INSERT INTO engagement_events (event_type, event_ts, duration_ms)
     SELECT 'play', now() + interval '3 days', i FROM generate_series(1, 3) i`,
  )
  await pool.query(
    `INSERT INTO engagement_events (event_type, event_ts) VALUES ('play', 'infinity')`,
  )
  await whenCommitted(world)
  const run = (line: string): Promise<Outcome> => outcomeOf(env, ...line.split(' '))
  // Three of three: all that it took.
  expect(await (await fetch(`${processor.url}/metrics`)).text()).toContain(
    'processor_dead_letter_share{stream="engagement",window="hour"} 1\n',
  )
  const found = async (filter: string): Promise<number> =>
    (await run(`list ${filter}`)).stdout.split('\n').length - 1
  expect([
    await found('--all'),
    await found('--reason RULE_BROKEN'),
    await found('--topic engagement_events'),
    await found('--topic content'),
    await found('--to 2026-01-01'),
    await found('--from 2026-01-01 --limit 2'),
  ]).toEqual([4, 3, 4, 0, 0, 2])
  // Two are mended without anybody being told, one is gone.
  await changeUntold(
    pool,
    'engagement_events',
    `UPDATE engagement_events SET event_ts = now() WHERE duration_ms > 1;
     DELETE FROM engagement_events WHERE duration_ms = 1`,
  )
  expect(await run('redrive --reason RULE_BROKEN')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('3 open dead letters match; nothing was done: add --yes'),
  })
  expect(await found('--reason RULE_BROKEN')).toBe(3)
  expect(await run('redrive --reason RULE_BROKEN --yes')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('2 re-driven, 1 failed and stay open'),
    stderr: expect.stringContaining('there is no row 1 in public.engagement_events any more'),
  })
  await until('the rows', async () => {
    const rows = await cassandra.rows('SELECT event_id FROM engagement_metrics')
    return rows.length === 2
  })
  expect(await run('redrive --reason RULE_BROKEN --yes')).toMatchObject({
    stdout: expect.stringContaining('0 re-driven, 1 failed'),
  })

  const ask = async (path: string, body?: object) => {
    const post = {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {'content-type': 'application/json'},
    }
    const response = await fetch(`${api.url}/v1/admin${path}`, body === undefined ? {} : post)
    return {status: response.status, body: (await response.json()) as Record<string, unknown>}
  }
  const metric = async (name: string): Promise<number> =>
    Number((await (await fetch(`${api.url}/metrics`)).text()).split(`${name} `)[1]?.split('\n')[0])
  expect((await ask('/pipeline')).body).toMatchObject({dead_letters: {outbox: 1, topics: 1}})
  expect(await metric('api_dead_letters_open{origin="topics"}')).toBe(1)
  const refused = await ask('/dead-letters/discard', {})
  expect([refused.status, refused.body['detail']]).toEqual([
    422,
    'all: give a filter, or all: true for every open letter',
  ])
  const wrong = await ask('/dead-letters?from=2026-02-01&to=2026-01-01')
  expect([wrong.status, wrong.body['detail']]).toEqual([
    422,
    'to: must be later than from, 2026-02-01',
  ])
  const {body: listed} = await ask('/dead-letters?reason=ENCODE_FAILED')
  const {items} = listed as {items: {id: string}[]}
  expect((await ask(`/dead-letters/${items[0]!.id}`)).body).toMatchObject({
    reason: 'ENCODE_FAILED',
    payload: {event_ts: 'infinity'},
  })
  expect((await ask('/dead-letters/discard', {all: true})).body).toEqual({
    resolved: 2,
    failed: [],
    next: null,
  })
  const {body} = await ask('/pipeline')
  expect(body).toMatchObject({dead_letters: {outbox: 0, topics: 0}})
  const {share} = body['dead_letters'] as {share: {hour: {outbox: number; topics: number}}}
  expect(share.hour.outbox).toBeGreaterThan(0)
  expect(share.hour.topics).toBeGreaterThan(0)
  expect(await metric('api_dead_letters_open{origin="topics"}')).toBe(0)
  // What is resolved long enough is forgotten, and not found again.
  await pool.query(`UPDATE cdc.dead_letters SET resolved_at = now() - interval '31 days';
    UPDATE api.topic_letters SET resolved_at = now() - interval '31 days';
    SELECT cdc.forget_dead_letters(30, 100)`)
  expect((await ask('/dead-letters?state=all')).body).toEqual({items: [], matching: 0, groups: []})
}, 240_000)

test('wrong arguments are named with status 2, and --help does nothing', async () => {
  const run = (line: string): Promise<Outcome> =>
    outcomeOf({DATABASE_URL: 'postgres://127.0.0.1:1/none'}, ...line.split(' '))
  expect(await run('redrive --all --yes --limit x')).toEqual({
    code: 2,
    stdout: '',
    stderr: '--limit x: give a whole number from 1 to 1000000\n',
  })
  expect(await run('discard --all --yes --help')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('usage: npm run dead-letters'),
  })
})
