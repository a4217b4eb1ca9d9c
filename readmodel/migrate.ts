/** Brings the keyspace and its tables up to date. Safe to run again, and by two at once. */
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import type {CassandraConnection} from '../platform/connections.ts'
import {PipelineError} from '../platform/errors.ts'
import {MIGRATIONS, type SchemaMigration} from './cassandra-schema.ts'

export interface MigrateOptions {
  /** Copies of every row in the data centre, used when the keyspace does not exist yet. */
  readonly replicas?: number
  /** Called while somebody else migrates; resolves when it is time to look again. */
  readonly waitTurn?: () => Promise<void>
  readonly migrations?: readonly SchemaMigration[]
}

/** A migrator that died is forgotten after so long, seconds. */
const LOCK_SECONDS = 120
const TRIES = 600

const waitABit = async (): Promise<void> => {
  const {promise, resolve} = Promise.withResolvers<void>()
  setTimeout(resolve, 250)
  await promise
}

/**
 * Creates the keyspace if it is missing and applies what its version table does not list.
 *
 * @returns names of the migrations that this call applied
 * @throws `STATE_CONTRADICTS` when the keyspace is newer than this program
 */
export async function migrateReadModel(
  connection: CassandraConnection,
  options: MigrateOptions = {},
): Promise<{readonly applied: readonly string[]}> {
  const {replicas = 1, waitTurn = waitABit, migrations = MIGRATIONS} = options
  await createKeyspace(connection, replicas)
  await using db = await openCassandra(connection, {
    keyspace: connection.keyspace,
    timeoutMs: 60_000,
  })
  await db.transact(
    `CREATE TABLE IF NOT EXISTS schema_version (
       scope text, version int, name text, applied_at timestamp, PRIMARY KEY (scope, version))`,
  )
  await db.transact('CREATE TABLE IF NOT EXISTS schema_lock (scope text PRIMARY KEY, holder uuid)')
  const holder = crypto.randomUUID()
  await lock(db, holder, waitTurn)
  try {
    return {applied: await applyMissing(db, migrations)}
  } finally {
    await db.transact('DELETE FROM schema_lock WHERE scope = ? IF holder = ?', ['tables', holder])
  }
}

async function createKeyspace(connection: CassandraConnection, replicas: number): Promise<void> {
  await using db = await openCassandra(connection, {timeoutMs: 30_000})
  await db.transact(
    `CREATE KEYSPACE IF NOT EXISTS ${connection.keyspace}
     WITH replication = {'class': 'NetworkTopologyStrategy', '${connection.localDataCenter}': ${replicas}}`,
  )
}

async function lock(db: Cassandra, holder: string, waitTurn: () => Promise<void>): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const [answer] = await db.transact(
      `INSERT INTO schema_lock (scope, holder) VALUES (?, ?) IF NOT EXISTS USING TTL ${LOCK_SECONDS}`,
      ['tables', holder],
    )
    if (answer?.['[applied]'] === true) return
    await waitTurn()
  }
  throw new PipelineError('LIMIT_REACHED', 'another process keeps migrating the read model', {
    disposition: 'retry',
  })
}

async function applyMissing(
  db: Cassandra,
  migrations: readonly SchemaMigration[],
): Promise<readonly string[]> {
  const rows = await db.rows('SELECT version FROM schema_version WHERE scope = ?', ['tables'])
  const present = new Set(rows.map(row => row['version'] as number))
  const newest = Math.max(0, ...migrations.map(({version}) => version))
  const beyond = [...present].find(version => version > newest)
  if (beyond !== undefined) {
    throw new PipelineError(
      'STATE_CONTRADICTS',
      `keyspace ${db.keyspace} has schema version ${beyond}, this program knows ${newest}`,
      {disposition: 'stop'},
    )
  }
  const applied: string[] = []
  for (const {version, name, statements} of migrations) {
    if (present.has(version)) continue
    for (const statement of statements) await db.transact(statement)
    await db.execute(
      'INSERT INTO schema_version (scope, version, name, applied_at) VALUES (?, ?, ?, ?)',
      ['tables', version, name, new Date()],
    )
    applied.push(name)
  }
  return applied
}
