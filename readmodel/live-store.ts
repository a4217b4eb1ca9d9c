/**
 * One partition's live values in Redis: absolute, tagged by the run of their owner.
 *
 * Guarantees    INV-37: a value is written by its run's next call or not at all: a call that the server
 *               runs late, or whose answer was lost, changes nothing that readers believe.
 * Does not      know what values mean.
 */
import {readFileSync} from 'node:fs'
import {redisScript, type Redis, type RedisArg} from '../platform/redis.ts'
import {chunksOf, packsOf, type PackLimits} from './chunks.ts'
import type {EventHash, LiveEvent} from './event-hash.ts'
import type {LiveValue} from './projection.ts'
import {awaitedKey, eventKey, hashesKey, markerKey} from './redis-keys.ts'

/** What an owner calls its values by from one doubt to the next. */
export interface Run {
  /** Begins with the space and a dot. */
  readonly name: string
  readonly takeover: number
}

/** A value on its way, and up to which record it counts. */
export interface OffsetValue extends LiveValue {
  readonly offset: number
  /** Nothing else may stand there. */
  readonly isFirst: boolean
}

export interface LiveFlush {
  readonly run: Run
  /** Calls of this run so far. */
  readonly sequence: number
  readonly values: readonly OffsetValue[]
  /** With this call everything up to it is in Redis, or stored; null: not all of it yet. */
  readonly offset: number | null
  /** Steps from here on (seconds since 1970) that are not there do not exist; null: as it was said. */
  readonly since: number | null
  /** Steps that are there, by their windows: one of them that is missing was evicted; null: as it was said. */
  readonly steps: StepNames | null
}

/** Starts of steps, by windows. */
export type StepNames = Readonly<Record<string, readonly number[]>>

export interface Flushed {
  /** `awaited`: applied, and a reader waits until Cassandra has it too. */
  readonly outcome: 'applied' | 'awaited' | 'over'
  readonly sequence: number
}

/** Hashes of single events: each written once, or again by a correction. */
export interface HashStore {
  write(events: readonly LiveEvent[], run: Run, partition: number): Promise<void>
  /** Appends to the list of what was written. @returns bytes that one of them takes */
  note(entry: string, sample: number | string, partition: number): Promise<number>
  /** The whole list, oldest first. */
  noted(partition: number): Promise<readonly string[]>
  /** Removes the oldest entry, and the hashes that it names. */
  forget(ids: readonly (number | string)[], partition: number): Promise<void>
}

export interface LiveStore {
  /** Counts connections: after a change the server may be another one, or have forgotten. */
  readonly connection: number
  /** @returns false when a later owner is there */
  begin(partition: number, run: Run, offset: number): Promise<boolean>
  flush(partition: number, flush: LiveFlush): Promise<Flushed>
  /** Undefined for a stream without hashes. */
  readonly hashes: HashStore | undefined
}

export interface LiveOptions {
  readonly space: string
  readonly stream: string
  /** How long readers believe what was said last, ms. */
  readonly lifeMs: number
  /** Begin of the keys of event hashes; null: none. */
  readonly hashes: string | null
  readonly hashTtlS: number
}

const load = (name: string) =>
  redisScript(readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8'))
const BEGIN = load('begin')
const FLUSH = load('flush')
const EVENTS = load('events')
const SCRIPTS = [BEGIN, FLUSH, EVENTS]

const APPLIED = 1
const AWAITED = 3

/** Values, and fields of values, of one call: a script blocks the server while it runs. */
const LIMITS: PackLimits<Piece> = {
  countMax: 500,
  sizeOf: ({fields}) => fields.length,
  sizeMax: 2000,
}
/** Of a value with many fields; only the last one says of which run and offset it is. */
interface Piece extends OffsetValue {
  readonly isLast: boolean
}
const EVENTS_PER_CALL = 100
/** Lua's `unpack` takes some thousands of values at once. */
const FIELDS_PER_VALUE = 1000
/** What a deleted event leaves stands for longer than Cassandra takes to follow. */
const DELETED_TTL_S = 900
/** Stands for "no such field": PostgreSQL's text cannot hold it. */
const ABSENT = '\0'

export function createLiveStore(redis: Redis, hash: EventHash, options: LiveOptions): LiveStore {
  const {space, stream, lifeMs, hashes} = options
  return {
    get connection() {
      return redis.connection
    },
    async begin(partition, run, offset) {
      // Loaded scripts run in the order of the calls; one sent again with its text would not.
      await Promise.all(SCRIPTS.map(({text}) => redis.send(['SCRIPT', 'LOAD', text])))
      const args = [run.name, String(run.takeover), String(offset), String(lifeMs)]
      return (await redis.run(BEGIN, [markerKey(space, stream, partition)], args)) === 1
    },
    async flush(partition, {run, sequence, values, offset, since, steps}) {
      const packs = packsOf(values.flatMap(splitValue), LIMITS)
      // Never none, since the marker has to be carried.
      const chunks = packs.length > 0 ? packs : [[]]
      const heads = [markerKey(space, stream, partition), awaitedKey(space, stream, partition)]
      // Calls are sent in order on one connection, and every failure is waited for.
      const answers = await settle(
        chunks.map((chunk, i) => {
          const isLast = i === chunks.length - 1
          const args: RedisArg[] = [
            run.name,
            String(sequence + i),
            String(lifeMs),
            isLast && offset !== null ? String(offset) : '',
            isLast && since !== null ? String(since) : '',
            isLast && steps !== null ? JSON.stringify(steps) : '',
          ]
          for (const value of chunk) args.push(...argsOf(value, run))
          return redis.run(FLUSH, [...heads, ...chunk.map(({key}) => key)], args)
        }),
      )
      const isApplied = answers.every(answer => answer === APPLIED || answer === AWAITED)
      const outcome = !isApplied ? 'over' : answers.includes(AWAITED) ? 'awaited' : 'applied'
      return {outcome, sequence: sequence + chunks.length}
    },
    hashes: hashes === null ? undefined : createHashStore(redis, hash, hashes, options),
  }
}

function createHashStore(
  redis: Redis,
  hash: EventHash,
  hashes: string,
  {space, stream, hashTtlS}: LiveOptions,
): HashStore {
  const {idField} = hash
  const listOf = (partition: number): string => hashesKey(space, stream, partition)
  const keyOf = (id: number | string): string => eventKey(hashes, id)
  return {
    async write(events, run, partition) {
      const at = {partition, run: run.name}
      const calls = chunksOf(events, EVENTS_PER_CALL).map(chunk => {
        const keys: string[] = []
        // Names once for all events: every argument costs, here and in the server.
        const args = [String(hashTtlS), String(DELETED_TTL_S), String(run.takeover)]
        args.push(String(partition), space, String(hash.fields.length), ...hash.fields)
        for (const live of chunk) {
          keys.push(keyOf(live.event[idField] as number | string))
          args.push(String(live.outboxId), String(live.offset), live.kind === 'put' ? '1' : '0')
          for (const value of hash.valuesOf(live, at)) args.push(value ?? ABSENT)
        }
        return redis.run(EVENTS, keys, args)
      })
      await settle(calls)
    },
    async note(entry, sample, partition) {
      const [, bytes] = await redis.pipeline([
        ['RPUSH', listOf(partition), entry],
        ['MEMORY', 'USAGE', keyOf(sample), 'SAMPLES', '0'],
      ])
      return Number(bytes ?? 0)
    },
    async noted(partition) {
      return (await redis.send(['LRANGE', listOf(partition), '0', '-1'])) as readonly string[]
    },
    async forget(ids, partition) {
      const unlinks = ids.map(id => ['UNLINK', keyOf(id)])
      await redis.pipeline([...unlinks, ['LPOP', listOf(partition)]])
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

function argsOf(piece: Piece, {name}: Run): readonly RedisArg[] {
  const {isFirst, isWhole, isLast, ttlS, offset} = piece
  const head = isWhole && isLast ? ['run', name, 'offset', String(offset)] : []
  const fields = [...head, ...piece.fields]
  return [isFirst ? '1' : '0', String(ttlS), String(fields.length), ...fields]
}

/** A reader between two calls must not take a part of a value for the whole. */
function splitValue(value: OffsetValue): readonly Piece[] {
  if (value.fields.length <= FIELDS_PER_VALUE) return [{...value, isLast: true}]
  const chunks = chunksOf(value.fields, FIELDS_PER_VALUE)
  return chunks.map((fields, i) => ({
    ...value,
    fields,
    isFirst: value.isFirst && i === 0,
    isLast: i === chunks.length - 1,
  }))
}
