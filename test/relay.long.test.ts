/** What takes longer than the usual run allows: a minute of an open transaction, a broker that dies. */
import {test, expect} from 'vitest'
import {openOwnServer} from './own-server.ts'
import {checkTopics} from './relay-checker.ts'
import {expectNoDelay} from './relay-slow.ts'
import {committedRows, openRelayStack, toChecked, until} from './relay-stack.ts'
import {addContents, runWriters} from './relay-writers.ts'

test('a transaction that is open for 60 s delays no other row', async () => {
  await expectNoDelay(60_000)
}, 120_000)

test('INV-1 INV-2 INV-3: a broker that dies under the relay and comes back costs and reorders nothing', async () => {
  await using broker = await openOwnServer('kafka')
  await using stack = await openRelayStack(broker.connection)
  await addContents(stack.client)
  const stop = new AbortController()
  const writing = runWriters(stack.databaseUrl, 10, stop.signal)
  await stack.startRelay({RELAY_SEND_TIMEOUT_MS: '3000'})
  const published = async (): Promise<number> => (await stack.readTopics()).flat().length
  for (let round = 0; round < 2; round++) {
    const before = await published()
    await until('more is published', async () => (await published()) > before, 60_000)
    await broker.kill()
    await broker.startAgain()
  }
  stop.abort()
  await writing
  await stack.whenPublished()
  const committed = await committedRows(stack.client)
  expect(committed.size).toBeGreaterThan(100)
  const partitions = await stack.readTopics()
  const found = checkTopics(
    partitions.map(partition => partition.map(toChecked)),
    committed,
  )
  expect(found).toEqual([])
}, 300_000)
