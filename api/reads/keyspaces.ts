/** Sessions of Cassandra by keyspaces, each opened when it is first needed. */
import {openCassandra, type Cassandra} from '../../platform/cassandra.ts'
import type {CassandraConnection} from '../../platform/connections.ts'
import {createLate, type Late} from '../late.ts'
import {lateCassandra} from './stores.ts'

export interface Keyspaces {
  of(keyspace: string): Cassandra
  close(): Promise<void>
}

export function openKeyspaces(
  connection: CassandraConnection,
  {timeoutMs}: {readonly timeoutMs: number},
): Keyspaces {
  const sessions = new Map<string, Late<Cassandra>>()
  return {
    of(keyspace) {
      const session =
        sessions.get(keyspace) ?? createLate(() => openCassandra(connection, {keyspace, timeoutMs}))
      sessions.set(keyspace, session)
      return lateCassandra(() => session.get())
    },
    async close() {
      await Promise.all([...sessions.values()].map(async one => await one.present?.close()))
    },
  }
}
