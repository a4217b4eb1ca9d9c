import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {setLaneCount} from '../ingestor/lane-count.ts'
import {openClient} from '../platform/postgres.ts'
import {checkTopics} from './relay-checker.ts'
import {kafkaConnection} from './connections.ts'
import {ADD_EVENT, devicesIn, expectNoDelay} from './relay-slow.ts'
import {committedRows, openRelayStack, toChecked, until, type RelayStack} from './relay-stack.ts'
import {addContents, contentId, runWriters} from './relay-writers.ts'
import {openTcpProxy} from './tcp-proxy.ts'

/** Of kills; `test/relay.long.test.ts` has more. */
const ROUNDS = 1

async function readinessOf(url: string): Promise<{readonly status: number; readonly text: string}> {
  const response = await fetch(`${url}/health/ready`)
  return {status: response.status, text: await response.text()}
}

async function owners(stack: RelayStack): Promise<number> {
  const {rows} = await stack.client.query<{n: string}>(
    `SELECT count(DISTINCT owner) AS n FROM cdc.relay_cursor WHERE owner IS NOT NULL`,
  )
  return Number(rows[0]!.n)
}

test('INV-1 INV-2 INV-3: ten writers, kill -9, zombies and lane changes lose and reorder nothing', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  await setLaneCount(stack.client, 4)
  const stop = new AbortController()
  const writing = runWriters(stack.databaseUrl, 10, stop.signal)
  const relays = [await stack.startRelay(), await stack.startRelay()]
  await until('both relays own lanes', async () => (await owners(stack)) === 2)
  for (let round = 0; round < ROUNDS; round++) {
    const victim = relays.shift()!
    // A relay that stops answering loses its lanes; when it wakes up it must do no harm.
    victim.signal('SIGSTOP')
    await until('the other relay owns all lanes', async () => (await owners(stack)) === 1)
    victim.signal('SIGCONT')
    await sleep(200)
    victim.signal('SIGKILL')
    await setLaneCount(stack.client, round % 2 === 0 ? 2 : 4)
    await stack.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'relay-lane' AND datname = current_database() AND random() < 0.5`,
    )
    relays.push(await stack.startRelay())
    await until('both relays own lanes', async () => (await owners(stack)) === 2)
  }
  stop.abort()
  await writing
  await stack.whenPublished()
  const partitions = await stack.readTopics()
  const committed = await committedRows(stack.client)
  expect(committed.size).toBeGreaterThan(1_000)
  const found = checkTopics(
    partitions.map(partition => partition.map(toChecked)),
    committed,
  )
  expect(found).toEqual([])
}, 120_000)

test('an open transaction delays no other row, and its own come after its commit', async () => {
  await expectNoDelay(2_000)
}, 60_000)

test('a prepared transaction delays no other row, and its own come after COMMIT PREPARED', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  await stack.startRelay()
  const slow = await openClient(stack.databaseUrl, {applicationName: 'slow'})
  // PostgreSQL prepares no transaction that notified.
  await slow.query("SET cdc.wake = 'off'")
  await slow.query('BEGIN')
  await slow.query(ADD_EVENT, [contentId(1), 'prepared'])
  await slow.query("PREPARE TRANSACTION 'relay-test'")
  await stack.client.query(ADD_EVENT, [contentId(1), 'other'])
  await until('the other row', async () => (await devicesIn(stack)).includes('other'), 2_000)
  expect(await devicesIn(stack)).toEqual(['other'])
  await slow.query("COMMIT PREPARED 'relay-test'")
  await slow.end()
  await until('its own row', async () => (await devicesIn(stack)).includes('prepared'), 2_000)
  expect(await devicesIn(stack)).toEqual(['other', 'prepared'])
}, 60_000)

test('a relay whose rows do not flow is not ready, says why, and is ready again when they do', async () => {
  const broker = kafkaConnection().brokers[0]!
  await using resources = new AsyncDisposableStack()
  const proxy = await openTcpProxy(broker)
  resources.defer(() => proxy.close())
  await using stack = await openRelayStack()
  await addContents(stack.client)
  const relay = await stack.startRelay({
    KAFKA_BROKERS: proxy.address,
    RELAY_STALLED_MS: '1000',
    RELAY_SEND_TIMEOUT_MS: '500',
  })
  await stack.whenPublished()
  await until('ready', async () => (await readinessOf(relay.url)).status === 200)
  proxy.inject('requests')
  await stack.client.query(ADD_EVENT, [contentId(1), 'late'])
  await until('not ready', async () => (await readinessOf(relay.url)).status === 503)
  expect((await readinessOf(relay.url)).text).toMatch(/rows wait, the oldest for \d+ s/)
  expect(proxy.lostBytes).toBeGreaterThan(0)
  proxy.inject('none')
  proxy.cut()
  await until('ready again', async () => (await readinessOf(relay.url)).status === 200)
  await until('the row', async () => (await devicesIn(stack)).includes('late'))
}, 60_000)

test('INV-100 INV-102: the lane of a killed relay is taken at once, and sent from after the grace time', async () => {
  const graceMs = 1_500
  await using stack = await openRelayStack()
  await addContents(stack.client)
  const first = await stack.startRelay()
  await stack.whenPublished()
  const second = await stack.startRelay({RELAY_GRACE_MS: String(graceMs)})
  first.signal('SIGKILL')
  await first.ended()
  await stack.client.query(ADD_EVENT, [contentId(1), 'next'])
  const taken = (): string | undefined => second.lines.find(line => line.includes('"lane taken"'))
  await until('the lane is taken', async () => await Promise.resolve(taken() !== undefined), 5_000)
  await until('the row', async () => (await devicesIn(stack)).includes('next'))
  const {time, isClean} = JSON.parse(taken()!) as {time: number | string; isClean: boolean}
  expect(isClean).toBe(false)
  expect(Date.now() - new Date(time).getTime()).toBeGreaterThanOrEqual(graceMs)
}, 60_000)

test('a relay that stops hands its lanes over, and nothing comes twice', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  const first = await stack.startRelay()
  await stack.client.query(ADD_EVENT, [contentId(1), 'a'])
  await stack.whenPublished()
  await stack.startRelay()
  first.signal('SIGTERM')
  await first.ended()
  expect(first.child.exitCode).toBe(0)
  await stack.client.query(ADD_EVENT, [contentId(1), 'b'])
  await until('the next row', async () => (await devicesIn(stack)).includes('b'))
  expect(await devicesIn(stack)).toEqual(['a', 'b'])
}, 60_000)

test('without notifications rows are found by polling', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  await stack.startRelay({RELAY_NOTIFY: 'false'})
  await stack.client.query(ADD_EVENT, [contentId(1), 'a'])
  await until('the row', async () => (await devicesIn(stack)).includes('a'))
}, 60_000)

test('bad rows are put aside with the reason, and the rows after them go on', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  const {client} = stack
  await client.query(
    `INSERT INTO engagement_events (content_id, event_type, event_ts) VALUES ($1, 'play', 'infinity')`,
    [contentId(1)],
  )
  const big = JSON.stringify({text: 'x'.repeat(1_000_000)})
  await client.query(
    `INSERT INTO engagement_events (content_id, event_type, event_ts, raw_payload) VALUES ($1, 'play', now(), $2)`,
    [contentId(1), big],
  )
  await client.query(`SELECT cdc.emit('nowhere', 'k', '{}')`)
  await client.query(ADD_EVENT, [contentId(1), 'after'])
  const relay = await stack.startRelay()
  await until('the row after', async () => (await devicesIn(stack)).includes('after'))
  const {rows} = await client.query<{reason: string}>(
    'SELECT reason FROM cdc.dead_letters ORDER BY outbox_id',
  )
  expect(rows.map(row => row.reason)).toEqual([
    'ENCODE_FAILED',
    'RECORD_TOO_LARGE',
    'TOPIC_UNKNOWN',
  ])
  const metrics = await (await fetch(`${relay.url}/metrics`)).text()
  expect(metrics).toContain('relay_dead_letters_total{reason="ENCODE_FAILED"} 1')
}, 60_000)

test('INV-3: after a move to another cluster everything is published again, as redelivered', async () => {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  const first = await stack.startRelay()
  await stack.whenPublished()
  first.signal('SIGTERM')
  await first.ended()
  // As in a restored dump: the rows carry numbers that this cluster has yet to reach.
  await stack.client.query(
    `UPDATE cdc.relay_cursor SET system_identifier = 'another', snap_from = '9000000:9000000:'`,
  )
  await stack.client.query(
    `SET cdc.may_change_outbox = on; UPDATE outbox_events SET txid = '8000000' WHERE id % 2 = 0; RESET cdc.may_change_outbox`,
  )
  await stack.startRelay()
  await until('everything again', async () => (await stack.readTopics()).flat().length === 16)
  const records = (await stack.readTopics()).flat()
  const again = records.slice(-8).map(record => record.redelivered)
  expect(again).toEqual(Array.from({length: 8}, () => true))
  const ids = records.map(record => record.outbox_id)
  expect(new Set(ids).size).toBe(8)
}, 60_000)
