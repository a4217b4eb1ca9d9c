/**
 * Typed reads from Redis. A value counts only while it carries the present run of its owner; otherwise it is
 * missing here, and what is stored in Cassandra is as new.
 */
import type {Redis, RedisCommand} from '../platform/redis.ts'
import {ByteReader} from './bytes.ts'
import {Entity} from './entity.ts'
import {windowSteps} from './levels.ts'
import type {StepNames} from './live-store.ts'
import type {RollupPlan, WindowPlan} from './plan.ts'
import type {StoredEvent} from './raw-table.ts'
import {eventKey, liveKey, markerKey, namedHashKey} from './redis-keys.ts'
import {sumsOf, type WindowTotals} from './step.ts'
import {entryField, stepKey} from './window.ts'

/** What the owner of a partition says. */
export interface Marker {
  readonly run: string
  /** Everything up to this offset is in Redis, or stored. */
  readonly offset: number
  /** Steps from here on, seconds since 1970, that are not in Redis do not exist. */
  readonly since: number
  /** Steps that are there, by their windows: one of them that is not was evicted. */
  readonly steps: StepNames
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
  /** It was deleted by this record; a raw row of a later one is there again. */
  readonly deletedBy: RecordPlace | null
}

/** The outbox row of a record, and where it stands in its log. */
type RecordPlace = Pick<StoredEvent, 'outboxId' | 'partition' | 'offset'>

/**
 * Whether a row is newer than what a hash says of its deletion: an event that moved to another partition is
 * put by one owner and deleted by the one before, who may come later. In one partition the log has the order: ids
 * of the outbox go back when the database is restored.
 */
export const outlives = (row: RecordPlace, deletedBy: RecordPlace): boolean =>
  row.partition === deletedBy.partition
    ? row.offset > deletedBy.offset
    : row.outboxId > deletedBy.outboxId

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
    'offset',
    'since',
    'steps',
  ]

  /** Markers first: what is read after one is as new as it says, or newer. */
  const readUnder = async (
    places: readonly number[],
    commands: readonly RedisCommand[],
  ): Promise<{
    readonly markerOf: (partition: number) => Marker | null
    readonly replies: readonly unknown[]
  }> => {
    const replies = await redis.pipelineBinary([...places.map(askMarker), ...commands])
    const markers = new Map(places.map((partition, i) => [partition, toMarker(replies[i])]))
    const markerOf = (partition: number): Marker | null => markers.get(partition) ?? null
    return {markerOf, replies: replies.slice(places.length)}
  }

  const readRows: LiveReads['rows'] = async (projection, fields, rows) => {
    if (rows.length === 0) return []
    const {markerOf, replies} = await readUnder(
      [...new Set(rows.map(({partition}) => partition))],
      rows.map(({partition, key}) => {
        return ['HMGET', liveKey(space, partition, projection, key), 'run', 'offset', ...fields]
      }),
    )
    return rows.map(({partition}, i) => {
      const [run, offset, ...values] = replies[i] as readonly (Buffer | null)[]
      const marker = markerOf(partition)
      if (marker === null) return null
      if (run?.toString() !== marker.run) return undefined
      const found = new Map(fields.map((name, at) => [name, values[at] ?? undefined]))
      return {fieldOf: name => found.get(name), offset: Number(offset?.toString())}
    })
  }

  return {
    async markers() {
      const {markerOf} = await readUnder(every, [])
      return every.map(markerOf)
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
      const marker = toMarker(await redis.send(askMarker(Number(fields['partition']))))
      // Asked last: the hash was its run's when it was read, and that run stands still.
      if (marker === null || marker.run !== fields['run']) return undefined
      const numberOf = (name: string): number => Number(fields[name])
      const by = {
        outboxId: numberOf('outbox_id'),
        partition: numberOf('partition'),
        offset: numberOf('src_offset'),
      }
      const deletedBy = fields['deleted'] === '1' ? by : null
      return {fields, deletedBy}
    },
    async window(plan, nowS, totals) {
      const steps = windowSteps(nowS, plan.seconds)
      const asked = every.flatMap(partition =>
        steps.map(start => ({partition, start, key: stepKey(space, plan, partition, start)})),
      )
      const {markerOf, replies} = await readUnder(
        every,
        asked.map(({key}) => ['HMGET', key, 'run', 'offset']),
      )
      const present = asked.flatMap((step, i) => {
        const [run, offset] = (replies[i] as readonly (Buffer | null)[]).map(String)
        const isPresent = run === markerOf(step.partition)?.run
        return isPresent ? [{...step, run: run!, version: `${run} ${offset}`}] : []
      })
      const read = await memory.read(redis, plan.id, present)
      for (const entries of read.values()) {
        for (const [key, bytes] of entries) sumsOf(totals, plan, key).read(new ByteReader(bytes))
      }
      return every.map(partition => {
        const marker = markerOf(partition)
        if (marker === null) return null
        const own = present.filter(one => one.partition === partition && read.has(one.key))
        const found = new Set(own.map(({start}) => start))
        const named = (marker.steps[plan.id] ?? []).filter(start => steps.includes(start))
        const isEvicted = named.some(start => !found.has(start))
        return {found, isWhole: marker.since <= steps[0]! && !isEvicted}
      })
    },
    async namedHash(name) {
      const {markerOf, replies} = await readUnder(
        every,
        every.map(partition => ['HGETALL', namedHashKey(name, partition)]),
      )
      return every.map((partition, i) => {
        const marker = markerOf(partition)
        const fields = new Map(pairs((replies[i] as readonly Buffer[]).map(String)))
        if (marker === null || fields.get(RUN_FIELD) !== marker.run) return null
        fields.delete(RUN_FIELD)
        return new Map([...fields].map(([key, count]) => [key, Number(count)]))
      })
    },
  }
}

function toMarker(reply: unknown): Marker | null {
  const fields = reply as readonly (Buffer | string | null)[]
  const [run, offset, since, steps] = fields.map(field => field?.toString())
  if (run === undefined) return null
  return {
    run,
    offset: Number(offset),
    since: since === undefined ? Number.POSITIVE_INFINITY : Number(since),
    steps: steps === undefined ? {} : (JSON.parse(steps) as StepNames),
  }
}

function* pairs<T>(flat: readonly T[]): IterableIterator<[T, T]> {
  for (let i = 0; i + 1 < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!]
}

type Entries = ReadonlyMap<string, Buffer>
type KnownSteps = Map<string, {readonly version: string; readonly entries: Entries}>

/** Steps that lie back do not change any more, mostly: they are read again only when their version differs. */
function createStepMemory() {
  const known = new Map<string, KnownSteps>()
  return {
    /** By key; what has gone since it was found is not among them. */
    async read(
      redis: Redis,
      window: string,
      present: readonly {readonly key: string; readonly run: string; readonly version: string}[],
    ): Promise<ReadonlyMap<string, Entries>> {
      const before: KnownSteps = known.get(window) ?? new Map()
      const changed = present.filter(({key, version}) => before.get(key)?.version !== version)
      const replies = await redis.pipelineBinary(changed.map(({key}) => ['HGETALL', key]))
      const next: KnownSteps = new Map()
      for (const {key} of present) {
        const kept = before.get(key)
        if (kept !== undefined) next.set(key, kept)
      }
      for (const [i, {key, run: wanted}] of changed.entries()) {
        const entries = new Map<string, Buffer>()
        let run = ''
        let offset = ''
        for (const [field, value] of pairs(replies[i] as readonly Buffer[])) {
          const name = field.toString()
          if (name === 'run') run = value.toString()
          else if (name === 'offset') offset = value.toString()
          else if (name.startsWith(ENTRY)) entries.set(name.slice(ENTRY.length), value)
        }
        if (run === wanted) next.set(key, {version: `${run} ${offset}`, entries})
        else next.delete(key)
      }
      known.set(window, next)
      return new Map([...next].map(([key, {entries}]) => [key, entries]))
    },
  }
}

const ENTRY = entryField('')
