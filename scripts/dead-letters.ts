/** Looks at what was put aside, and resolves it: rows of the outbox, and records of `<topic>.dlq`. */
import {createDeadLetters} from '../api/pipeline/dead-letters.ts'
import {createAnyDecoder} from '../api/pipeline/decode-any.ts'
import {createInspector} from '../api/pipeline/inspector.ts'
import {envReader} from '../platform/config.ts'
import {
  readDatabaseUrl,
  readKafkaConnection,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import {createLogger} from '../platform/log.ts'
import {createPool} from '../platform/postgres.ts'
import {createRegistry} from '../platform/registry.ts'
import {loadStreams} from '../streams/load.ts'

const USAGE = `usage: npm run dead-letters -- list [LIMIT]     newest first
       npm run dead-letters -- show ID
       npm run dead-letters -- redrive ID       the row's present state goes through the outbox again
       npm run dead-letters -- discard ID       nothing more is done about it`

const LIMIT = 50
const SHOW_LIMIT = 1_000

async function open(resources: AsyncDisposableStack) {
  const read = envReader(process.env)
  const kafka = readKafkaConnection(read)
  const pool = createPool(readDatabaseUrl(read), {applicationName: 'dead-letters'})
  const registry = createRegistry(readRegistryConnection(read))
  const streams = await loadStreams(readStreamsFolder(read))
  read.finish()
  resources.defer(() => pool.end())
  const log = createLogger('dead-letters', 'silent')
  const admin = await openAdmin(kafka, {clientId: 'dead-letters', log})
  resources.defer(() => admin.close())
  const reader = createRecordReader(kafka, 'dead-letters')
  resources.defer(() => reader.close())
  const decoder = createAnyDecoder(id => registry.schemaById(id))
  const inspector = createInspector({
    admin: async () => await Promise.resolve(admin),
    reader,
    decoder,
  })
  const query = async (text: string, values: readonly unknown[] = []) => {
    const {rows, rowCount} = await pool.query(text, [...values])
    return {rows, rowCount: rowCount ?? 0}
  }
  return createDeadLetters({db: {query} as never, inspector, decoder, streams}, kafka)
}

async function main([command, argument]: readonly string[]): Promise<void> {
  await using resources = new AsyncDisposableStack()
  const needsId = ['show', 'redrive', 'discard'].includes(command ?? '')
  if ((command !== 'list' && !needsId) || (needsId && argument === undefined)) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const letters = await open(resources)
  if (command === 'list') {
    for (const one of await letters.list(Number(argument ?? LIMIT))) {
      const state = one.resolution ?? 'open'
      console.log([one.id, one.failed_at, state, one.topic, one.reason, one.message].join('  '))
    }
    return
  }
  const id = argument!
  if (command === 'show') {
    const found = (await letters.list(SHOW_LIMIT)).find(one => one.id === id)
    if (found === undefined) throw new Error(`there is no dead letter ${id}`)
    console.log(JSON.stringify(found, null, 2))
  } else if (command === 'redrive') {
    await letters.redrive(id)
    console.log(`${id}: its row goes through the outbox again`)
  } else {
    await letters.discard(id)
    console.log(`${id}: discarded`)
  }
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(messageOf(error))
  process.exitCode = 1
})
