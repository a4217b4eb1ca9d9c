/**
 * One partition's live values in Redis: one script per flush, absolute values, fenced by generation
 * and offset, under a lease that readers check.
 *
 * Guarantees    a call that the server runs late changes nothing; while a partition is seeded, a row
 *               from Cassandra never replaces a newer one from memory.
 * Does not      know what values mean: a codec per projection says what is written where.
 */
import {readFileSync} from 'node:fs'
import {PipelineError} from '../platform/errors.ts'
import {redisScript, type Redis, type RedisArg} from '../platform/redis.ts'
import type {AggregateRow} from './aggregate-store.ts'
import type {Fence} from './fence.ts'
import {awaitedKey, fenceKey, readyKey} from './redis-keys.ts'

export interface Lease {
  readonly runId: string
  readonly generation: number
  readonly offset: number
}

export interface LiveRow extends AggregateRow {
  readonly offset: number
}

export interface LiveEvent<Event, Derived> {
  readonly kind: 'put' | 'delete'
  readonly event: Event
  readonly derived: Derived | null
  readonly outboxId: number
  /** Of the owner that says so: of two hashes of one record that of the later owner stands. */
  readonly generation: number
  readonly createdAt: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly processedAt?: number
  /** False: it gets no hash, for there is a backlog; readers find it in Cassandra. */
  readonly withHash?: boolean
}

export interface LiveFlush<Event, Derived> {
  readonly fence: Fence
  readonly events: readonly LiveEvent<Event, Derived>[]
  readonly rows: readonly LiveRow[]
  readonly leaseUntilMs: number
  readonly extendUntilMs?: number
  readonly renew: boolean
  readonly runId: string
}

/** What a row is in Redis: a hash's fields or the value of a key. `ttlS` 0: for ever. */
export type LiveValue =
  | {readonly key: string; readonly ttlS: number; readonly fields: readonly RedisArg[]}
  | {readonly key: string; readonly ttlS: number; readonly value: RedisArg}

export interface EncodedLive {
  /** None when the row is too old to be kept. */
  readonly values: readonly LiveValue[]
  /** Called when the values are there. */
  readonly commit?: () => void
}

/** @param whole write all of the row, not only what changed */
export type LiveCodec = (row: LiveRow, partition: number, whole: boolean) => EncodedLive

export interface LiveCodecs<Event, Derived> {
  readonly rows: Readonly<Record<string, LiveCodec>>
  /** An event's hash; absent when the stream has none. */
  readonly event?: EventCodec<LiveEvent<Event, Derived>>
}

export interface EventCodec<Event> {
  readonly fields: readonly string[]
  keyOf(event: Event): string
  /** In the order of `fields`; null where the hash has no such field. Not called for a delete. */
  valuesOf(event: Event): ReadonlyArray<string | null>
}

export interface LiveOptions {
  readonly stream: string
  readonly eventTtlS: number
  /** Event hashes in one call; 1 for a cluster, where each may live elsewhere. */
  readonly eventsPerCall: number
}

/** `awaited`: applied, and a reader waits until Cassandra has it too. */
export type FlushOutcome = 'applied' | 'awaited' | 'lost'

export interface LiveStore<Event, Derived> {
  readonly projections: ReadonlySet<string>
  runId(): Promise<string>
  lease(partition: number): Promise<Lease | null>
  revoke(partition: number, generation: number): Promise<void>
  flush(flush: LiveFlush<Event, Derived>): Promise<FlushOutcome>
}

const load = (name: string) =>
  redisScript(readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8'))
const FLUSH = load('flush')
const EVENTS = load('events')
const REVOKE = load('revoke')
const SCRIPTS = [FLUSH, EVENTS, REVOKE]

/** What the script returns when all was written. */
const APPLIED = 1
const AWAITED = 3

/** Rows of one call: a script blocks the server while it runs. */
const VALUES_PER_CALL = 500
/** Lua's `unpack` takes some thousands of values at once. */
const FIELDS_PER_VALUE = 1000

/** Stands for "no such field": PostgreSQL's text cannot hold it. */
const ABSENT = '\0'

/** The run id of the server that answers now. */
export async function readRunId(redis: Redis): Promise<string> {
  const info = String(await redis.send(['INFO', 'server']))
  const runId = /^run_id:(\w+)/m.exec(info)?.[1]
  if (runId !== undefined) return runId
  throw new PipelineError('UPSTREAM_REFUSED', 'Redis does not tell its run id', {
    disposition: 'stop',
  })
}

/** The lease as it stands, whoever wrote it. */
export async function readLease(
  redis: Redis,
  stream: string,
  partition: number,
): Promise<Lease | null> {
  const fields = ['run_id', 'generation', 'offset']
  const reply = await redis.send(['HMGET', readyKey(stream, partition), ...fields])
  const [runId, generation, offset] = reply as ReadonlyArray<string | null>
  if (runId === null || runId === undefined) return null
  return {runId, generation: Number(generation), offset: Number(offset)}
}

export function createLiveStore<Event, Derived>(
  redis: Redis,
  codecs: LiveCodecs<Event, Derived>,
  options: LiveOptions,
): LiveStore<Event, Derived> {
  const {stream} = options
  const servers = createServerWatch(redis)
  const seeding = new Map<number, Seeding>()

  const writeEvents = async (events: readonly LiveEvent<Event, Derived>[]): Promise<void> => {
    const {event: codec} = codecs
    if (codec === undefined) return
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < events.length; i += options.eventsPerCall) {
      const keys: string[] = []
      // Names once for all events: every argument costs, here and in the server.
      const args = [String(options.eventTtlS), String(codec.fields.length), ...codec.fields]
      for (const event of events.slice(i, i + options.eventsPerCall)) {
        keys.push(codec.keyOf(event))
        const values = event.kind === 'put' ? codec.valuesOf(event) : []
        args.push(String(event.outboxId), String(event.generation))
        args.push(values.length === 0 ? '0' : '1')
        for (const value of values) args.push(value ?? ABSENT)
      }
      calls.push(redis.run(EVENTS, keys, args))
    }
    await Promise.all(calls)
  }

  return {
    projections: new Set(Object.keys(codecs.rows)),
    runId: () => servers.runId(),
    lease: partition => readLease(redis, stream, partition),
    async revoke(partition, generation) {
      const keys = [fenceKey(stream, partition), readyKey(stream, partition)]
      if ((await redis.run(REVOKE, keys, [String(generation)])) === 0) {
        throw new PipelineError('FENCED', `${stream}/${partition} has a newer owner in Redis`, {
          disposition: 'retry',
        })
      }
      seeding.set(partition, createSeeding())
    },
    async flush(flush) {
      const {partition} = flush.fence
      if ((await servers.runId()) !== flush.runId) return 'lost'
      const connection = redis.connection
      const seeded = seeding.get(partition) ?? createSeeding()
      seeding.set(partition, seeded)
      const isLive = flush.leaseUntilMs > 0
      const encoded = flush.rows.flatMap(row => {
        const codec = codecs.rows[row.projection]
        if (codec === undefined || !seeded.admit(row)) return []
        return [codec(row, partition, seeded.isNew(row.state))]
      })
      const values = encoded.flatMap(row => row.values)
      // Until it is known to be there, what changed in them counts as not written.
      for (const row of flush.rows) seeded.forget(row.state)
      const events = writeEvents(flush.events.filter(({withHash}) => withHash !== false))
      // All but the last call carry no lease: it stands for everything before it.
      const chunks = chunkValues(values)
      // Calls are sent in order on one connection, and every failure is waited for.
      const answers = await settle([
        ...chunks.map((chunk, i) =>
          redis.run(
            FLUSH,
            [
              fenceKey(stream, partition),
              readyKey(stream, partition),
              awaitedKey(stream, partition),
              ...chunk.map(({key}) => key),
            ],
            [...headOf(flush, isLive && i === chunks.length - 1), ...chunk.flatMap(argsOf)],
          ),
        ),
        events,
      ])
      const outcomes = answers.slice(0, -1)
      const isApplied = outcomes.every(outcome => outcome === APPLIED || outcome === AWAITED)
      if (!isApplied || redis.connection !== connection) return 'lost'
      for (const {commit} of encoded) commit?.()
      for (const row of flush.rows) seeded.written(row)
      if (isLive) seeded.end()
      return outcomes.includes(AWAITED) ? 'awaited' : 'applied'
    },
  }
}

async function settle(calls: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const results = await Promise.allSettled(calls)
  return results.map(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

function headOf<E, D>(flush: LiveFlush<E, D>, withLease: boolean): readonly string[] {
  const {fence, leaseUntilMs, extendUntilMs = 0, renew, runId} = flush
  return [
    String(fence.generation),
    String(fence.offset),
    String(withLease ? Math.floor(leaseUntilMs) : 0),
    renew ? '1' : '0',
    runId,
    String(Math.floor(extendUntilMs)),
  ]
}

const argsOf = (value: LiveValue): readonly RedisArg[] =>
  'fields' in value
    ? ['H', String(value.ttlS), String(value.fields.length), ...value.fields]
    : ['S', String(value.ttlS), value.value]

/** Parts that a script may take at once; never none, since the lease has to be carried. */
function chunkValues(values: readonly LiveValue[]): ReadonlyArray<readonly LiveValue[]> {
  const parts = values.flatMap(value => {
    if (!('fields' in value) || value.fields.length <= FIELDS_PER_VALUE) return [value]
    const slices: LiveValue[] = []
    for (let i = 0; i < value.fields.length; i += FIELDS_PER_VALUE) {
      slices.push({...value, fields: value.fields.slice(i, i + FIELDS_PER_VALUE)})
    }
    return slices
  })
  const chunks: LiveValue[][] = []
  for (let i = 0; i < parts.length; i += VALUES_PER_CALL) {
    chunks.push(parts.slice(i, i + VALUES_PER_CALL))
  }
  return chunks.length === 0 ? [[]] : chunks
}

interface Seeding {
  /** False for a row that is older than what was written since the lease was taken away. */
  admit(row: LiveRow): boolean
  /** True until the state was written whole to this server. */
  isNew(state: unknown): boolean
  written(row: LiveRow): void
  /** The next write has to be whole again. */
  forget(state: unknown): void
  end(): void
}

/** What is known about one partition since its seeding began. */
function createSeeding(): Seeding {
  let offsets: Map<string, number> | undefined = new Map()
  const known = new WeakSet<object>()
  const idOf = (row: LiveRow): string => `${row.projection} ${row.key}`
  return {
    admit: row => (offsets?.get(idOf(row)) ?? -1) <= row.offset,
    isNew: state => !known.has(state as object),
    written(row) {
      known.add(row.state as object)
      const before = offsets?.get(idOf(row)) ?? -1
      if (row.offset > before) offsets?.set(idOf(row), row.offset)
    },
    forget: state => void known.delete(state as object),
    end() {
      offsets = undefined
    },
  }
}

/** The run id of the connected server, asked for once per connection. */
function createServerWatch(redis: Redis): {runId(): Promise<string>} {
  let asked = -1
  let runId = ''
  return {
    async runId() {
      while (asked !== redis.connection || runId === '') {
        const connection = redis.connection
        // Loaded scripts run in the order of the calls; one sent again with its text would not.
        await Promise.all(SCRIPTS.map(({text}) => redis.send(['SCRIPT', 'LOAD', text])))
        runId = await readRunId(redis)
        asked = connection
      }
      return runId
    },
  }
}
