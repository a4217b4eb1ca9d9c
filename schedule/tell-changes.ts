/**
 * The changes of the last day that are most worth a look, to channels of alerts: queued as messages of alerts are, so
 * they are sent once, in order, and kept when nobody takes them.
 */
import {readList, type EnvReader} from '../platform/config.ts'
import {readApiAddress} from '../platform/connections.ts'
import type {Pool} from '../platform/postgres.ts'
import {job, type JobContext, type JobResult} from './job.ts'

export const readChangesSettings = (read: EnvReader) => ({
  /** Names of channels (docs/ALERTS.md); none: nobody is told. */
  channels: readList(read, 'WORKER_CHANGES_CHANNELS'),
  ...readApiAddress(read),
})
type ChangesSettings = ReturnType<typeof readChangesSettings>

export const tellChanges = job({
  name: 'tell-changes',
  what: 'Tells channels of alerts which changes of the last day are worth a look.',
  cron: '0 7 * * *',
  retries: 3,
  backOffS: {first: 60, max: 900},
  timeLimitS: 300,
  settings: readChangesSettings,
  off: ({channels}) => (channels.length === 0 ? 'WORKER_CHANGES_CHANNELS is not set' : null),
  run: runTell,
})

interface Changes {
  readonly from: string
  readonly to: string
  readonly items: readonly {readonly text: string}[]
}

/** @throws a sentence that says what the API answers instead */
async function readChanges(
  {apiUrl, apiKey}: ChangesSettings,
  signal: AbortSignal,
): Promise<Changes> {
  const url = new URL('/v1/insight/changes?span=day', apiUrl)
  const headers = apiKey === undefined ? {} : {authorization: `Bearer ${apiKey}`}
  const answer = await fetch(url, {headers, signal})
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url.href} answers ${answer.status}: ${text.slice(0, 300)}`)
  return JSON.parse(text) as Changes
}

/** The same message of the same tick: a try after one that broke off queues what is missing. */
const QUEUE = `
  INSERT INTO api.alert_deliveries (channel, message_id, payload)
  SELECT c.name, $1, $2::json FROM api.alert_channels c WHERE c.name = ANY ($3)
  ON CONFLICT (channel, message_id) DO NOTHING`

async function queue(pool: Pool, id: string, told: object, channels: readonly string[]) {
  await pool.query(QUEUE, [id, JSON.stringify(told), channels])
  const {rows} = await pool.query<{name: string}>(
    'SELECT name FROM api.alert_channels WHERE name = ANY ($1)',
    [channels],
  )
  const known = new Set(rows.map(({name}) => name))
  const unknown = channels.filter(name => !known.has(name))
  if (unknown.length === 0) return
  throw new Error(
    `WORKER_CHANGES_CHANNELS: there is no channel ${unknown.join(', ')}: make it, or take it out`,
  )
}

async function runTell({
  settings,
  tick,
  pool,
  signal,
}: JobContext<ChangesSettings>): Promise<JobResult> {
  const {from, to, items} = await readChanges(settings, signal)
  if (items.length === 0) return {changes: 0, told: 'nobody: everything is as usual'}
  const link = new URL('/?view=insight', settings.apiUrl).href
  const data = {span: 'day', from, to, link, items}
  const told = {type: 'insight.changes', timestamp: tick.toISOString(), data}
  await queue(pool, `insight_${tick.toISOString()}`, told, settings.channels)
  return {changes: items.length, told: settings.channels.join(', ')}
}
