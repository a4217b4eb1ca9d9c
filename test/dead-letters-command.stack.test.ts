/** `npm run dead-letters` on what the processor put aside: list, show, re-drive, discard. */
import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {afterEach, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'

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
  await pool.query('ALTER TABLE engagement_events DISABLE TRIGGER USER')
  await pool.query('UPDATE engagement_events SET event_ts = now() WHERE id = $1', [mended])
  await pool.query('DELETE FROM engagement_events WHERE id = $1', [other.payload.value.event_id])
  await pool.query('ALTER TABLE engagement_events ENABLE TRIGGER USER')
  await deadLetters(env, 'redrive', ids[0]!)
  await deadLetters(env, 'discard', ids[1]!)
  const rows = await until('its row', async () => {
    const found = await cassandra.rows('SELECT event_id FROM engagement_metrics')
    return found.length > 0 && found
  })
  expect(rows.map(row => Number(row['event_id']))).toEqual([mended])
  const after = await deadLetters(env, 'list')
  expect(after).toMatch(new RegExp(`${ids[0]} .*redriven`))
  expect(after).toMatch(new RegExp(`${ids[1]} .*discarded`))
  // What is not there is said to be not there.
  await expect(deadLetters(env, 'redrive', `${ids[0]}999`)).rejects.toThrow(/dead letter/)
  expect(await differencesWhenQuiet(world, 60_000)).toEqual([])
}, 240_000)
