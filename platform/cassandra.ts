/**
 * The one file that opens connections to Cassandra: prepared statements only, a time limit on every
 * call, no more calls in flight than one connection carries well.
 *
 * Does not      retry: whoever calls knows what may be repeated. Every statement is idempotent, since
 *               values are absolute and carry their own timestamps.
 */
import {auth, Client, errors, policies, types, type QueryOptions} from 'cassandra-driver'
import type {CassandraConnection} from './connections.ts'
import {messageOf, PipelineError} from './errors.ts'

/** A value on its way in. `undefined` leaves a cell unset, `null` deletes it. */
export type CqlValue =
  | string
  | number
  | boolean
  | Buffer
  | Date
  | null
  | undefined
  | readonly CqlValue[]
export type CqlParams = readonly CqlValue[]
export type CqlRow = Readonly<Record<string, unknown>>

export interface CqlStatement {
  readonly query: string
  readonly params: CqlParams
}

export interface CqlPage {
  readonly rows: readonly CqlRow[]
  /** Where the next page starts, or null after the last. */
  readonly next: string | null
}

export interface CassandraOptions {
  /** Without it statements name their keyspace: only for making one. */
  readonly keyspace?: string
  readonly timeoutMs?: number
  /** Calls in flight at most; further ones wait their turn. */
  readonly inFlightMax?: number
}

export interface Cassandra {
  readonly keyspace: string | undefined
  /** All rows of the answer, which has to be small: at most `fetchMax` (default 5,000). */
  rows(query: string, params?: CqlParams): Promise<readonly CqlRow[]>
  /** As `rows`, seeing every lightweight transaction before, also one whose answer was lost. */
  rowsSerial(query: string, params: CqlParams): Promise<readonly CqlRow[]>
  /** One page and where the next one starts. */
  page(
    query: string,
    params: CqlParams,
    page: {readonly size: number; readonly from?: string | null},
  ): Promise<CqlPage>
  /** Every row, page by page. */
  pages(query: string, params?: CqlParams, size?: number): AsyncIterable<readonly CqlRow[]>
  execute(query: string, params?: CqlParams): Promise<void>
  /** One unlogged batch: atomic when all of it belongs to one partition. */
  batch(statements: readonly CqlStatement[]): Promise<void>
  /** A statement that changes the schema, or one with `IF`; its rows. */
  transact(query: string, params?: CqlParams): Promise<readonly CqlRow[]>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const ROWS_MAX = 5000

/**
 * Connects.
 *
 * @throws `UPSTREAM_UNAVAILABLE` (retry) when nobody answers, `UPSTREAM_REFUSED` (stop) when the
 *   server refuses for good
 */
export async function openCassandra(
  connection: CassandraConnection,
  options: CassandraOptions = {},
): Promise<Cassandra> {
  const client = createClient(connection, options)
  try {
    await client.connect()
  } catch (error) {
    await client.shutdown().catch(() => undefined)
    throw classifyCassandraError(error)
  }
  const gate = createGate(options.inFlightMax ?? 256)
  const run = async (query: string, params: CqlParams, extra: QueryOptions) => {
    await gate.enter()
    try {
      return await client.execute(query, params as unknown[], {prepare: true, ...extra})
    } catch (error) {
      throw classifyCassandraError(error)
    } finally {
      gate.leave()
    }
  }
  const page: Cassandra['page'] = async (query, params, {size, from}) => {
    const result = await run(query, params, {
      fetchSize: size,
      ...(from === undefined || from === null ? {} : {pageState: from}),
    })
    return {rows: result.rows, next: result.pageState ?? null}
  }
  const close = async (): Promise<void> => await client.shutdown()
  return {
    keyspace: options.keyspace,
    async rows(query, params = []) {
      const result = await run(query, params, {fetchSize: ROWS_MAX})
      if ((result.pageState ?? null) === null) return result.rows
      throw new PipelineError('LIMIT_REACHED', `more than ${ROWS_MAX} rows: ${query}`, {
        disposition: 'stop',
      })
    },
    async rowsSerial(query, params) {
      const consistency = types.consistencies.localSerial
      return (await run(query, params, {consistency, fetchSize: ROWS_MAX})).rows
    },
    page,
    async *pages(query, params = [], size = ROWS_MAX) {
      let from: string | null = null
      do {
        const {rows, next}: CqlPage = await page(query, params, {size, from})
        if (rows.length > 0) yield rows
        from = next
      } while (from !== null)
    },
    async execute(query, params = []) {
      await run(query, params, {})
    },
    async batch(statements) {
      const [first] = statements
      if (first === undefined) return
      if (statements.length === 1) {
        await run(first.query, first.params, {})
        return
      }
      await gate.enter()
      try {
        await client.batch(
          statements.map(({query, params}) => ({query, params: params as unknown[]})),
          {prepare: true, logged: false},
        )
      } catch (error) {
        throw classifyCassandraError(error)
      } finally {
        gate.leave()
      }
    },
    async transact(query, params = []) {
      const result = await run(query, params, {
        prepare: params.length > 0,
        isIdempotent: false,
        readTimeout: 30_000,
      })
      return result.rows ?? []
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createClient(connection: CassandraConnection, options: CassandraOptions): Client {
  const {username, password} = connection
  return new Client({
    contactPoints: [...connection.contactPoints],
    localDataCenter: connection.localDataCenter,
    ...(options.keyspace === undefined ? {} : {keyspace: options.keyspace}),
    ...(username === undefined || password === undefined
      ? {}
      : {authProvider: new auth.PlainTextAuthProvider(username, password)}),
    ...(connection.tls ? {sslOptions: {rejectUnauthorized: true}} : {}),
    queryOptions: {
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
      isIdempotent: true,
      prepare: true,
      autoPage: false,
    },
    encoding: {useUndefinedAsUnset: true, copyBuffer: true},
    policies: {
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(100, 2000, false),
    },
    pooling: {maxRequestsPerConnection: 2048, heartBeatInterval: 5000},
    socketOptions: {connectTimeout: 5000, readTimeout: options.timeoutMs ?? 10_000},
  })
}

/** Lets so many in at once; the others wait in line. */
function createGate(limit: number): {enter(): Promise<void>; leave(): void} {
  let inside = 0
  const line: Array<() => void> = []
  return {
    async enter() {
      if (inside < limit) {
        inside += 1
        return
      }
      const {promise, resolve} = Promise.withResolvers<void>()
      line.push(resolve)
      await promise
    },
    leave() {
      const next = line.shift()
      if (next === undefined) inside -= 1
      else next()
    },
  }
}

const REFUSED: ReadonlySet<number> = new Set([
  types.responseErrorCodes.syntaxError,
  types.responseErrorCodes.unauthorized,
  types.responseErrorCodes.invalid,
  types.responseErrorCodes.configError,
  types.responseErrorCodes.badCredentials,
  types.responseErrorCodes.protocolError,
])

/** Says what may be done after an error of the driver. */
export function classifyCassandraError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error
  const message = `Cassandra: ${messageOf(error)}`
  const refused =
    error instanceof errors.AuthenticationError ||
    error instanceof TypeError ||
    (error instanceof errors.ResponseError && REFUSED.has(error.code))
  return refused
    ? new PipelineError('UPSTREAM_REFUSED', message, {disposition: 'stop', cause: error})
    : new PipelineError('UPSTREAM_UNAVAILABLE', message, {disposition: 'retry', cause: error})
}

/** A `bigint` column as a number. @throws when it is beyond 2^53 */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (value instanceof Date) return value.getTime()
  const number = (value as types.Long).toNumber()
  if (Number.isSafeInteger(number)) return number
  throw new PipelineError('STATE_CONTRADICTS', `a number beyond 2^53 is stored: ${String(value)}`, {
    disposition: 'stop',
  })
}

/** 8 bytes, big-endian: how a bigint travels, without going through the driver's own type. */
export function toBigintBytes(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

/** A `uuid` column as text. */
export const toText = (value: unknown): string =>
  typeof value === 'string' ? value : (value as types.Uuid).toString()

const TWO_32 = 2 ** 32

/** As `toBigintBytes`, of a whole number below 2^53: several times faster than by the driver. */
export function toLongBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  const high = Math.floor(value / TWO_32)
  writeUint32(bytes, high, 0)
  writeUint32(bytes, value - high * TWO_32, 4)
  return bytes
}

function writeUint32(bytes: Buffer, value: number, at: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** What the driver adds to the days since 1970 of a `date`. */
const DATE_CENTER = 2 ** 31

/** A `date` column by days since 1970. */
export function toDateBytes(day: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  writeUint32(bytes, day + DATE_CENTER, 0)
  return bytes
}

/** A `date` column as days since 1970. Its text is no date that JavaScript reads, beyond year 9999. */
export const toDay = (value: unknown): number =>
  (value as types.LocalDate).toBuffer().readUInt32BE() - DATE_CENTER

/** Value of a hexadecimal digit by its character code. */
const DIGITS = new Uint8Array(128)
for (let digit = 0; digit < 16; digit++) {
  DIGITS[digit.toString(16).charCodeAt(0)] = digit
  DIGITS[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}
/** Where each byte of a UUID stands in its text form with hyphens. */
const UUID_PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const

/** 16 bytes of a UUID in its text form. */
export function toUuidBytes(text: string): Buffer {
  if (text.length !== 36) return Buffer.from(text.replaceAll('-', ''), 'hex')
  const bytes = Buffer.allocUnsafe(16)
  for (let i = 0; i < 16; i++) {
    const at = UUID_PLACES[i]!
    bytes[i] = (DIGITS[text.charCodeAt(at)]! << 4) | DIGITS[text.charCodeAt(at + 1)]!
  }
  return bytes
}
