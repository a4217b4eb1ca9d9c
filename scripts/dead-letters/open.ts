/** Dead letters over the servers that the settings name. */
import {createAnyDecoder} from '../../api/pipeline/decode-any.ts'
import {createDeadLetters, type DeadLetters} from '../../api/pipeline/dead-letters.ts'
import {createInspector} from '../../api/pipeline/inspector.ts'
import {toDatabase} from '../../api/postgres.ts'
import {envReader, type Env} from '../../platform/config.ts'
import {
  readDatabaseUrl,
  readKafkaConnection,
  readRegistryConnection,
  readStreamsFolder,
} from '../../platform/connections.ts'
import {openAdmin} from '../../platform/kafka-clients.ts'
import {createRecordReader} from '../../platform/kafka-platformatic-reader.ts'
import {createLogger} from '../../platform/log.ts'
import {createPool} from '../../platform/postgres.ts'
import {createRegistry} from '../../platform/registry.ts'
import {loadStreams} from '../../streams/load.ts'

/** @param resources closes them */
export async function openLetters(env: Env, resources: AsyncDisposableStack): Promise<DeadLetters> {
  const read = envReader(env)
  const kafka = readKafkaConnection(read)
  const pool = createPool(readDatabaseUrl(read), {applicationName: 'dead-letters'})
  const registry = createRegistry(readRegistryConnection(read))
  const streams = await loadStreams(readStreamsFolder(read))
  read.finish()
  resources.defer(() => pool.end())
  const log = createLogger('dead-letters', 'silent')
  const client = await openAdmin(kafka, {clientId: 'dead-letters', log})
  resources.defer(() => client.close())
  const reader = createRecordReader(kafka, 'dead-letters')
  resources.defer(() => reader.close())
  const decoder = createAnyDecoder(id => registry.schemaById(id))
  const admin = async () => await Promise.resolve(client)
  const inspector = createInspector({admin, reader, decoder})
  return createDeadLetters({db: toDatabase(pool), admin, reader, inspector, streams}, kafka)
}
