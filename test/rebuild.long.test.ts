/** Numbers that are lost or wrong are built again by one command, beside the live stream. */
import {expect, test} from 'vitest'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader} from '../platform/config.ts'
import {readCassandraConnection} from '../platform/connections.ts'
import {readKeyspaces} from '../readmodel/generations.ts'
import {initPipeline} from '../scripts/init.ts'
import {until} from './pipeline-world.ts'
import {eventsOf, insert, openRebuildWorld, runCommand} from './rebuild-world.ts'

test('INV-72: a keyspace that was dropped is built again; until then answers say that they lack rows', async () => {
  const {own, services} = await openRebuildWorld()
  const connection = readCassandraConnection(envReader(own.env))
  await using admin = await openCassandra(connection)
  await admin.transact(`DROP KEYSPACE ${own.keyspace}`)
  await until('no number is served', async () => (await eventsOf(services.api)).status === 503)
  await initPipeline(own.env, () => undefined)
  await insert(own, 50)
  await until('it says why', async () => {
    const {status, body} = await eventsOf(services.api)
    return status === 503 && body.detail?.includes('npm run rebuild') === true
  })
  await until('the processor says so, too', async () => {
    const ready = await fetch(`${services.processor.url}/health/ready`)
    return (await ready.text()).includes('were never counted: npm run rebuild')
  })
  expect(await runCommand(own, 'rebuild', '--yes')).toMatchObject({status: 0})
  await until('numbers are served', async () => (await eventsOf(services.api)).status === 200)
  const [keyspace, ...others] = await readKeyspaces(admin, own.keyspace)
  expect([keyspace!.name, others], 'the name that people know').toEqual([own.keyspace, []])
}, 300_000)
