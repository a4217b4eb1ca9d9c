/**
 * The one file that opens connections to Redis: a time limit on every call, nothing queued while the
 * server is away.
 *
 * Does not      retry. A call that ran out of time may still be executed later: what it writes has
 *               to be guarded by what it carries.
 */
import {createHash} from 'node:crypto'
import {createClient, ErrorReply, RESP_TYPES} from 'redis'
import {redactUrl} from './config.ts'
import {messageOf, PipelineError} from './errors.ts'

export type RedisArg = string | Buffer
export type RedisCommand = readonly RedisArg[]

export interface RedisOptions {
  readonly name: string
  readonly timeoutMs?: number
  /** Told of broken connections, which are opened again by themselves. */
  readonly onError?: (error: Error) => void
  /** Connect without waiting for the server: calls fail until it answers. */
  readonly lazy?: boolean
}

/** Replies are those of RESP2: text, number, null, or lists of them. */
export interface Redis {
  send(command: RedisCommand): Promise<unknown>
  /** As `send`, with bytes in place of text. */
  sendBinary(command: RedisCommand): Promise<unknown>
  /** Sent together, answered together, not atomic. The first error is thrown. */
  pipeline(commands: readonly RedisCommand[]): Promise<readonly unknown[]>
  pipelineBinary(commands: readonly RedisCommand[]): Promise<readonly unknown[]>
  /** Runs a Lua script by its hash. */
  run(script: RedisScript, keys: readonly RedisArg[], args: readonly RedisArg[]): Promise<unknown>
  /** Messages of a channel, on a connection of its own, until the signal. */
  subscribe(
    channels: readonly string[],
    listener: (message: string, channel: string) => void,
    signal: AbortSignal,
  ): Promise<void>
  readonly isReady: boolean
  /** Counts connections: after a change the server may be another one, or have forgotten. */
  readonly connection: number
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface RedisScript {
  readonly text: string
  readonly sha: string
}

export const redisScript = (text: string): RedisScript => ({
  text,
  sha: createHash('sha1').update(text).digest('hex'),
})

const create = (url: string, name: string) =>
  createClient({
    url,
    name,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 100_000,
    // Ours limits whole calls; the driver's makes an AbortSignal per command, which costs more than
    // the command, and fires it five seconds later although the answer has long come.
    commandOptions: {timeout: 0},
    pingInterval: 2000,
    socket: {
      connectTimeout: 3000,
      socketTimeout: 6000,
      reconnectStrategy: attempt => Math.min(1000, 20 * 2 ** Math.min(attempt, 6)),
    },
  })

type Client = ReturnType<typeof create>

/** @throws `UPSTREAM_UNAVAILABLE` (retry) when the server does not answer and `lazy` is not set */
export async function openRedis(url: string, options: RedisOptions): Promise<Redis> {
  const client = create(url, options.name)
  client.on('error', (error: Error) => options.onError?.(error))
  const timeoutMs = options.timeoutMs ?? 2000
  const connecting = client.connect()
  if (options.lazy === true) connecting.catch(() => undefined)
  else {
    try {
      await withTimeout(connecting, 5000)
    } catch (error) {
      connecting.catch(() => undefined)
      client.destroy()
      throw classifyRedisError(error, url)
    }
  }
  return toRedis(client, {url, timeoutMs})
}

function toRedis(client: Client, {url, timeoutMs}: {url: string; timeoutMs: number}): Redis {
  const binary = client.withTypeMapping({[RESP_TYPES.BLOB_STRING]: Buffer})
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await withTimeout(work(), timeoutMs)
    } catch (error) {
      throw classifyRedisError(error, url)
    }
  }
  let connection = client.isReady ? 1 : 0
  client.on('ready', () => (connection += 1))
  const send = async (command: RedisCommand): Promise<unknown> =>
    await guard(() => client.sendCommand(command))
  const close = async (): Promise<void> => {
    if (client.isOpen) client.destroy()
    await Promise.resolve()
  }
  return {
    send,
    sendBinary: command => guard(() => binary.sendCommand(command)),
    pipeline: commands => guard(() => Promise.all(commands.map(c => client.sendCommand(c)))),
    pipelineBinary: commands => guard(() => Promise.all(commands.map(c => binary.sendCommand(c)))),
    async run(script, keys, args) {
      const rest = [String(keys.length), ...keys, ...args]
      try {
        return await send(['EVALSHA', script.sha, ...rest])
      } catch (error) {
        if (!messageOf(error).includes('NOSCRIPT')) throw error
        return await send(['EVAL', script.text, ...rest])
      }
    },
    async subscribe(channels, listener, signal) {
      const listening = client.duplicate({disableOfflineQueue: false})
      listening.on('error', () => undefined)
      await guard(async () => await listening.connect())
      signal.addEventListener('abort', () => listening.destroy(), {once: true})
      await guard(() => listening.subscribe([...channels], listener))
    },
    get isReady() {
      return client.isReady
    },
    get connection() {
      return connection
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const {promise, reject} = Promise.withResolvers<never>()
  const late = (): void => reject(new Error(`no answer within ${timeoutMs} ms`))
  // Timers come before sockets: after a long turn of the event loop the answer may just not be read yet.
  const timer = setTimeout(() => setImmediate(late), timeoutMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Answers after which the same call may succeed later. */
const TRANSIENT =
  /^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|READONLY|OOM|MISCONF|NOREPLICAS)\b/

/** Says what may be done after an error of the driver. */
export function classifyRedisError(error: unknown, url = ''): PipelineError {
  if (error instanceof PipelineError) return error
  const where = url === '' ? '' : ` at ${redactUrl(url)}`
  const message = `Redis${where}: ${messageOf(error)}`
  const refused = error instanceof ErrorReply && !TRANSIENT.test(messageOf(error))
  return refused
    ? new PipelineError('UPSTREAM_REFUSED', message, {disposition: 'stop', cause: error})
    : new PipelineError('UPSTREAM_UNAVAILABLE', message, {disposition: 'retry', cause: error})
}
