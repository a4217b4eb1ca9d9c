/**
 * Single events against SQL: raw rows with what they show, hashes in Redis, lists by key, windows, and the
 * projections that only some streams have.
 */
import {partitionFor} from '../../contracts/partition.ts'
import type {SqlCondition, TruthEvent} from '../../db/truth/truth.ts'
import {
  truthOfActive,
  truthOfEvents,
  truthOfRecent,
  truthOfRetention,
  truthOfTop,
} from '../../db/truth/truth.ts'
import {quote, quoteTable} from '../../db/truth/values.ts'
import {fromCql} from '../../readmodel/cql-columns.ts'
import {createEventHash} from '../../readmodel/event-hash.ts'
import {byAge, eventsOf, eventsOfSlice, positionOf} from '../../readmodel/event-reads.ts'
import {NULL_KEY, textOf, toKeyText, type Fields} from '../../readmodel/fields.ts'
import {SECONDS_OF} from '../../readmodel/levels.ts'
import {NO_VALUE, OTHER_VALUE} from '../../readmodel/places.ts'
import {ACTIVE} from '../../readmodel/plan.ts'
import {outlives} from '../../readmodel/live-reads.ts'
import type {StoredEvent} from '../../readmodel/raw-table.ts'
import {planShown} from '../../readmodel/shown.ts'
import {RECENT_MAX} from '../../readmodel/special/recent.ts'
import {equalOf, figuresEqual, WINDOW_ERROR, type Compared, type Scope} from './differences.ts'
import {startsOf} from './rollups.ts'

const ROWS_AT_ONCE = 500

/** Rows of the table by their ids, all of them or some, in pages. */
async function* pagesOf(
  {pg, stream}: Compared,
  only: SqlCondition = {text: 'true'},
): AsyncIterable<readonly TruthEvent[]> {
  const id = `r.${quote(stream.idColumn)}`
  const given = only.values ?? []
  for (let after: readonly string[] = []; ;) {
    const isAfter = after.length === 0 ? 'true' : `${id} > $${given.length + 1}`
    const {rows} = await pg.query<{id: string}>(
      `SELECT ${id}::text AS id FROM ${quoteTable(stream.table)} r
       WHERE (${only.text}) AND ${isAfter} ORDER BY ${id} LIMIT ${ROWS_AT_ONCE}`,
      [...given, ...after],
    )
    if (rows.length === 0) return
    const values = [rows.map(row => row.id)]
    const page = {only: {text: `${id} = ANY($1)`, values}, limit: ROWS_AT_ONCE}
    yield await truthOfEvents(pg, stream, page)
    after = [rows.at(-1)!.id]
  }
}

/** JSON apart from spaces. */
const comparable = (kind: string, value: unknown): unknown =>
  kind === 'json' && typeof value === 'string' ? JSON.stringify(JSON.parse(value)) : (value ?? null)

/** Raw rows, what they show, and hashes. */
export async function compareRaw(at: Compared, only?: SqlCondition): Promise<void> {
  const {stream, plan, partitions, live, sides} = at
  const {raw} = sides[0].reads
  const equal = equalOf(at)
  const shown = planShown(stream)
  const hash = createEventHash(plan, shown)
  const compareHash = async (what: string, stored: StoredEvent): Promise<void> => {
    const found = await live.event(stream.hashes!, plan.idOf(stored.event))
    if (found === undefined) return
    const {fields, deletedBy} = found
    if (deletedBy !== null && outlives(stored, deletedBy)) return
    const texts = hash.valuesOf({...stored, kind: 'put'}, {...stored, run: fields['run']!})
    for (const [i, name] of hash.fields.entries()) {
      // Written at another moment, or by another record that changed nothing else.
      if (name === 'processed_at' || name === 'src_offset') continue
      equal(`redis ${what} ${name}`, texts[i] ?? null, fields[name] ?? null)
    }
  }
  const compareEvent = async ({event, id}: TruthEvent, stored: StoredEvent | null) => {
    const what = `${stream.name} event ${id}`
    if (stored === null) return equal(`raw ${what}`, 'a row', 'nothing')
    for (const {field, kind} of stream.columns) {
      const expected = comparable(kind, event[field])
      equal(`raw ${what} ${field}`, expected, comparable(kind, stored.event[field]))
    }
    // What references said when the row was written, the row alone says.
    const values = shown.valuesOf(event, () => stored.shown)
    for (const [name, value] of Object.entries(values)) {
      equal(`raw ${what} ${name}`, value, stored.shown[name])
    }
    if (stream.hashes !== null) await compareHash(what, stored)
  }
  for await (const events of pagesOf(at, only)) {
    const places = Map.groupBy(events, ({event, id}) =>
      partitionFor(plan.keyOf(event), textOf(id), partitions),
    )
    for (const [partition, own] of places) {
      const rows = await raw.read(
        own.map(({id}) => id),
        partition,
      )
      await Promise.all(own.map((event, i) => compareEvent(event, rows[i]!)))
    }
  }
}

/** Raw rows without a row of the table, or beside the partition that their key says. */
export async function compareStrayRows(at: Compared): Promise<void> {
  const {stream, plan, partitions, pg, cassandra} = at
  const {idField} = stream
  const {kind} = stream.columns.find(({field}) => field === idField)!
  const query = `SELECT src_partition, ${idField} FROM ${stream.rawTable}`
  for await (const page of cassandra.pages(query, [], ROWS_AT_ONCE)) {
    const rows = page.map(row => ({id: fromCql(kind, row[idField]), at: row['src_partition']}))
    const only = {
      text: `r.${quote(stream.idColumn)} = ANY($1)`,
      values: [rows.map(({id}) => id)],
    }
    const events = await truthOfEvents(pg, stream, {only, limit: ROWS_AT_ONCE})
    const places = new Map(
      events.map(({id, event}) => [
        id as unknown,
        partitionFor(plan.keyOf(event), textOf(id), partitions),
      ]),
    )
    const equal = equalOf(at)
    for (const {id, at: partition} of rows) {
      const what = `raw ${stream.name} event ${textOf(id)} in partition`
      equal(what, places.get(id) ?? 'none', partition)
    }
  }
}

/** Events of each key by time, as lists show them. */
export async function compareLists(at: Compared, {keys, only}: Scope): Promise<void> {
  const {pg, stream, plan, sides} = at
  const {reads} = sides[0]
  const equal = equalOf(at)
  const size = SECONDS_OF[stream.filed]
  const keyOf = (event: Fields): string => toKeyText(plan.keyOf(event))
  const compareList = async (
    label: string,
    events: readonly TruthEvent[],
    read: (question: {partition: number; key: string}) => AsyncIterable<readonly StoredEvent[]>,
  ): Promise<void> => {
    const expected = Map.groupBy(events, ({event}) => keyOf(event))
    for (const key of keys) {
      const found: StoredEvent[] = []
      for (const partition of reads.partitionsOf(key)) {
        for await (const page of read({partition, key})) found.push(...page)
      }
      const ids = (list: readonly Fields[]): string =>
        list
          .map(event => positionOf(plan, {event} as StoredEvent))
          .toSorted(byAge)
          .map(({id}) => id)
          .join(' ')
      const name = key === NULL_KEY ? NO_VALUE : key
      const wanted = ids((expected.get(key) ?? []).map(({event}) => event))
      equal(
        `cassandra ${stream.name} events of ${name} ${label}`,
        wanted,
        ids(found.map(({event}) => event)),
      )
    }
  }
  const limit = Number.MAX_SAFE_INTEGER
  for (const from of await startsOf(at, stream.filed, only)) {
    const range = {from, to: from + size}
    const events = await truthOfEvents(pg, stream, {only, ...range, limit})
    const label = new Date(from * 1000).toISOString()
    await compareList(label, events, question => eventsOf(reads.events, question, range))
  }
  const time = stream.columns.find(({field}) => field === stream.timeField)
  if (time === undefined) return
  const untimed = {
    text: `(${only?.text ?? 'true'}) AND r.${quote(time.column)} IS NULL`,
    values: only?.values,
  }
  const events = await truthOfEvents(pg, stream, {only: untimed, limit})
  await compareList('without a time', events, question =>
    eventsOfSlice(reads.events, question, null, null),
  )
}

/** Windows that slide: the step of `nowS` and those before it. */
export async function compareWindows(at: Compared, nowS: number): Promise<void> {
  const {pg, stream, plan, sides} = at
  if (stream.timeField === null) return
  for (const {where, reads} of sides) {
    for (const [i, window] of plan.tops.entries()) {
      const {totals} = await reads.window(window, nowS)
      // Beyond so many entries others count together: which ones, the order of their coming decided.
      if (totals.has(OTHER_VALUE)) continue
      const entries = await truthOfTop(pg, stream, stream.top[i]!, {nowS})
      const truth = new Map(entries.map(({key, values}) => [key, values]))
      const equal = figuresEqual(at, window, WINDOW_ERROR)
      const nothing = Object.fromEntries(
        window.measures.map(({name, measure}) => [name, measure.kind === 'average' ? null : 0]),
      )
      for (const key of new Set([...truth.keys(), ...totals.keys()])) {
        const found = totals.get(key)?.values() ?? nothing
        equal(`${where} ${window.id} ${key}`, truth.get(key) ?? nothing, found)
      }
    }
    for (const [i, window] of plan.actives.entries()) {
      const expected = await truthOfActive(pg, stream, stream.active[i]!, {nowS})
      const {totals} = await reads.window(window, nowS)
      const found = totals.get('')?.values() ?? {[ACTIVE]: 0}
      figuresEqual(at, window)(`${where} ${window.id}`, {[ACTIVE]: expected}, found)
    }
  }
}

/** Retention and recent lists. @param scope as of rollups */
export async function compareSpecials(at: Compared, scope?: Scope): Promise<void> {
  const {pg, stream, sides} = at
  const {reads} = sides[0]
  const equal = equalOf(at)
  const only = scope?.only
  for (const special of stream.special) {
    const isByKey = special.by === stream.keyField
    if (isByKey !== (scope !== undefined)) continue
    const every = Array.from({length: at.partitions}, (_, partition) => partition)
    const ofKey = async <T>(key: string, read: (partition: number) => Promise<T>): Promise<T[]> =>
      await Promise.all((isByKey ? reads.partitionsOf(key) : every).map(read))
    if (special.kind === 'retention') {
      const truth = Map.groupBy(await truthOfRetention(pg, stream, special, {only}), ({key}) => key)
      for (const key of scope?.keys ?? truth.keys()) {
        const marks = new Map<string, number>()
        for (const segment of (await ofKey(key, p => reads.retention!.segments(key, p))).flat()) {
          for (const {mark, second, value, count} of segment.marks()) {
            const name = `${mark} ${value} ${second}`
            marks.set(name, (marks.get(name) ?? 0) + count)
          }
        }
        const expected = new Map(
          (truth.get(key) ?? []).map(({mark, split, second, count}) => [
            `${mark} ${split ?? NO_VALUE} ${second}`,
            count,
          ]),
        )
        for (const name of new Set([...expected.keys(), ...marks.keys()])) {
          const what = `cassandra ${stream.name} retention ${key} ${name}`
          equal(what, expected.get(name) ?? 0, marks.get(name) ?? 0)
        }
      }
    } else {
      const truth = new Map(
        (await truthOfRecent(pg, stream, special, {only})).map(one => [one.key, one]),
      )
      for (const key of scope?.keys ?? truth.keys()) {
        const found = (await ofKey(key, p => reads.recent!.find(key, p))).flatMap(one => one ?? [])
        const list = found
          .flatMap(one => one.list)
          .toSorted(byAge)
          .slice(0, RECENT_MAX)
        const {events = 0, list: wanted = []} = truth.get(key) ?? {}
        const what = `cassandra ${stream.name} recent ${key}`
        equal(
          `${what} events`,
          events,
          found.reduce((sum, one) => sum + one.events, 0),
        )
        equal(what, JSON.stringify(wanted), JSON.stringify(list))
      }
    }
  }
}
