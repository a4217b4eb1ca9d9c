import {expect, test} from 'vitest'
import {setLaneCount} from '../ingestor/lane-count.ts'
import {holdPublishing} from '../db/publishing-hold.ts'
import {openClient} from '../platform/postgres.ts'
import {checkTopics} from './relay-checker.ts'
import {ADD_EVENT, devicesIn} from './relay-slow.ts'
import {committedRows, openRelayStack, toChecked, until, type RelayStack} from './relay-stack.ts'
import {addContents, contentId, runWriters} from './relay-writers.ts'

/** Identities of rows that the cursors say are published. */
async function publishedRows({client}: RelayStack): Promise<ReadonlySet<string>> {
  const {rows} = await client.query<{id: string}>(
    `SELECT id || '/' || (extract(epoch FROM created_at) * 1000000)::bigint AS id
       FROM outbox_status WHERE status = 'published'`,
  )
  return new Set(rows.map(({id}) => id))
}

test('INV-103: under a hold nothing is published, and the cursors say exactly what was', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  await setLaneCount(stack.client, 4)
  // Pages that are smaller than what waits: batches are frozen, and read ahead.
  const settings = {RELAY_PAGE_ROWS: '10', RELAY_LEASE_MS: '5000'}
  const relays = [await stack.startRelay(settings), await stack.startRelay(settings)]
  await until('both relays own lanes', async () => {
    const {rows} = await stack.client.query(
      'SELECT DISTINCT owner FROM cdc.relay_cursor WHERE owner IS NOT NULL',
    )
    return rows.length === 2
  })
  await stack.whenPublished()
  const stop = new AbortController()
  const writing = runWriters(stack.databaseUrl, 2, stop.signal)
  const client = await openClient(stack.databaseUrl, {applicationName: 'holder'})
  let waiting = 0
  for (let held = 0; held < 3;) {
    const hold = await holdPublishing(client, {mostMs: 30_000, quietMs: 1_000})
    if (hold === null) continue
    const published = await publishedRows(stack)
    const found = new Set((await stack.readTopics()).flat().map(one => toChecked(one).id))
    waiting += (await committedRows(stack.client)).size - published.size
    // A lane that changed owners has begun anew, and the hold says so.
    const isHeld = await hold.isHeld()
    await hold.letGo()
    if (!isHeld) continue
    expect(found.symmetricDifference(published)).toEqual(new Set())
    held += 1
  }
  await client.end()
  stop.abort()
  await writing
  await stack.whenPublished()
  expect(waiting).toBeGreaterThan(0)
  const partitions = (await stack.readTopics()).map(partition => partition.map(toChecked))
  expect(checkTopics(partitions, await committedRows(stack.client))).toEqual([])
  // No lane was lost by it.
  const log = relays.flatMap(({lines}) => lines).join('\n')
  expect(log).not.toMatch(/lane ended|membership lost/)
}, 120_000)

test('a hold ends with its holder: who dies holds nothing, and who hangs is ended by the server', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  const relay = await stack.startRelay()
  await stack.whenPublished()
  const dies = await openClient(stack.databaseUrl, {applicationName: 'dies'})
  const hangs = await openClient(stack.databaseUrl, {applicationName: 'hangs'})
  expect(await holdPublishing(dies, {mostMs: 60_000, quietMs: 5_000})).not.toBeNull()
  // Somebody else holds.
  expect(await holdPublishing(hangs, {mostMs: 60_000, quietMs: 50})).toBeNull()
  await stack.client.query(ADD_EVENT, [contentId(1), 'first'])
  await stack.client.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dies'",
  )
  await until('the first row', async () => (await devicesIn(stack)).includes('first'))
  const hold = await holdPublishing(hangs, {mostMs: 1_000, quietMs: 500})
  await stack.client.query(ADD_EVENT, [contentId(1), 'second'])
  expect(await devicesIn(stack)).toEqual(['first'])
  await until('the second row', async () => (await devicesIn(stack)).includes('second'))
  await expect(hold!.isHeld()).rejects.toThrow(/connection|terminat/i)
  await Promise.all([dies, hangs].map(client => client.end().catch(() => undefined)))
  expect(await (await fetch(`${relay.url}/health/ready`)).text()).toContain('"ready":true')
}, 60_000)
