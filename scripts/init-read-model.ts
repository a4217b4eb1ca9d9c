/** Makes what the streams need in Cassandra, in the keyspace that each of them is served from. */
import type {Stream} from '../contracts/stream.ts'
import {openCassandra} from '../platform/cassandra.ts'
import type {CassandraConnection} from '../platform/connections.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {openClient} from '../platform/postgres.ts'
import {readGenerations, servedOf} from '../readmodel/generations.ts'
import {migrateReadModel} from '../readmodel/migrate.ts'

type Say = (what: string) => void

export interface ReadModelConfig {
  readonly databaseUrl: string
  readonly cassandra: CassandraConnection
  readonly replicas: number
}

/** Streams whose tables have rows: nothing of a read model made now counts them. */
async function findFilled(url: string, streams: readonly Stream[]): Promise<ReadonlySet<string>> {
  const client = await openClient(url, {applicationName: 'init'})
  try {
    const filled = new Set<string>()
    for (const {name, table} of streams) {
      const {rowCount} = await client.query(`SELECT FROM ${quoteTable(table)} LIMIT 1`)
      if (rowCount === 1) filled.add(name)
    }
    return filled
  } finally {
    await client.end()
  }
}

/** Tables are captured before: a row that comes meanwhile is in the log. */
export async function initReadModel(
  {databaseUrl, cassandra, replicas}: ReadModelConfig,
  streams: readonly Stream[],
  say: Say,
): Promise<void> {
  await using db = await openCassandra(cassandra)
  const generations = await readGenerations(db, cassandra.keyspace)
  const newest = generations.at(-1)?.keyspace ?? cassandra.keyspace
  const keyspaceOf = ({name}: Stream): string => servedOf(generations, name)?.keyspace ?? newest
  const unknown = streams.filter(({name}) => servedOf(generations, name) === null)
  const filled = await findFilled(databaseUrl, unknown)
  for (const [keyspace, own] of Map.groupBy(streams, keyspaceOf)) {
    const {applied, grown, outdated} = await migrateReadModel({...cassandra, keyspace}, own, {
      replicas,
      stateOf: ({name}) => (filled.has(name) ? 'incomplete' : 'complete'),
    })
    say(`keyspace ${keyspace}: ${applied.length} tables made`)
    for (const name of grown)
      say(`stream ${name}: its single events got the columns that they lacked`)
    for (const name of outdated) {
      say(`stream ${name}: its tables are those of another declaration: npm run rebuild -- ${name}`)
    }
  }
  for (const name of filled) {
    say(`stream ${name}: its table has rows that were never counted: npm run rebuild -- ${name}`)
  }
}
