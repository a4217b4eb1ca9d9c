/** Makes the keyspace and the tables of declared streams. Safe to run again, and by two at once. */
import {randomBytes} from 'node:crypto'
import {setTimeout as wait} from 'node:timers/promises'
import type {Stream} from '../contracts/stream.ts'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import type {CassandraConnection} from '../platform/connections.ts'
import {PipelineError} from '../platform/errors.ts'
import {nameOfTable, tablesFor} from './schema.ts'

export interface MigrateOptions {
  /** Copies of every row in the data centre, used when the keyspace does not exist yet. */
  readonly replicas?: number
}

/** A migrator that died is forgotten after so long, seconds. */
const LOCK_SECONDS = 120
const TRIES = 600
/** Between looks while somebody else migrates. */
const TRY_EVERY_MS = 250
const SPACE = 'space'

/**
 * Creates the keyspace if it is missing, and every table that a stream needs.
 *
 * @returns names of the tables that this call made
 * @throws `STATE_CONTRADICTS` when a table was made for another declaration
 */
export async function migrateReadModel(
  connection: CassandraConnection,
  streams: readonly Stream[],
  {replicas = 1}: MigrateOptions = {},
): Promise<{readonly applied: readonly string[]}> {
  await createKeyspace(connection, replicas)
  await using db = await openCassandra(connection, {
    keyspace: connection.keyspace,
    timeoutMs: 60_000,
  })
  await db.transact('CREATE TABLE IF NOT EXISTS read_model (name text PRIMARY KEY, value text)')
  await db.transact('CREATE TABLE IF NOT EXISTS schema_lock (scope text PRIMARY KEY, holder uuid)')
  const holder = crypto.randomUUID()
  await lock(db, holder)
  try {
    return {applied: await createMissing(db, streams)}
  } finally {
    await db.transact('DELETE FROM schema_lock WHERE scope = ? IF holder = ?', ['tables', holder])
  }
}

/**
 * What the keyspace calls itself in Redis: another one, made anew, never meets its values.
 *
 * @throws `STATE_CONTRADICTS` when the keyspace was not made yet
 */
export async function readSpace(db: Cassandra): Promise<string> {
  const known = await valueOf(db, SPACE)
  if (known !== null) return known
  throw new PipelineError('STATE_CONTRADICTS', `${db.keyspace} is not made yet: npm run init`, {
    disposition: 'retry',
  })
}

async function valueOf(db: Cassandra, name: string): Promise<string | null> {
  const [row] = await db.rows('SELECT value FROM read_model WHERE name = ?', [name])
  return (row?.['value'] as string | undefined) ?? null
}

async function createKeyspace(connection: CassandraConnection, replicas: number): Promise<void> {
  await using db = await openCassandra(connection, {timeoutMs: 30_000})
  await db.transact(
    `CREATE KEYSPACE IF NOT EXISTS ${connection.keyspace}
     WITH replication = {'class': 'NetworkTopologyStrategy', '${connection.localDataCenter}': ${replicas}}`,
  )
}

async function lock(db: Cassandra, holder: string): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const [answer] = await db.transact(
      `INSERT INTO schema_lock (scope, holder) VALUES (?, ?) IF NOT EXISTS USING TTL ${LOCK_SECONDS}`,
      ['tables', holder],
    )
    if (answer?.['[applied]'] === true) return
    await wait(TRY_EVERY_MS)
  }
  throw new PipelineError('LIMIT_REACHED', 'another process keeps migrating the read model', {
    disposition: 'retry',
  })
}

async function createMissing(
  db: Cassandra,
  streams: readonly Stream[],
): Promise<readonly string[]> {
  const keep = async (name: string, value: string): Promise<void> => {
    await db.execute('INSERT INTO read_model (name, value) VALUES (?, ?)', [name, value])
  }
  if ((await valueOf(db, SPACE)) === null) await keep(SPACE, `c${randomBytes(4).toString('hex')}`)
  const applied: string[] = []
  for (const table of tablesFor(streams)) {
    const name = nameOfTable(table)
    const made = await valueOf(db, `table ${name}`)
    if (made === table.layout) continue
    if (made !== null) {
      throw new PipelineError(
        'STATE_CONTRADICTS',
        `${db.keyspace}.${name} was made for another declaration than that of streams/: give the stream another name, or begin anew with npm run reset`,
        {disposition: 'stop'},
      )
    }
    await db.transact(table.statement)
    await keep(`table ${name}`, table.layout)
    applied.push(name)
  }
  return applied
}
