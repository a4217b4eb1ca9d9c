/** The newest events of a thing: what a user did last. */
import {toName} from '../../contracts/cql-names.ts'
import type {Special, Stream} from '../../contracts/stream.ts'
import {toNumber, type Cassandra} from '../../platform/cassandra.ts'
import {placed} from '../batches.ts'
import {markOfAggregate, offsetOfWritetime, timestampBytes} from '../fence.ts'
import {
  byAge,
  eventsOf,
  patientSource,
  type EventPosition,
  type EventSource,
} from '../event-reads.ts'
import {getterOf, toKeyText, type Fields} from '../fields.ts'
import {US_PER_SECOND} from '../levels.ts'
import type {LiveReads, RowAt} from '../live-reads.ts'
import type {StreamPlan} from '../plan.ts'
import type {Projection, StaleBucket} from '../projection.ts'
import {liveKey} from '../redis-keys.ts'
import {loadEach, type StateTable} from '../rows.ts'
import {shardOf, totalSlice} from '../slices.ts'

/** Events that a row keeps. */
export const RECENT_MAX = 20
/** Of a long text so many characters are shown. */
export const SHOWN_CHARACTERS_MAX = 256
const LIVE_TTL_S = 900

export interface RecentEvent {
  readonly id: number | string
  /** Microseconds since 1970. */
  readonly at: number
  readonly shown: Readonly<Record<string, unknown>>
}

/** What happened to a list while it is computed again. */
interface Meanwhile {
  /** As it was when that began. */
  readonly floor: EventPosition | null
  readonly removed: Set<number | string>
  /** Events that came and are older than what the list is sure of. */
  readonly came: Map<number | string, RecentEvent>
}

export class Recent {
  events = 0
  list: readonly RecentEvent[] = []
  /** Older events are missing in the list, and belong into it; null: none are. */
  floor: EventPosition | null = null
  /** Records up to this offset are included. */
  guard = -1
  #meanwhile: Meanwhile | null = null

  /** @param body what `toJSON` wrote */
  static decode(body: string, events: number, guard: number): Recent {
    const {list, floor} = JSON.parse(body) as Pick<Recent, 'list' | 'floor'>
    return Object.assign(new Recent(), {list, floor, events, guard})
  }

  get isStale(): boolean {
    return this.floor !== null
  }

  put(event: RecentEvent): void {
    // Whether it belongs into the list depends on what was pushed out: that is stored, and so is this.
    if (this.floor !== null && byAge(this.floor, event) < 0) {
      this.#meanwhile?.came.set(event.id, event)
      return
    }
    const others = this.list.filter(({id}) => id !== event.id)
    this.list = [...others, event].toSorted(byAge).slice(0, RECENT_MAX)
    if (this.list.length === RECENT_MAX) this.floor = null
  }

  remove(id: number | string): void {
    this.#meanwhile?.removed.add(id)
    this.#meanwhile?.came.delete(id)
    const kept = this.list.filter(one => one.id !== id)
    if (kept.length === this.list.length) return
    // What was pushed out is older than everything in a full list.
    const isFull = this.list.length === RECENT_MAX
    const last = this.list.at(-1)!
    if (isFull) this.floor = {at: last.at, id: last.id}
    this.list = kept
  }

  clear(): void {
    this.list = []
    this.floor = null
  }

  /** From now on what happens is noted, until `endMending`. */
  beginMending(): void {
    this.#meanwhile = {floor: this.floor, removed: new Set(), came: new Map()}
  }

  /**
   * Takes over what is stored.
   *
   * @param found the newest of what is stored up to the floor, newest first, as it was at some moment since
   *   the mending was begun
   * @param isAll false: there may be older ones
   * @returns false when the list is stale still
   */
  complete(found: readonly RecentEvent[], isAll: boolean): boolean {
    const {floor, removed, came} = this.#meanwhile!
    // Full in between: what was pushed out then was not looked for.
    if (this.floor !== floor) return !this.isStale
    const present = found.filter(({id}) => !removed.has(id))
    const last = found.at(-1)
    const isCut = !isAll && present.length < found.length && last !== undefined
    // Fewer than were looked for are left: sure is what is not older than the last one.
    this.floor = isCut ? {at: last.at, id: last.id} : null
    for (const event of [...present, ...came.values()]) this.put(event)
    return !this.isStale
  }

  endMending(): void {
    this.#meanwhile = null
  }

  toJSON(): string {
    const {list, floor} = this
    return JSON.stringify({list, floor})
  }
}

function recentOf(stream: Stream): Extract<Special, {kind: 'recent'}> {
  return stream.special.find(special => special.kind === 'recent')!
}
const columnOf = (stream: Stream): string => toName(recentOf(stream).by)
const idOf = (stream: Stream): string => `${columnOf(stream).replace(/_id$/, '')}_recent`

export const recentTable = (stream: Stream): string =>
  `CREATE TABLE IF NOT EXISTS ${idOf(stream)} (
  src_partition int, slice text, ${columnOf(stream)} text, events bigint, recent text,
  PRIMARY KEY ((src_partition, slice), ${columnOf(stream)}))
  WITH compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}`

export interface RecentTable extends StateTable<Recent> {
  find(key: string, partition: number): Promise<Recent | null>
}

export function createRecentTable(cassandra: Cassandra, stream: Stream): RecentTable {
  const id = idOf(stream)
  const insert = `INSERT INTO ${id} (src_partition, slice, ${columnOf(stream)}, events, recent)
    VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
  const select = `SELECT events, recent, writetime(recent) AS written FROM ${id}
    WHERE src_partition = ? AND slice = ? AND ${columnOf(stream)} = ?`
  const find: RecentTable['find'] = async (key, partition) => {
    const [row] = await cassandra.rows(select, [partition, totalSlice(shardOf(key)), key])
    if (row === undefined) return null
    const guard = offsetOfWritetime(row['written'])
    return Recent.decode(row['recent'] as string, toNumber(row['events']), guard)
  }
  return {
    find,
    load: (keys, partition) => loadEach(keys, key => find(key, partition)),
    encode(key, state, {partition, offset}) {
      const slice = totalSlice(shardOf(key))
      const timestamp = timestampBytes(offset, markOfAggregate(state.isStale ? 1 : 0))
      const params = [partition, slice, key, state.events, state.toJSON(), timestamp]
      return {
        parts: [],
        before: [],
        rows: [placed(`${id}/${partition}/${slice}`, insert, params)],
        commit: () => undefined,
      }
    },
  }
}

export interface RecentView {
  readonly recent: Recent
  /** As Redis has it. */
  readonly isLive: boolean
}

/** The list of a thing: as Redis has it, or as it is stored. */
export async function readRecent(
  stream: Stream,
  {live, table}: {readonly live: Pick<LiveReads, 'rows'>; readonly table: RecentTable},
  {key, partition}: RowAt,
): Promise<RecentView | null> {
  const [row] = await live.rows(idOf(stream), ['body', 'events'], [{partition, key}])
  const [body, events] = [row?.fieldOf('body'), row?.fieldOf('events')]
  if (body === undefined) {
    const stored = await table.find(key, partition)
    return stored && {recent: stored, isLive: false}
  }
  const recent = Recent.decode(body.toString(), Number(events?.toString()), row!.offset)
  return {recent, isLive: true}
}

const shorten = (value: unknown): unknown =>
  typeof value === 'string' ? value.slice(0, SHOWN_CHARACTERS_MAX) : value

/** What the list shows of an event; null when it has no time. */
export function toRecent(plan: StreamPlan, event: Fields): RecentEvent | null {
  const at = plan.timeOf(event)
  if (at === null) return null
  const shown = recentOf(plan.stream).show.map(name => [name, shorten(getterOf(name)(event))])
  return {id: plan.idOf(event), at, shown: Object.fromEntries(shown)}
}

const STALE: readonly StaleBucket[] = [{level: 'total', start: 0}]

export interface RecentStores {
  readonly table: RecentTable
  readonly source: EventSource
  readonly space: string
}

export function createRecent(
  plan: StreamPlan,
  {table, source, space}: RecentStores,
): Projection<Recent> {
  const {stream} = plan
  const getKey = getterOf(recentOf(stream).by)
  return {
    id: idOf(stream),
    keysOf(event) {
      const key = getKey(event)
      return key === null ? [] : [toKeyText(key)]
    },
    create: () => new Recent(),
    apply(state, event, offset) {
      if (offset <= state.guard) return false
      state.events += 1
      const recent = toRecent(plan, event)
      if (recent !== null) state.put(recent)
      return true
    },
    retract(state, event, offset) {
      if (offset <= state.guard) return false
      state.events -= 1
      state.remove(plan.idOf(event))
      if (state.events === 0) state.clear()
      return true
    },
    staleOf: state => (state.isStale ? STALE : []),
    mend(state, {key, partition, foldedOffset}) {
      const {floor} = state
      if (floor === null) return null
      if (state.guard > foldedOffset()) return 'early'
      const found: RecentEvent[] = []
      let isAll = true
      state.beginMending()
      return {
        async collect(patient) {
          found.length = 0
          isAll = true
          const range = {
            from: Number.MIN_SAFE_INTEGER,
            to: Math.floor(floor.at / US_PER_SECOND) + 1,
          }
          const own = patientSource(source, patient)
          for await (const page of eventsOf(own, {partition, key}, range)) {
            found.push(...page.flatMap(({event}) => toRecent(plan, event) ?? []))
            isAll = found.length < RECENT_MAX
            if (!isAll) break
          }
          return []
        },
        adopt: () => state.complete(found, isAll),
        end: () => state.endMending(),
      }
    },
    bytesOf: state => 300 + state.list.length * 160,
    table,
    liveOf(key, state, {partition}) {
      const fields = ['body', state.toJSON(), 'events', String(state.events)]
      const name = liveKey(space, partition, idOf(stream), key)
      return [{key: name, ttlS: LIVE_TTL_S, fields, isWhole: true}]
    },
  }
}
