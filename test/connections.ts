/** Where the servers of this test run are. */
import {inject} from 'vitest'
import type {Connections} from '../stack/config.ts'
import {envReader, type Env} from '../platform/config.ts'
import {
  readCassandraConnection,
  readKafkaConnection,
  readRegistryConnection,
  type CassandraConnection,
  type KafkaConnection,
  type RegistryConnection,
} from '../platform/connections.ts'

/** The connection variables as services read them, with changes on top. */
export function connectionEnv(changes: Env = {}): Env {
  const connections: Connections = inject('connections')
  return {...connections, ...changes}
}

export const kafkaConnection = (changes: Env = {}): KafkaConnection =>
  readKafkaConnection(envReader(connectionEnv(changes)))

export const registryConnection = (changes: Env = {}): RegistryConnection =>
  readRegistryConnection(envReader(connectionEnv(changes)))

export const cassandraConnection = (changes: Env = {}): CassandraConnection =>
  readCassandraConnection(envReader(connectionEnv(changes)))
