/** Asks a server in its own protocol whether it is ready; a few bytes instead of five drivers. */
import {connect} from 'node:net'
import {addressOf, type ServerName} from './config.ts'

const PROBE_TIMEOUT_MS = 2000

interface Question {
  readonly send: Buffer
  /** Undefined: more bytes are needed. */
  readonly judge: (answer: Buffer) => boolean | undefined
}

function framed(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

/** A StartupMessage: the server asks for a password when it is ready, else it sends an error. */
function askPostgres(): Question {
  const body = Buffer.from('\0\x03\0\0user\0postgres\0database\0postgres\0\0', 'latin1')
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length + 4)
  return {
    send: Buffer.concat([size, body]),
    judge: answer => (answer.length === 0 ? undefined : answer[0] === 0x52),
  }
}

/** Metadata v1 without topics: a ready broker lists at least itself. */
function askKafka(): Question {
  const correlation = 7
  const body = Buffer.from('\0\x03\0\x01\0\0\0\x07\0\x05stack\0\0\0\0', 'latin1')
  return {
    send: framed(body),
    judge: answer => {
      if (answer.length < 12) return undefined
      return answer.readInt32BE(4) === correlation && answer.readInt32BE(8) > 0
    },
  }
}

/** OPTIONS of the native protocol v4; SUPPORTED (6) is the answer of a server that takes queries. */
const askCassandra = (): Question => ({
  send: Buffer.from([0x04, 0, 0, 0, 0x05, 0, 0, 0, 0]),
  judge: answer => (answer.length < 5 ? undefined : answer[4] === 0x06),
})

/** A server that asks for a password (-NOAUTH) is up too; one that loads its data (-LOADING) is not. */
const askRedis = (): Question => ({
  send: Buffer.from('PING\r\n'),
  judge: answer => {
    if (!answer.includes('\n')) return undefined
    return answer.toString('latin1').startsWith('+PONG') || answer.includes('NOAUTH')
  },
})

const justConnect = (): Question => ({send: Buffer.alloc(0), judge: () => true})

async function ask(
  address: {readonly host: string; readonly port: number},
  question: Question,
): Promise<boolean> {
  const {promise, resolve} = Promise.withResolvers<boolean>()
  const socket = connect(address)
  let answer: Buffer = Buffer.alloc(0)
  socket.setTimeout(PROBE_TIMEOUT_MS, () => resolve(false))
  socket.once('error', () => resolve(false))
  socket.once('close', () => resolve(false))
  socket.once('connect', () => {
    if (question.send.length === 0) resolve(true)
    else socket.write(question.send)
  })
  socket.on('data', chunk => {
    answer = Buffer.concat([answer, chunk])
    const verdict = question.judge(answer)
    if (verdict !== undefined) resolve(verdict)
  })
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

async function askHttp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {signal: AbortSignal.timeout(PROBE_TIMEOUT_MS)})
    await response.body?.cancel()
    // 401 and 403: it is there, and the client will show its credentials.
    return response.ok || response.status === 401 || response.status === 403
  } catch {
    return false
  }
}

const QUESTIONS = {
  postgres: askPostgres,
  kafka: askKafka,
  cassandra: askCassandra,
  redis: askRedis,
} as const

/**
 * Whether `server` answers at `connection`.
 *
 * @param encrypted only looks whether somebody listens: what follows is a matter for the drivers
 */
export async function answers(
  server: ServerName,
  connection: string,
  encrypted = false,
): Promise<boolean> {
  if (server === 'registry') return await askHttp(`${connection.replace(/\/+$/, '')}/subjects`)
  const address = addressOf(server, connection)
  if (address === undefined) return false
  return await ask(address, encrypted ? justConnect() : QUESTIONS[server]())
}

/** Whether the variables ask for an encrypted connection to `server`. */
export function isEncrypted(
  server: ServerName,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (server === 'kafka') return env['KAFKA_TLS'] === 'true'
  if (server === 'cassandra') return env['CASSANDRA_TLS'] === 'true'
  if (server === 'redis') return env['REDIS_URL']?.startsWith('rediss:') ?? false
  return server === 'postgres' && /[?&]sslmode=(require|verify)/.test(env['DATABASE_URL'] ?? '')
}
