/**
 * Redis in memory: hashes, lists, expiry, and the three scripts of `readmodel/scripts/`. Held to what the real
 * one does by test/fakes.stack.test.ts.
 *
 * Does not      know more commands than this project uses: it throws at what it does not know.
 */
import {readFileSync} from 'node:fs'
import {redisScript, type Redis, type RedisArg, type RedisCommand} from '../../platform/redis.ts'
import type {Call} from './cassandra.ts'

type Hash = Map<string, Buffer>

interface Entry {
  readonly hash?: Hash
  readonly list?: string[]
  readonly text?: string
  untilMs: number
}

const script = (name: string): string =>
  redisScript(readFileSync(new URL(`../../readmodel/scripts/${name}.lua`, import.meta.url), 'utf8'))
    .sha

const SCRIPTS = {begin: script('begin'), flush: script('flush'), events: script('events')}

type StringOf6 = [string, string, string, string, string, string]

const toBuffer = (value: RedisArg): Buffer =>
  Buffer.isBuffer(value) ? Buffer.from(value) : Buffer.from(value)

export class FakeRedis {
  #entries = new Map<string, Entry>()
  readonly #now: () => number
  connection = 1
  /** Counts restarts and failovers, noticed or not. */
  restarts = 0
  /** Calls of scripts go through whatever run and sequence they carry. */
  isUnguarded = false

  constructor(now: () => number) {
    this.#now = now
  }

  /** What it holds now, for a restart that goes back to it. */
  snapshot(): Map<string, Entry> {
    return new Map(
      [...this.#entries].map(([key, entry]) => [
        key,
        {
          ...entry,
          ...(entry.hash === undefined ? {} : {hash: new Map(entry.hash)}),
          ...(entry.list === undefined ? {} : {list: [...entry.list]}),
        },
      ]),
    )
  }

  /**
   * A restart, or a failover: empty, or with what was saved.
   *
   * @param options `isNoticed` false: by something in between that keeps the connection
   */
  restart(saved: Map<string, Entry> = new Map(), {isNoticed = true} = {}): void {
    this.#entries = saved
    this.restarts += 1
    if (isNoticed) this.connection += 1
  }

  /** As a server does that is short of memory: single keys go, whatever they hold. */
  evict(isChosen: (key: string) => boolean): void {
    for (const key of this.#entries.keys()) if (isChosen(key)) this.#entries.delete(key)
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()].filter(key => this.#entry(key) !== undefined)
  }

  #entry(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.untilMs > this.#now()) return entry
    this.#entries.delete(key)
    return undefined
  }

  #hash(key: string): Hash {
    const known = this.#entry(key)?.hash
    if (known !== undefined) return known
    const hash: Hash = new Map()
    this.#entries.set(key, {hash, untilMs: Number.POSITIVE_INFINITY})
    return hash
  }

  #expire(key: string, ms: number): void {
    const entry = this.#entry(key)
    if (entry !== undefined) entry.untilMs = this.#now() + ms
  }

  send([name, key, ...rest]: RedisCommand): unknown {
    const at = String(key)
    switch (String(name)) {
      case 'SCRIPT':
        return 'OK'
      case 'HMGET':
        return rest.map(field => this.#entry(at)?.hash?.get(String(field)) ?? null)
      case 'HGETALL':
        return [...(this.#entry(at)?.hash ?? [])].flatMap(([field, value]) => [
          Buffer.from(field),
          value,
        ])
      case 'HGET':
        return this.#entry(at)?.hash?.get(String(rest[0])) ?? null
      case 'PTTL': {
        const entry = this.#entry(at)
        if (entry === undefined) return -2
        return Number.isFinite(entry.untilMs) ? entry.untilMs - this.#now() : -1
      }
      case 'SET': {
        const ms = String(rest[1]) === 'PX' ? Number(rest[2]) : Number.POSITIVE_INFINITY
        this.#entries.set(at, {text: String(rest[0]), untilMs: this.#now() + ms})
        return 'OK'
      }
      case 'EXISTS':
        return this.#entry(at) === undefined ? 0 : 1
      case 'RPUSH': {
        const list = this.#entry(at)?.list ?? []
        list.push(...rest.map(String))
        this.#entries.set(at, {list, untilMs: Number.POSITIVE_INFINITY})
        return list.length
      }
      case 'LRANGE':
        return this.#entry(at)?.list ?? []
      case 'LPOP':
        return this.#entry(at)?.list?.shift() ?? null
      case 'UNLINK':
        return this.#entries.delete(at) ? 1 : 0
      case 'MEMORY':
        return 500
      default:
        throw new Error(`unknown command ${String(name)}`)
    }
  }

  run(sha: string, keys: readonly string[], args: readonly RedisArg[]): number {
    switch (sha) {
      case SCRIPTS.begin:
        return this.#begin(keys[0]!, args.map(String))
      case SCRIPTS.flush:
        return this.#flush(keys, args)
      case SCRIPTS.events:
        return this.#events(keys, args.map(String))
      default:
        throw new Error('unknown script')
    }
  }

  #text(key: string, field: string): string | undefined {
    return this.#entry(key)?.hash?.get(field)?.toString()
  }

  #begin(key: string, [run, takeover, offset, lifeMs]: readonly string[]): number {
    const standing = Number(this.#text(key, 'takeover') ?? '-1')
    if (standing > Number(takeover) && !this.isUnguarded) return 0
    this.#entries.delete(key)
    const hash = this.#hash(key)
    const fields = {run: run!, sequence: '0', takeover: takeover!, offset: offset!}
    for (const [field, value] of Object.entries(fields)) hash.set(field, Buffer.from(value))
    this.#expire(key, Number(lifeMs))
    return 1
  }

  #flush(keys: readonly string[], args: readonly RedisArg[]): number {
    const [marker, awaited, ...values] = keys as [string, string, ...string[]]
    const [run, sequence, lifeMs, offset, since, steps] = args.slice(0, 6).map(String)
    const isNext = this.#text(marker, 'run') === run && this.#text(marker, 'sequence') === sequence
    if (!isNext && !this.isUnguarded) return 0
    const starts: number[] = []
    for (let at = 6; at < args.length; at += 3 + Number(args[at + 2])) starts.push(at)
    const isEvicted = (key: string, i: number): boolean =>
      String(args[starts[i]!]) === '0' &&
      values.indexOf(key) === i &&
      this.#entry(key) === undefined
    if (values.some(isEvicted)) return 0
    let at = 6
    for (const key of values) {
      const [isFirst, ttlS, count] = args.slice(at, at + 3).map(String)
      if (isFirst === '1') this.#entries.delete(key)
      for (let i = 0; i < Number(count); i += 2) {
        this.#hash(key).set(String(args[at + 3 + i]), toBuffer(args[at + 4 + i]!))
      }
      if (isFirst === '1' && Number(ttlS) > 0) this.#expire(key, 1000 * Number(ttlS))
      at += 3 + Number(count)
    }
    const hash = this.#hash(marker)
    hash.set('sequence', Buffer.from(String(Number(sequence) + 1)))
    if (offset !== '') hash.set('offset', Buffer.from(offset!))
    if (since !== '') hash.set('since', Buffer.from(since!))
    if (steps !== '') hash.set('steps', Buffer.from(steps!))
    this.#expire(marker, Number(lifeMs))
    return this.#entry(awaited) === undefined ? 1 : 3
  }

  #events(keys: readonly string[], args: readonly string[]): number {
    const [ttlS, deletedTtlS, takeover, partition, space, count] = args.slice(0, 6) as StringOf6
    const names = args.slice(6, 6 + Number(count))
    let at = 6 + names.length
    for (const key of keys) {
      const isSamePartition = this.#text(key, 'partition') === partition
      const own = Number(isSamePartition ? args[at + 1] : args[at])
      const isOurs = this.#text(key, 'run')?.startsWith(`${space}.`) === true
      const stood = this.#text(key, isSamePartition ? 'src_offset' : 'outbox_id')
      const present = Number((isOurs ? stood : undefined) ?? '-1')
      const standing = Number(this.#text(key, 'takeover') ?? '-1')
      if (present < own || (present === own && standing <= Number(takeover))) {
        this.#entries.delete(key)
        const hash = this.#hash(key)
        hash.set('outbox_id', Buffer.from(args[at]!))
        hash.set('takeover', Buffer.from(takeover))
        for (const [i, name] of names.entries()) {
          const value = args[at + 3 + i]!
          if (value !== '\0') hash.set(name, Buffer.from(value))
        }
        this.#expire(key, 1000 * Number(args[at + 2] === '1' ? ttlS : deletedTtlS))
      }
      at += 3 + names.length
    }
    return 1
  }
}

const toText = (reply: unknown): unknown => {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return Array.isArray(reply) ? reply.map(toText) : reply
}

const atOnce: Call = async effect => effect()

/** The client that the project knows, over the fake. */
export function connectToRedis(server: FakeRedis, call: Call = atOnce): Redis {
  const binary = (command: RedisCommand): Promise<unknown> => call(() => server.send(command))
  const send = async (command: RedisCommand): Promise<unknown> => toText(await binary(command))
  return {
    send,
    sendBinary: binary,
    pipeline: commands => Promise.all(commands.map(send)),
    pipelineBinary: commands => Promise.all(commands.map(binary)),
    run: ({sha}, keys, args) => {
      const taken = [...args]
      return call(() => server.run(sha, keys.map(String), taken))
    },
    subscribe: async () => undefined,
    isReady: true,
    get connection() {
      return server.connection
    },
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
