/** A pipeline with something to count, the commands that people run, and what has to be right in the end. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {expect, onTestFinished} from 'vitest'
import type {Env} from '../platform/config.ts'
import {readGenerations} from '../readmodel/generations.ts'
import {openPipelineWorld, type PipelineWorld, type Service} from './pipeline-world.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'

const CONTENT = '66666666-0000-4000-8000-000000000001'

export function startCommand(own: Pick<PipelineWorld, 'env'>, name: string, ...args: string[]) {
  const child = spawn(process.execPath, [`scripts/${name}.ts`, ...args], {
    env: {...own.env, PATH: process.env['PATH']},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', text => (said += String(text)))
  child.stderr.on('data', text => (said += String(text)))
  const ended = once(child, 'close').then(([status]) => ({status: status as number | null, said}))
  return {child, ended, said: () => said}
}

export const runCommand = async (
  own: Pick<PipelineWorld, 'env'>,
  name: string,
  ...args: string[]
) => await startCommand(own, name, ...args).ended

export async function insert(own: PipelineWorld, count: number): Promise<void> {
  await own.pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
     SELECT ('66666666-0000-4000-8000-' || lpad((n % 7)::text, 12, '0'))::uuid, gen_random_uuid(),
            (ARRAY['play', 'pause', 'finish', 'click'])[1 + n % 4], now() - n * interval '9 minutes',
            n * 1000, (ARRAY['ios', 'android', NULL])[1 + n % 3] FROM generate_series(1, $1) n`,
    [count],
  )
  await own.pool.query(
    `INSERT INTO activity_events (user_id, activity_type, occurred_at)
     SELECT 'u' || n % 5, 'login', now() - n * interval '1 minute' FROM generate_series(1, $1) n`,
    [Math.ceil(count / 10)],
  )
}

/** Contents, events of them and activity, all of it counted; gone with the test. */
export async function openRebuildWorld(changes: Env = {}) {
  const own = await openPipelineWorld(changes)
  onTestFinished(() => own[Symbol.asyncDispose]())
  await own.pool.query(
    `INSERT INTO content (id, slug, title, length_seconds, publish_ts)
     SELECT ('66666666-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 's' || n, 't', 600, now()
       FROM generate_series(0, 6) n`,
  )
  const services = {
    relay: await own.start('ingestor'),
    processor: await own.start('processor'),
    api: await own.start('api'),
  }
  await insert(own, 300)
  await whenCommitted(own)
  return {own, services}
}

export const eventsOf = async ({url}: Service) => {
  const answer = await fetch(`${url}/v1/content/${CONTENT}/metrics`)
  const body = (await answer.json()) as {
    metrics?: {events: number}
    meta?: {notes: readonly string[]}
    detail?: string
  }
  return {status: answer.status, body}
}

/** What is stored equals SQL, in the one generation that is left. */
export async function expectEqual(own: PipelineWorld): Promise<void> {
  expect(await differencesWhenQuiet(own)).toEqual([])
  const generations = await readGenerations(own.catalog, own.keyspace)
  expect(generations.map(({state}) => state)).toEqual(['complete', 'complete', 'complete'])
}
