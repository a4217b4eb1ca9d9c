/** Makes keyspaces and the tables of declared streams. Safe to run again, and by two at once. */
import {randomBytes} from 'node:crypto'
import {setTimeout as wait} from 'node:timers/promises'
import type {Stream} from '../contracts/stream.ts'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import type {CassandraConnection} from '../platform/connections.ts'
import {PipelineError} from '../platform/errors.ts'
import {
  CATALOG_TABLE,
  catalogEntry,
  changeCatalog,
  layoutOf,
  readCatalog,
  type CatalogEntry,
  type GenerationState,
  type KeyspaceCatalog,
} from './generations.ts'
import {columnsToAdd} from './in-place.ts'
import {nameOfTable, tablesFor} from './schema.ts'

export interface MigrateOptions {
  /** Copies of every row in the data centre, used when the keyspace does not exist yet. */
  readonly replicas?: number
  /** Of a keyspace that describes itself for the first time. */
  readonly number?: number
  /** What is said of a stream that the keyspace did not have; undefined: nothing, its tables are made only. */
  readonly stateOf?: (stream: Stream) => GenerationState | undefined
}

export interface Migrated {
  /** Names of the tables that this call made. */
  readonly applied: readonly string[]
  /** Streams whose table of single events got the columns that it lacked. */
  readonly grown: readonly string[]
  /** Streams whose tables were made for another declaration: they are left as they are. */
  readonly outdated: readonly string[]
  readonly catalog: KeyspaceCatalog
}

/** A migrator that died is forgotten after so long, seconds. */
const LOCK_SECONDS = 120
const TRIES = 600
/** Between looks while somebody else migrates. */
const TRY_EVERY_MS = 250

/** Creates the keyspace if it is missing, and every table that a stream needs. */
export async function migrateReadModel(
  connection: CassandraConnection,
  streams: readonly Stream[],
  {replicas = 1, ...options}: MigrateOptions = {},
): Promise<Migrated> {
  await createKeyspace(connection, replicas)
  await using db = await openCassandra(connection, {
    keyspace: connection.keyspace,
    timeoutMs: 60_000,
  })
  await db.transact(CATALOG_TABLE)
  await db.transact('CREATE TABLE IF NOT EXISTS schema_lock (scope text PRIMARY KEY, holder uuid)')
  const holder = crypto.randomUUID()
  await lock(db, holder)
  try {
    return await createMissing(db, streams, {keyspace: connection.keyspace, ...options})
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
  const catalog = db.keyspace === undefined ? null : await readCatalog(db, db.keyspace)
  if (catalog !== null) return catalog.space
  throw new PipelineError('STATE_CONTRADICTS', `${db.keyspace} is not made yet: npm run init`, {
    disposition: 'retry',
  })
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
  {
    keyspace,
    number = 1,
    stateOf = () => 'complete',
  }: Omit<MigrateOptions, 'replicas'> & {readonly keyspace: string},
): Promise<Migrated> {
  const known = (await readCatalog(db, keyspace))?.streams ?? {}
  const differing = streams.filter(one => {
    const layout = known[one.name]?.layout
    return layout !== undefined && layout !== layoutOf(one)
  })
  const grown: Stream[] = []
  for (const stream of differing) {
    if (await growRaw(db, stream, {keyspace, entry: known[stream.name]!})) grown.push(stream)
  }
  const outdated = differing.filter(one => !grown.includes(one))
  const wanted = streams.filter(one => !outdated.includes(one))
  const there = await db.rows(
    'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?',
    [keyspace],
  )
  const names = new Set(there.map(row => row['table_name'] as string))
  const missing = tablesFor(wanted).filter(table => !names.has(nameOfTable(table)))
  for (const {statement} of missing) await db.transact(statement)
  const catalog = await changeCatalog(db, keyspace, before => {
    const {space, ...rest} = before ?? {
      space: `c${randomBytes(4).toString('hex')}`,
      number,
      streams: {},
    }
    const added = wanted.flatMap(stream => {
      const state = rest.streams[stream.name] === undefined ? stateOf(stream) : undefined
      return state === undefined ? [] : [[stream.name, catalogEntry(stream, state)] as const]
    })
    const changed = grown.map(stream => {
      return [stream.name, catalogEntry(stream, rest.streams[stream.name]!.state)] as const
    })
    return {
      space,
      ...rest,
      streams: {...rest.streams, ...Object.fromEntries([...added, ...changed])},
    }
  })
  return {
    applied: missing.map(nameOfTable),
    grown: grown.map(({name}) => name),
    outdated: outdated.map(({name}) => name),
    catalog,
  }
}

/** Adds the columns that a table of single events lacks. @returns whether nothing else differed */
async function growRaw(
  db: Cassandra,
  stream: Stream,
  {keyspace, entry}: {readonly keyspace: string; readonly entry: CatalogEntry},
): Promise<boolean> {
  const rows = await db.rows(
    'SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?',
    [keyspace, stream.rawTable],
  )
  const there = rows.map(row => `${row['column_name'] as string} ${row['type'] as string}`)
  const missing = columnsToAdd(stream, entry, there)
  if (missing === null) return false
  if (missing.length > 0)
    await db.transact(`ALTER TABLE ${stream.rawTable} ADD (${missing.join(', ')})`)
  return true
}
