/**
 * Alerts on the whole pipeline: crossed by SQL under load, sent, with receivers that are away and workers that are
 * killed. What was measured is stored in test/results.
 */
import {spawn, type ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, writeFileSync} from 'node:fs'
import {availableParallelism, loadavg} from 'node:os'
import type {Browser} from 'playwright-core'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {pause} from '../platform/lifecycle.ts'
import {openMailbox, openReceiver} from './alert-receivers.ts'
import {openBrowser} from './browser.ts'
import {openPage, waitForLive} from './pages-world.ts'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'

const RESULT = 'test/results/alerts.json'
const WITHIN_MS = 5000
const PER_SECOND = 500
const READINGS = `CREATE TABLE readings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, device text NOT NULL, sensor text NOT NULL,
  value double precision NOT NULL, unit text, measured_at timestamptz NOT NULL)`

type Receiver = Awaited<ReturnType<typeof openReceiver>>
type Mailbox = Awaited<ReturnType<typeof openMailbox>>

let world: PipelineWorld
let receiver: Receiver
let mailbox: Mailbox
let browser: Browser
let api = ''
const workers: ChildProcess[] = []
const figures: Record<string, unknown> = {
  at: new Date().toISOString(),
  cores: availableParallelism(),
}

function startWorker(): ChildProcess {
  const child = spawn(process.execPath, ['test/alert-process.ts'], {
    env: {
      ...world.env,
      PATH: process.env['PATH'],
      WORKER_API_URL: api,
      WORKER_ALERT_ALLOW: '127.0.0.0/8',
      WORKER_ALERT_SMTP_URL: mailbox.url,
      WORKER_ALERT_LEASE_MS: '2000',
      WORKER_ALERT_SEND_TIMEOUT_MS: '1000',
      WORKER_ALERT_RETRY_MS_MAX: '2000',
      WORKER_ALERT_ANOMALY_CHANNELS: 'pager',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  workers.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

async function post<T>(path: string, body: object): Promise<T> {
  const answer = await fetch(`${api}${path}`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  expect(answer.ok, text).toBe(true)
  return JSON.parse(text) as T
}

const makeRule = async (name: string, changes: object = {}): Promise<string> => {
  const rule = {
    name,
    stream: 'activity',
    metric: 'page_views',
    kind: 'above',
    threshold: 0,
    window_minutes: 1,
    severity: 'critical',
    channels: ['pager', 'operators'],
    ...changes,
  }
  return (await post<{id: string}>('/v1/alerts/rules', rule)).id
}

const insert = async (type: string, count: number): Promise<void> =>
  void (await world.pool.query(
    `INSERT INTO activity_events (user_id, activity_type, metadata)
     SELECT 'u' || n % 100, $1, '{"page": "/a"}' FROM generate_series(1, $2::int) n`,
    [type, count],
  ))

/** Events at a steady rate until it is stopped. */
function startLoad() {
  const stop = new AbortController()
  let written = 0
  const startedAt = performance.now()
  const write = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await insert('click', PER_SECOND / 20)
      written += PER_SECOND / 20
      await pause(startedAt + (written / PER_SECOND) * 1000 - performance.now(), stop.signal)
    }
  }
  const writing = write()
  return {
    rate: () => (written * 1000) / (performance.now() - startedAt),
    async stop() {
      stop.abort()
      await writing
    },
  }
}

const incidentsOf = async (source: string) =>
  (
    await world.pool.query<{id: string; status: string; opened_at: Date}>(
      'SELECT id, status, opened_at FROM api.alert_incidents WHERE source = $1 ORDER BY id',
      [source],
    )
  ).rows

const messageIds = (): readonly string[] => receiver.received.map(({id}) => id)
const isJudged = async (id: string): Promise<boolean> => {
  const {rows} = await world.pool.query('SELECT judged_at FROM api.alert_rules WHERE id = $1', [id])
  return (rows[0] as {judged_at: Date | null}).judged_at !== null
}

beforeAll(async () => {
  world = await openPipelineWorld(
    {STREAMS_FOLDER: 'test/streams-alerts', API_ACCESS: 'open'},
    READINGS,
  )
  browser = await openBrowser()
  receiver = await openReceiver()
  mailbox = await openMailbox()
  await world.start('ingestor')
  await world.start('processor')
  api = (await world.start('api')).url
  const pager = {name: 'pager', kind: 'webhook', address: receiver.url}
  receiver.setSecret((await post<{secret: string}>('/v1/alerts/channels', pager)).secret)
  const operators = {name: 'operators', kind: 'mail', address: 'operators@example.com'}
  await post('/v1/alerts/channels', operators)
  startWorker()
  startWorker()
}, 300_000)

afterAll(async () => {
  for (const worker of workers) await end(worker, 'SIGKILL')
  await browser?.close()
  await receiver?.[Symbol.asyncDispose]()
  await mailbox?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
  mkdirSync('test/results', {recursive: true})
  writeFileSync(RESULT, `${JSON.stringify(figures, null, 2)}\n`)
}, 60_000)

test('a threshold crossed by SQL is an incident, a verified webhook and a mail within five seconds, under load', async () => {
  const load = startLoad()
  const id = await makeRule('page views')
  await until('it is judged', () => isJudged(id), 60_000)
  await until(
    'the load is there',
    async () => {
      const {rows} = await world.pool.query('SELECT count(*)::int AS n FROM activity_events')
      return (rows[0] as {n: number}).n > 10 * PER_SECOND
    },
    60_000,
  )
  const crossedAt = Date.now()
  await insert('page_view', 1)
  // Of the time to the incident, what the pipeline takes until the number is served.
  const visible = until('it is served', async () => {
    const answer = await fetch(`${api}/v1/streams/activity/metrics?by=all&metrics=page_views`)
    const {metrics} = (await answer.json()) as {metrics: {page_views: number}}
    return metrics.page_views > 0 && Date.now() - crossedAt
  })
  const [incident] = await until('it is open', async () => {
    const found = await incidentsOf(id)
    return found.length > 0 && found
  })
  const webhook = await until(
    'the webhook',
    async () =>
      await Promise.resolve(receiver.received.find(({data}) => data.rule === 'page views')),
  )
  const mail = await until(
    'the mail',
    async () =>
      await Promise.resolve(mailbox.mails.find(({text}) => text.includes('[critical] page views'))),
  )
  const took = {
    incident_ms: incident!.opened_at.getTime() - crossedAt,
    webhook_ms: webhook.at - crossedAt,
    mail_ms: mail.at - crossedAt,
  }
  figures['crossed'] = {
    events_per_second: Math.round(load.rate()),
    load_average: loadavg()[0],
    served_ms: await visible,
    ...took,
  }
  await load.stop()
  expect(load.rate()).toBeGreaterThan(PER_SECOND * 0.8)
  for (const [what, ms] of Object.entries(took)) expect(ms, what).toBeLessThan(WITHIN_MS)
  expect(mail.text).toContain(`Message-ID: <alert_${incident!.id}_opened@localhost>`)
}, 180_000)

test('an odd reading is in an incident within a second of its commit', async () => {
  const write = (value: number) =>
    world.pool.query(
      `INSERT INTO readings (device, sensor, value, measured_at) VALUES ('d1', 'heat', $1, now())`,
      [value],
    )
  // What is there before anybody looks is history: the first ones are read before the rest is written.
  await write(20)
  const hasGroup = async () => {
    await write(20 + Math.random())
    const {rows} = await world.pool.query('SELECT count(*)::int AS n FROM readings')
    return (rows[0] as {n: number}).n > 60
  }
  await until('readings were learned', hasGroup, 60_000)
  const took: number[] = []
  for (let i = 0; i < 5; i++) {
    const at = Date.now()
    await write(200 + i)
    const count = i + 1
    await until('it is listed', async () => {
      const {rows} = await world.pool.query(
        `SELECT FROM api.alert_incidents WHERE source = 'anomalies' AND (details->>'count')::int = $1`,
        [count],
      )
      return rows.length === 1
    })
    took.push(Date.now() - at)
    for (let usual = 0; usual < 3; usual++) await write(20 + Math.random())
  }
  figures['anomaly'] = {reading_to_incident_ms: took}
  expect(took.toSorted((a, b) => a - b)[2]).toBeLessThan(1000)
}, 120_000)

test('a rule that is made on the page opens an alert there, live, and somebody has seen it', async () => {
  const {page, mistakes, close} = await openPage(browser)
  await page.goto(`${api}/?view=alerts&tab=rules`)
  await page.getByLabel('Name', {exact: true}).fill('by hand')
  const form = page.getByRole('form', {name: 'New rule'})
  const choiceOf = (label: RegExp) => form.locator('label', {hasText: label}).locator('select')
  await choiceOf(/^Stream/).selectOption('activity')
  await choiceOf(/^Measure/).selectOption('activities')
  await page.getByLabel('Above', {exact: true}).fill('0.5')
  await page.getByLabel('Minutes', {exact: true}).fill('1')
  await page.getByRole('button', {name: 'Watch'}).click()
  await page.getByRole('button', {name: 'by hand'}).waitFor()
  await page.getByRole('navigation', {name: 'Parts of the page'}).getByText(/^Open/).click()
  await waitForLive(page)
  await insert('click', 1)
  await page.getByRole('button', {name: 'by hand'}).click()
  await page.getByText('activities of activity is').first().waitFor()
  await page.getByRole('button', {name: 'Acknowledge'}).click()
  await page.locator('.tag.good', {hasText: 'open'}).waitFor()
  expect(mistakes).toEqual([])
  await close()
}, 60_000)

test('INV-157, INV-159: a receiver that is away for a minute misses nothing, and gets each message once, in order', async () => {
  receiver.setAway(true)
  const awayAt = Date.now()
  const before = receiver.received.length
  const ids: string[] = []
  for (let i = 0; i < 10; i++) {
    ids.push(await makeRule(`away ${i}`, {metric: 'activities'}))
    await insert('click', 1)
  }
  await until('all are open', async () => {
    const found = await Promise.all(ids.map(incidentsOf))
    return found.every(one => one.length === 1)
  })
  await until('a minute', async () => await Promise.resolve(Date.now() - awayAt > 60_000), 70_000)
  expect(receiver.received).toHaveLength(before)
  receiver.setAway(false)
  const backAt = Date.now()
  const wanted = (await Promise.all(ids.map(incidentsOf))).map(
    ([incident]) => `alert_${incident!.id}_opened`,
  )
  await until(
    'all came',
    async () => await Promise.resolve(wanted.every(id => messageIds().includes(id))),
  )
  figures['away'] = {
    away_ms: backAt - awayAt,
    refused: receiver.refusals(),
    last_message_ms: Date.now() - backAt,
  }
  const {rows: queued} = await world.pool.query<{message_id: string}>(
    `SELECT message_id FROM api.alert_deliveries WHERE channel = 'pager' AND message_id = ANY ($1) ORDER BY id`,
    [wanted],
  )
  expect(queued).toHaveLength(wanted.length)
  expect(messageIds().filter(id => wanted.includes(id))).toEqual(queued.map(one => one.message_id))
}, 180_000)

test('INV-156: workers that are killed anywhere in between lose and double no incident', async () => {
  for (const worker of workers) await end(worker, 'SIGKILL')
  const sources: string[] = []
  const rounds = 15
  for (let round = 0; round < rounds; round++) {
    const pair = [startWorker(), startWorker()]
    await insert('click', 1)
    for (let i = 0; i < 3; i++) {
      sources.push(await makeRule(`killed ${round} ${i}`, {metric: 'activities'}))
    }
    // Another moment each time, from before they look until all is sent.
    const [latest] = sources.slice(-1)
    if (round % 3 === 0) {
      const isOpen = async () => (await incidentsOf(latest!)).length > 0
      await until('the last one is open', isOpen, 60_000)
    } else await pause(300 + Math.random() * 1500, new AbortController().signal)
    await Promise.all(pair.map(worker => end(worker, 'SIGKILL')))
  }
  const last = [startWorker(), startWorker()]
  await insert('click', 1)
  await until(
    'each is open',
    async () => {
      await insert('click', 1)
      const found = await Promise.all(sources.map(incidentsOf))
      return found.every(one => one.length > 0)
    },
    60_000,
  )
  const found = await Promise.all(sources.map(incidentsOf))
  expect(found.map(one => one.filter(({status}) => status === 'open').length)).toEqual(
    sources.map(() => 1),
  )
  const wanted = found.flat().map(({id}) => `alert_${id}_opened`)
  await until(
    'each is told',
    async () => await Promise.resolve(wanted.every(id => messageIds().includes(id))),
    60_000,
  )
  await until(
    'each is noted as sent',
    async () => {
      const {rows} = await world.pool.query(
        `SELECT FROM api.alert_deliveries WHERE state <> 'sent' AND message_id LIKE '%opened'`,
      )
      return rows.length === 0
    },
    60_000,
  )
  const came = messageIds().filter(id => wanted.includes(id))
  figures['killed'] = {
    kills: 2 * rounds,
    incidents: found.flat().length,
    rules: sources.length,
    messages: wanted.length,
    sent_again_under_their_id: came.length - wanted.length,
  }
  // Open ones stay what they are; none was opened twice.
  expect(found.flat()).toHaveLength(sources.length)
  await Promise.all(last.map(worker => end(worker, 'SIGTERM')))
}, 600_000)

test('the stream of alerts counts what SQL says', async () => {
  await until('it is counted', async () => {
    const {rows} = await world.pool.query(
      `SELECT count(*)::int AS alerts, count(*) FILTER (WHERE status = 'open')::int AS open,
              count(*) FILTER (WHERE severity = 'critical')::int AS critical FROM api.alert_incidents`,
    )
    const answer = await fetch(`${api}/v1/streams/alerts/metrics?by=all`)
    const {metrics} = (await answer.json()) as {metrics: Record<string, unknown>}
    expect(metrics).toMatchObject(rows[0] as object)
    return true
  })
}, 60_000)
