/** What happens to PostgreSQL under a relay: a restart, a standby, a failover. On a cluster of its own. */
import {execFile} from 'node:child_process'
import {appendFileSync, cpSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'
import {openClient} from '../platform/postgres.ts'
import {openOwnServer, type OwnServer} from './own-server.ts'
import {openRelayStack, until, type RelayStack} from './relay-stack.ts'
import {ADD_EVENT} from './relay-slow.ts'
import {addContents, contentId} from './relay-writers.ts'

const DATA = 'data/postgres'

async function query(url: string, text: string, values: readonly unknown[] = []): Promise<void> {
  const client = await openClient(url, {applicationName: 'test'})
  try {
    await client.query(text, [...values])
  } finally {
    await client.end()
  }
}

async function openDatabase(server: OwnServer): Promise<string> {
  const url = new URL(server.connection['DATABASE_URL']!)
  url.pathname = '/postgres'
  await query(url.toString(), 'CREATE DATABASE relay')
  url.pathname = '/relay'
  return url.toString()
}

/** A copy of a stopped cluster that follows the original once both run. */
async function copyAsStandby(primary: OwnServer, folder: string): Promise<void> {
  const data = join(folder, DATA)
  cpSync(join(primary.folder, 'data'), join(folder, 'data'), {recursive: true})
  const {port, username, password} = new URL(primary.connection['DATABASE_URL']!)
  writeFileSync(join(data, 'standby.signal'), '')
  const from = `host=127.0.0.1 port=${port} user=${username} password=${password}`
  appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`)
  // The owner of the cluster is not who runs the tests when that is root.
  const original = join(primary.folder, DATA)
  await promisify(execFile)('chown', ['-R', `--reference=${original}`, data])
  await promisify(execFile)('chmod', ['-R', 'go-rwx', data])
}

interface Seen {
  readonly device: unknown
  readonly redelivered: boolean
  readonly epoch: number
}

async function eventsIn(stack: RelayStack): Promise<readonly Seen[]> {
  const records = (await stack.readTopics()).flat()
  return records
    .filter(record => record.topic === 'engagement_events')
    .map(({device, redelivered, epoch}) => ({device, redelivered, epoch}))
}

const hasDevice = async (stack: RelayStack, device: string): Promise<boolean> =>
  (await eventsIn(stack)).some(event => event.device === device)

test('a relay goes on after a restart of PostgreSQL, and nothing comes twice unflagged', async () => {
  await using server = await openOwnServer('postgres')
  const url = await openDatabase(server)
  await using stack = await openRelayStack({DATABASE_URL: url})
  await addContents(stack.client)
  await stack.startRelay()
  await query(url, ADD_EVENT, [contentId(1), 'before'])
  await until('the row before', () => hasDevice(stack, 'before'))
  await server.kill()
  await server.startAgain()
  await query(url, ADD_EVENT, [contentId(1), 'after'])
  await until('the row after', () => hasDevice(stack, 'after'))
  const seen = new Set<unknown>()
  for (const {device, redelivered} of await eventsIn(stack)) {
    expect(seen.has(device) && !redelivered).toBe(false)
    seen.add(device)
  }
}, 120_000)

test('a standby is refused; once promoted everything comes again, as redelivered', async () => {
  await using primary = await openOwnServer('postgres')
  const url = await openDatabase(primary)
  await using stack = await openRelayStack({DATABASE_URL: url})
  await addContents(stack.client)
  const first = await stack.startRelay()
  await query(url, ADD_EVENT, [contentId(1), 'before'])
  await until('the row before', () => hasDevice(stack, 'before'))
  await primary.stop()
  await using standby = await openOwnServer('postgres', folder => copyAsStandby(primary, folder))
  await primary.startAgain()
  await query(url, ADD_EVENT, [contentId(1), 'replicated'])
  await until('the replicated row', () => hasDevice(stack, 'replicated'))

  const standbyUrl = new URL(url)
  standbyUrl.port = new URL(standby.connection['DATABASE_URL']!).port
  const second = await stack.startRelay({DATABASE_URL: standbyUrl.toString()})
  const readiness = async (): Promise<string> =>
    await (await fetch(`${second.url}/health/ready`)).text()
  await until('refused', async () => (await readiness()).includes('standby'))

  first.signal('SIGKILL')
  await first.ended()
  await standbyHas(standbyUrl.toString(), 'replicated')
  await primary.stop()
  await query(standbyUrl.toString(), 'SELECT pg_promote()')
  await query(standbyUrl.toString(), ADD_EVENT, [contentId(1), 'promoted'])
  await until('the row of the new primary', () => hasDevice(stack, 'promoted'))
  const events = await eventsIn(stack)
  const epochs = events.map(event => event.epoch)
  const again = events.filter(event => event.epoch === Math.max(...epochs) && event.redelivered)
  expect(again.map(({device}) => device).slice(0, 2)).toEqual(['before', 'replicated'])
  expect(second.lines.some(line => line.includes('another timeline'))).toBe(true)
}, 180_000)

async function standbyHas(url: string, device: string): Promise<void> {
  await until('the standby has the row', async () => {
    const client = await openClient(url, {applicationName: 'test'})
    const {rowCount} = await client.query('SELECT FROM engagement_events WHERE device = $1', [
      device,
    ])
    await client.end()
    return rowCount === 1
  })
}
