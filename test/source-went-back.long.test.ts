/** A source that is put back to an older state, and one that crashes. INV-108, INV-109. */
import {execFileSync} from 'node:child_process'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {openClient, type Client} from '../platform/postgres.ts'
import {openOwnServer, type OwnServer} from './own-server.ts'
import {addContents, recordsOf, show, untilRecords} from './relay-contents.ts'
import {openRelayStack, until} from './relay-stack.ts'

const ownDatabaseOf = ({connection}: OwnServer): Record<string, string> => {
  const url = new URL(connection['DATABASE_URL']!)
  url.pathname = '/postgres'
  return {DATABASE_URL: url.toString()}
}

/** Connects once the server takes connections. */
async function connect(url: string): Promise<Client> {
  let client: Client | undefined
  await until('a connection', async () => {
    client = await openClient(url, {applicationName: 'test'}).catch(() => undefined)
    return client !== undefined
  })
  return client!
}

test("INV-108: yesterday's disk put back is noticed, and nothing is published under ids used before", async () => {
  await using server = await openOwnServer('postgres')
  await using stack = await openRelayStack(ownDatabaseOf(server))
  const relay = await stack.startRelay()
  await addContents(stack.client, 1, 3)
  await stack.whenPublished()
  relay.signal('SIGTERM')
  await relay.ended()
  await server.stop()
  const [data, yesterday] = [join(server.folder, 'data'), join(server.folder, 'yesterday')]
  execFileSync('cp', ['-a', data, yesterday])
  await server.startAgain()
  const since = await connect(stack.databaseUrl)
  const again = await stack.startRelay()
  await addContents(since, 4, 6)
  await untilRecords(stack, 6)
  again.signal('SIGTERM')
  await again.ended()
  await since.end()
  await server.stop()
  rmSync(data, {recursive: true})
  execFileSync('cp', ['-a', yesterday, data])
  await server.startAgain()
  const writer = await connect(stack.databaseUrl)
  // More than were lost: ids alone would not tell.
  await addContents(writer, 7, 16)
  const last = await stack.startRelay()
  await until('the new rows', async () =>
    (await recordsOf(stack)).some(one => show(one) === 'c 16'),
  )
  const records = await recordsOf(stack)
  // What this state had published comes again, as what it is.
  const distinct = new Map(records.map(record => [record.outbox_id, show(record)]))
  expect([...distinct.values()]).toEqual(Array.from({length: 16}, (_, n) => `c ${n + 1}`))
  expect(last.lines.join('\n')).toContain('the source went back')
  await writer.end()
}, 120_000)

test('INV-109: what was committed asynchronously and published outlives a crash', async () => {
  await using server = await openOwnServer('postgres')
  await using stack = await openRelayStack(ownDatabaseOf(server))
  await stack.client.query("ALTER SYSTEM SET wal_writer_delay = '10s'")
  await stack.client.query('SELECT pg_reload_conf()')
  await stack.startRelay()
  await addContents(stack.client, 1, 1)
  await stack.whenPublished()
  const writer = await openClient(stack.databaseUrl, {applicationName: 'test'})
  await writer.query('SET synchronous_commit = off')
  await addContents(writer, 2, 2)
  await untilRecords(stack, 2)
  await server.kill()
  await server.startAgain()
  const after = await connect(stack.databaseUrl)
  const {rows} = await after.query<{n: number}>('SELECT count(*)::int AS n FROM content')
  expect(rows).toEqual([{n: 2}])
  await after.end()
}, 90_000)
