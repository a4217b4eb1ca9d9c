/** The API with its routes and none of its stores: what it refuses, and says of itself, needs none. */
import {pino} from 'pino'
import {makeKey} from '../api/access.ts'
import {composeApi, type Composed} from '../api/compose.ts'
import {readApiConfig} from '../api/config.ts'
import type {Database, Rows} from '../api/database.ts'
import {createLate} from '../api/late.ts'
import {lateCassandra} from '../api/reads/stores.ts'
import {PipelineError} from '../platform/errors.ts'
import {createMetrics} from '../platform/metrics.ts'
import {loadStreams} from '../streams/load.ts'

export const BODY_BYTES_MAX = 4096
/** May everything. */
export const ADMIN = makeKey()
export const NOTHING = makeKey()

const away = (what: string) => async (): Promise<never> => {
  await Promise.resolve()
  throw new PipelineError('UPSTREAM_UNAVAILABLE', `${what} is away`, {disposition: 'retry'})
}

const NOWHERE: Database = {query: away('PostgreSQL'), transaction: away('PostgreSQL')}

/** Knows keys; everything else is asked of another one. */
const withKeys = (other: Database): Database => ({
  async query<T>(text: string, values: readonly unknown[] = []): Promise<Rows<T>> {
    if (!text.includes('api.keys')) return await other.query<T>(text, values)
    const known = [ADMIN, NOTHING].find(({prefix}) => prefix === values[0])
    const scopes = known === ADMIN ? ['read', 'write', 'admin'] : []
    const row = {
      prefix: known?.prefix,
      hash: known?.hash,
      scopes,
      expires_at: null,
      revoked_at: null,
    }
    const rows = (known === undefined ? [] : [row]) as unknown as readonly T[]
    return {rows, rowCount: rows.length}
  },
  transaction: work => other.transaction(work),
})

/**
 * Close `app` of it.
 *
 * @param db for what is in PostgreSQL alone; away when left out
 */
export async function composeAway(
  folder = 'streams/sample',
  db: Database = NOWHERE,
): Promise<Composed> {
  const {config} = readApiConfig({
    API_ACCESS: 'keys',
    API_KEY_LIMIT_PER_MINUTE: '0',
    API_ADDRESS_LIMIT_PER_MINUTE: '0',
    API_BODY_BYTES_MAX: String(BODY_BYTES_MAX),
    API_WAIT_MS_MAX: '50',
    API_EVENT_LOOP_DELAY_MS_MAX: '0',
  })
  const redis = away('Redis')
  const reader = {fetch: away('Kafka'), close: async () => await Promise.resolve()}
  return await composeApi(
    {
      db: withKeys(db),
      redis: {
        send: redis,
        sendBinary: redis,
        pipeline: redis,
        pipelineBinary: redis,
        run: redis,
        subscribe: redis,
        isReady: false,
        connection: 0,
        close: async () => await Promise.resolve(),
        [Symbol.asyncDispose]: async () => await Promise.resolve(),
      },
      cassandra: createLate(away('Cassandra')),
      cassandraOf: () => lateCassandra(away('Cassandra')),
      keyspace: 'numbers',
      admin: createLate(away('Kafka')),
      registry: {
        register: away('the registry'),
        schemaById: away('the registry'),
        latest: away('the registry'),
        versions: away('the registry'),
        subjects: away('the registry'),
      } as never,
      readers: {inspect: reader, tail: reader} as never,
      log: pino({level: 'silent'}),
      registryOfMetrics: createMetrics(),
      secret: 'secret',
      topicPrefix: '',
      streams: await loadStreams(folder),
    },
    config,
  )
}
