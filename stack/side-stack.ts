/** A second stack beside the usual one: free ports and a folder of its own. */
import {readStackConfig, type Env, type StackConfig} from './config.ts'
import {freePorts} from './ports.ts'

/** Variables of the ports, in the order in which free ones are given. */
const PORT_VARIABLES = [
  'POSTGRES_PORT',
  'KAFKA_PORT',
  'KAFKA_CONTROLLER_PORT',
  'REGISTRY_PORT',
  'CASSANDRA_PORT',
  'CASSANDRA_STORAGE_PORT',
  'CASSANDRA_JMX_PORT',
  'REDIS_PORT',
  'API_PORT',
  'RELAY_PORT',
  'PROCESSOR_PORT',
  'WORKER_PORT',
] as const

/** Variables that would lead to somebody else's servers. */
const CONNECTION_VARIABLES = [
  'STACK',
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'KAFKA_BROKERS',
  'SCHEMA_REGISTRY_URL',
  'CASSANDRA_CONTACT_POINTS',
  'CASSANDRA_LOCAL_DC',
  'CASSANDRA_KEYSPACE',
  'REDIS_URL',
  'TOPIC_PREFIX',
  'API_RELAY_URLS',
  'API_PROCESSOR_URLS',
  'API_WORKER_URLS',
  'WORKER_API_URL',
] as const

/**
 * The environment of a stack that meets no other one.
 *
 * @param folder data, logs and records; not shared with another stack
 */
export async function sideEnv(env: Env, folder: string): Promise<Env> {
  const ports = await freePorts(PORT_VARIABLES.length)
  return {
    ...env,
    ...Object.fromEntries(CONNECTION_VARIABLES.map(name => [name, undefined])),
    ...Object.fromEntries(PORT_VARIABLES.map((name, index) => [name, String(ports[index])])),
    STACK_DIR: folder,
    POSTGRES_PREPARED_TRANSACTIONS: '10',
    // Gone with the folder anyway, so nothing waits for the disk.
    STACK_DURABLE: 'false',
  }
}

/** As `sideEnv`, read. @param elsewhere connection variables of servers that it does not start */
export const sideConfig = async (
  env: Env,
  folder: string,
  elsewhere: Env = {},
): Promise<StackConfig> => readStackConfig({...(await sideEnv(env, folder)), ...elsewhere})
