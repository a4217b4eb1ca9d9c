/**
 * Typed reads from Redis. A value counts only while it carries the present run of its owner; otherwise it is
 * missing here, and what is stored in Cassandra is as new.
 */
import type {Redis, RedisCommand} from '../platform/redis.ts'
import {ByteReader} from './bytes.ts'
import {Entity} from './entity.ts'
import {windowSteps} from './levels.ts'
import type {RollupPlan, WindowPlan} from './plan.ts'
import {eventKey, liveKey, markerKey, namedHashKey} from './redis-keys.ts'
import {sumsOf, type WindowTotals} from './step.ts'
import {entryField, stepKey} from './window.ts'

/** What the owner of a partition says. */
export interface Marker {
  readonly run: string
  readonly takeover: number
  /** Everything up to this offset is in Redis, or stored. */
  readonly offset: number
  /** Steps from here on, seconds since 1970, that are not in Redis do not exist. */
  readonly since: number
  /** How long it stands, milliseconds. */
  readonly leftMs: number
}

export interface RowAt {
  readonly partition: number
  readonly key: string
}

/** Fields of a value, and up to which record it counts. */
export interface LiveBody {
  readonly fieldOf: (name: string) => Buffer | undefined
  readonly offset: number
}

/** Steps of one source partition. */
export interface LiveSteps {
  /** Steps that are there, by their starts; their entries are added to the totals. */
  readonly found: ReadonlySet<number>
  /** What is not there does not exist. */
  readonly isWhole: boolean
}

/** What a hash says of an event. */
export interface LiveHash {
  readonly fields: Readonly<Record<string, string>>
  /** It was deleted by this row of the outbox; a raw row of a later one is there again. */
  readonly deletedBy: number | null
}

export interface LiveReads {
  /** By source partition; null where none stands. */
  markers(): Promise<readonly (Marker | null)[]>
  /** Fields of rows as the present run has them; undefined where it does not, null where none stands. */
  rows(
    projection: string,
    fields: readonly string[],
    rows: readonly RowAt[],
  ): Promise<readonly (LiveBody | undefined | null)[]>
  /** Roots, with everything of them that is not stored yet. */
  entities(
    plan: RollupPlan,
    rows: readonly RowAt[],
  ): Promise<readonly (Entity | undefined | null)[]>
  /** An event's hash; undefined when it is not there. */
  event(hashes: string, id: number | string): Promise<LiveHash | undefined>
  /** Adds the steps of a window that ends now; null where no run stands. */
  window(
    plan: WindowPlan,
    nowS: number,
    totals: WindowTotals,
  ): Promise<readonly (LiveSteps | null)[]>
  /** Fields of a hash of counts, by source partition; null where it is not whole. */
  namedHash(name: string): Promise<readonly (ReadonlyMap<string, number> | null)[]>
}

/** Field that says whose a shared hash is. */
export const RUN_FIELD = '\u0000run'

export interface LiveReadsOptions {
  readonly space: string
  readonly stream: string
  /** Of the stream's topic: its number never changes. */
  readonly partitions: number
}

export function createLiveReads(
  redis: Redis,
  {space, stream, partitions}: LiveReadsOptions,
): LiveReads {
  const every = Array.from({length: partitions}, (_, partition) => partition)
  const memory = createStepMemory()
  const askMarker = (partition: number): RedisCommand => [
    'HMGET',
    markerKey(space, stream, partition),
    'run',
    'takeover',
    'offset',
    'since',
  ]

  const readRows: LiveReads['rows'] = async (projection, fields, rows) => {
    if (rows.length === 0) return []
    const places = [...new Set(rows.map(({partition}) => partition))]
    // Markers first: what is read after one is as new as it says, or newer.
    const replies = await redis.pipelineBinary([
      ...places.map(askMarker),
      ...rows.map(({partition, key}): RedisCommand => {
        return ['HMGET', liveKey(space, partition, projection, key), 'run', 'offset', ...fields]
      }),
    ])
    const runs = new Map(
      places.map((partition, i) => [partition, (replies[i] as (Buffer | null)[])[0]?.toString()]),
    )
    return rows.map(({partition}, i) => {
      const [run, offset, ...values] = replies[places.length + i] as readonly (Buffer | null)[]
      const present = runs.get(partition)
      if (present === undefined) return null
      if (run?.toString() !== present) return undefined
      const found = new Map(fields.map((name, at) => [name, values[at] ?? undefined]))
      return {fieldOf: name => found.get(name), offset: Number(offset?.toString())}
    })
  }

  return {
    async markers() {
      const replies = await redis.pipeline(
        every.flatMap(partition => [
          askMarker(partition),
          ['PTTL', markerKey(space, stream, partition)],
        ]),
      )
      return every.map(partition => {
        const fields = replies[2 * partition] as readonly (string | null)[]
        return toMarker(fields, Number(replies[2 * partition + 1]))
      })
    },
    rows: readRows,
    async entities(plan, rows) {
      const found = await readRows(plan.id, Entity.liveFields(plan), rows)
      return found.map(one => one && Entity.decodeLive(plan, one.fieldOf, one.offset))
    },
    async event(hashes, id) {
      const reply = (await redis.send(['HGETALL', eventKey(hashes, id)])) as readonly string[]
      if (reply.length === 0) return undefined
      const fields = Object.fromEntries(pairs(reply))
      const marker = (await redis.send(askMarker(Number(fields['partition'])))) as (string | null)[]
      // Asked last: the hash was its run's when it was read, and that run stands still.
      if (marker[0] === null || marker[0] !== fields['run']) return undefined
      const deletedBy = fields['deleted'] === '1' ? Number(fields['outbox_id']) : null
      return {fields, deletedBy}
    },
    async window(plan, nowS, totals) {
      const steps = windowSteps(nowS, plan.seconds)
      const keys = every.map(partition =>
        steps.map(start => stepKey(space, plan, partition, start)),
      )
      const heads = await redis.pipeline([
        ...every.map(askMarker),
        ...keys.flat().map((key): RedisCommand => ['HMGET', key, 'run', 'offset']),
      ])
      const markers = every.map(partition => toMarker(heads[partition] as (string | null)[], 1))
      const present = every.flatMap(partition =>
        steps.flatMap((start, i) => {
          const [run, offset] = heads[every.length + partition * steps.length + i] as (
            | string
            | null
          )[]
          const isPresent = run !== null && run === markers[partition]?.run
          return isPresent
            ? [{partition, start, key: keys[partition]![i]!, version: `${run} ${offset}`}]
            : []
        }),
      )
      for (const entries of await memory.read(redis, plan.id, present)) {
        for (const [key, bytes] of entries) sumsOf(totals, plan, key).read(new ByteReader(bytes))
      }
      return every.map(partition => {
        const marker = markers[partition]
        if (marker === null || marker === undefined) return null
        const own = present.filter(one => one.partition === partition)
        return {found: new Set(own.map(({start}) => start)), isWhole: marker.since <= steps[0]!}
      })
    },
    async namedHash(name) {
      const replies = await redis.pipeline([
        ...every.map(askMarker),
        ...every.map((partition): RedisCommand => ['HGETALL', namedHashKey(name, partition)]),
      ])
      return every.map(partition => {
        const marker = toMarker(replies[partition] as (string | null)[], 1)
        const fields = new Map(pairs(replies[every.length + partition] as readonly string[]))
        if (marker === null || fields.get(RUN_FIELD) !== marker.run) return null
        fields.delete(RUN_FIELD)
        return new Map([...fields].map(([key, count]) => [key, Number(count)]))
      })
    },
  }
}

function toMarker(fields: readonly (string | null)[], leftMs: number): Marker | null {
  const [run, takeover, offset, since] = fields
  if (run === null || run === undefined || leftMs <= 0) return null
  return {
    run,
    takeover: Number(takeover),
    offset: Number(offset),
    since: since === null ? Number.POSITIVE_INFINITY : Number(since),
    leftMs,
  }
}

function* pairs<T>(flat: readonly T[]): IterableIterator<[T, T]> {
  for (let i = 0; i + 1 < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!]
}

type Entries = ReadonlyMap<string, Buffer>

/** Steps that lie back do not change any more, mostly: they are read again only when their version differs. */
function createStepMemory() {
  const known = new Map<string, Map<string, {version: string; entries: Entries}>>()
  return {
    async read(
      redis: Redis,
      window: string,
      present: readonly {readonly key: string; readonly version: string}[],
    ): Promise<readonly Entries[]> {
      const before = known.get(window) ?? new Map<string, {version: string; entries: Entries}>()
      const changed = present.filter(({key, version}) => before.get(key)?.version !== version)
      const replies = await redis.pipelineBinary(changed.map(({key}) => ['HGETALL', key]))
      const next = new Map<string, {version: string; entries: Entries}>()
      for (const {key} of present) {
        const kept = before.get(key)
        if (kept !== undefined) next.set(key, kept)
      }
      for (const [i, {key}] of changed.entries()) {
        const entries = new Map<string, Buffer>()
        let run = ''
        let offset = ''
        for (const [field, value] of pairs(replies[i] as readonly Buffer[])) {
          const name = field.toString()
          if (name === 'run') run = value.toString()
          else if (name === 'offset') offset = value.toString()
          else if (name.startsWith(ENTRY)) entries.set(name.slice(ENTRY.length), value)
        }
        next.set(key, {version: `${run} ${offset}`, entries})
      }
      known.set(window, next)
      return [...next.values()].map(({entries}) => entries)
    },
  }
}

const ENTRY = entryField('')
