/** Lists by key, windows, and the projections that only some streams have, against SQL. */
import {
  truthOfActive,
  truthOfEvents,
  truthOfRecent,
  truthOfRetention,
  truthOfTop,
  type TruthEvent,
} from '../../db/truth/truth.ts'
import {quote} from '../../platform/sql-names.ts'
import {
  byAge,
  eventsOf,
  eventsOfSlice,
  isInside,
  positionOf,
  type EventPosition,
} from '../../readmodel/event-reads.ts'
import {NULL_KEY, toKeyText} from '../../readmodel/fields.ts'
import {SECONDS_OF} from '../../readmodel/levels.ts'
import {NO_VALUE, OTHER_VALUE} from '../../readmodel/places.ts'
import {ACTIVE} from '../../readmodel/plan.ts'
import type {StoredEvent} from '../../readmodel/raw-table.ts'
import {RECENT_MAX} from '../../readmodel/special/recent.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {
  equalOf,
  figuresEqual,
  WINDOW_ERROR,
  type Compared,
  type Place,
  type Scope,
} from './differences.ts'
import {startsOf, timeName} from './rollups.ts'

type ListPlace = Extract<Place, {kind: 'list'}>

const everyOf = ({partitions}: Compared): readonly number[] =>
  Array.from({length: partitions}, (_, partition) => partition)

/** Where events of a list lie in time. */
const rangeOf = ({stream}: Compared, from: number): TimeRange => ({
  from,
  to: from + SECONDS_OF[stream.filed],
})

/** A stored list, or the part of it that the place is about. */
export async function readList(
  at: Compared,
  {key, from, range}: ListPlace,
): Promise<readonly EventPosition[]> {
  const {plan, sides} = at
  const {reads} = sides[0]
  const found: EventPosition[] = []
  for (const partition of reads.partitionsOf(key)) {
    const question = {partition, key}
    const pages =
      from === null
        ? eventsOfSlice(reads.events, question, null, null)
        : eventsOf(reads.events, question, range ?? rangeOf(at, from))
    for await (const page of pages) found.push(...page.map(event => positionOf(plan, event)))
  }
  return found
}

/** Events that SQL has of a slice, or of a part of it, by the texts of their keys. */
export async function askLists(
  at: Compared,
  {only}: Pick<Scope, 'only'>,
  {from, range}: Pick<ListPlace, 'from' | 'range'>,
): Promise<ReadonlyMap<string, readonly TruthEvent[]>> {
  const {pg, stream, plan} = at
  const limit = Number.MAX_SAFE_INTEGER
  const keyOf = ({event}: TruthEvent): string => toKeyText(plan.keyOf(event))
  if (from !== null) {
    const question = {only, ...(range ?? rangeOf(at, from)), limit}
    return Map.groupBy(await truthOfEvents(pg, stream, question), keyOf)
  }
  const time = stream.columns.find(({field}) => field === stream.timeField)!
  const text = `(${only?.text ?? 'true'}) AND r.${quote(time.column)} IS NULL`
  const untimed = {text, values: only?.values}
  return Map.groupBy(await truthOfEvents(pg, stream, {only: untimed, limit}), keyOf)
}

/** Tells which events only one of them has. The place is the time that these lie in: looked at again, that is enough. */
export function judgeList(
  at: Compared,
  {key, from, range}: ListPlace,
  truth: Awaited<ReturnType<typeof askLists>>,
  stored: readonly EventPosition[],
): void {
  const isWanted = ({at: timeUs}: EventPosition): boolean =>
    range === undefined || isInside(timeUs, range)
  const wanted = (truth.get(key) ?? [])
    .map(({event}) => positionOf(at.plan, {event} as StoredEvent))
    .filter(isWanted)
  const nameOf = ({id, at: timeUs}: EventPosition): string => `${id} ${timeUs}`
  const [inSql, inStore] = [new Set(wanted.map(nameOf)), new Set(stored.map(nameOf))]
  const missing = wanted.filter(event => !inStore.has(nameOf(event)))
  const extra = stored.filter(event => !inSql.has(nameOf(event)))
  if (missing.length + extra.length === 0) return
  const ids = (list: readonly EventPosition[]): string =>
    list
      .toSorted(byAge)
      .map(({id}) => id)
      .join(' ')
  const times = [...missing, ...extra].map(({at: timeUs}) => timeUs / 1e6)
  const narrow =
    from === null
      ? undefined
      : {
          from: times.reduce((a, b) => Math.min(a, Math.floor(b)), Infinity),
          to: times.reduce((a, b) => Math.max(a, Math.floor(b) + 1), -Infinity),
        }
  const moved = new Set(missing.map(({id}) => id))
  const name = key === NULL_KEY ? NO_VALUE : key
  at.report({
    what: `cassandra ${at.stream.name} events of ${name} ${from === null ? 'without a time' : timeName(from)}`,
    expected: ids(missing),
    actual: ids(extra.filter(({id}) => !moved.has(id))),
    place: {kind: 'list', key, from, ...(narrow === undefined ? {} : {range: narrow})},
  })
}

/** Events of each key by time, as lists show them. */
export async function compareLists(at: Compared, scope: Scope): Promise<void> {
  const {stream} = at
  const slices: (number | null)[] = [...(await startsOf(at, stream.filed, scope.only))]
  if (stream.columns.some(({field}) => field === stream.timeField)) slices.push(null)
  for (const from of slices) {
    const truth = await askLists(at, scope, {from})
    for (const key of scope.keys) {
      const place = {kind: 'list', key, from} as const
      judgeList(at, place, truth, await readList(at, place))
    }
  }
}

/** Windows of a stream by their names. */
const windowsOf = ({plan}: Compared) => [...plan.tops, ...plan.actives]

/**
 * Reads windows that end with the step of `nowS`.
 *
 * @param names absent: all of them
 * @returns compares them with what SQL says
 */
export async function readWindows(
  at: Compared,
  nowS: number,
  names?: ReadonlySet<string>,
): Promise<() => Promise<void>> {
  const {pg, stream, plan, sides} = at
  const wanted =
    stream.timeField === null ? [] : windowsOf(at).filter(({id}) => names?.has(id) ?? true)
  const found = await Promise.all(
    sides.flatMap(({where, reads}) =>
      wanted.map(async window => ({
        where,
        window,
        totals: (await reads.window(window, nowS)).totals,
      })),
    ),
  )
  return async () => {
    for (const {where, window, totals} of found) {
      const place = {place: {kind: 'window', window: window.id}} as const
      const top = plan.tops.indexOf(window)
      if (top < 0) {
        const active = stream.active[plan.actives.indexOf(window)]!
        const expected = await truthOfActive(pg, stream, active, {nowS})
        const figures = totals.get('')?.values() ?? {[ACTIVE]: 0}
        figuresEqual(at, window)(`${where} ${window.id}`, {[ACTIVE]: expected}, figures, place)
        continue
      }
      // Beyond so many entries others count together: which ones, the order of their coming decided.
      if (totals.has(OTHER_VALUE)) continue
      const entries = await truthOfTop(pg, stream, stream.top[top]!, {nowS})
      const known = new Map(entries.map(({key, values}) => [key, values]))
      const equal = figuresEqual(at, window, WINDOW_ERROR)
      const nothing = Object.fromEntries(
        window.measures.map(({name, measure}) => [name, measure.kind === 'average' ? null : 0]),
      )
      for (const key of new Set([...known.keys(), ...totals.keys()])) {
        const figures = totals.get(key)?.values() ?? nothing
        equal(`${where} ${window.id} ${key}`, known.get(key) ?? nothing, figures, place)
      }
    }
  }
}

/** Windows that slide: the step of `nowS` and those before it. */
export async function compareWindows(at: Compared, nowS: number): Promise<void> {
  const judge = await readWindows(at, nowS)
  await judge()
}

/**
 * Reads a special projection of keys.
 *
 * @param i its place in the declaration
 * @returns compares it with what SQL says of these keys
 */
export async function readSpecial(
  at: Compared,
  i: number,
  keys: readonly string[],
): Promise<(only: Scope['only']) => Promise<void>> {
  const {pg, stream, sides} = at
  const special = stream.special[i]!
  const {reads} = sides[0]
  const isByKey = special.by === stream.keyField
  const ofKey = async <T>(key: string, read: (partition: number) => Promise<T>): Promise<T[]> =>
    await Promise.all((isByKey ? reads.partitionsOf(key) : everyOf(at)).map(read))
  const equal = (key: string) => equalOf(at, {kind: 'special', special: i, key})
  if (special.kind === 'retention') {
    const stored = new Map<string, ReadonlyMap<string, number>>()
    for (const key of keys) {
      const marks = new Map<string, number>()
      for (const segment of (await ofKey(key, p => reads.retention!.segments(key, p))).flat()) {
        for (const {mark, second, value, count} of segment.marks()) {
          const name = `${mark} ${value} ${second}`
          marks.set(name, (marks.get(name) ?? 0) + count)
        }
      }
      stored.set(key, marks)
    }
    return async only => {
      const all = await truthOfRetention(pg, stream, special, {only})
      const byKey = Map.groupBy(all, ({key}) => key)
      for (const [key, marks] of stored) {
        const expected = new Map(
          (byKey.get(key) ?? []).map(({mark, split, second, count}) => [
            `${mark} ${split ?? NO_VALUE} ${second}`,
            count,
          ]),
        )
        for (const name of new Set([...expected.keys(), ...marks.keys()])) {
          const what = `cassandra ${stream.name} retention ${key} ${name}`
          equal(key)(what, expected.get(name) ?? 0, marks.get(name) ?? 0)
        }
      }
    }
  }
  const stored = new Map(
    await Promise.all(
      keys.map(async key => {
        const lists = await ofKey(key, p => reads.recent!.find(key, p))
        return [key, lists.flatMap(one => one ?? [])] as const
      }),
    ),
  )
  return async only => {
    const all = await truthOfRecent(pg, stream, special, {only})
    const byKey = new Map(all.map(one => [one.key, one]))
    for (const [key, found] of stored) {
      const list = found
        .flatMap(one => one.list)
        .toSorted(byAge)
        .slice(0, RECENT_MAX)
      const {events = 0, list: wanted = []} = byKey.get(key) ?? {}
      const what = `cassandra ${stream.name} recent ${key}`
      const counted = found.reduce((sum, one) => sum + one.events, 0)
      equal(key)(`${what} events`, events, counted)
      const [expected, actual] = [JSON.stringify(wanted), JSON.stringify(list)]
      if (expected === actual) continue
      const isStale = found.some(one => one.isStale)
      const place = {kind: 'special', special: i, key} as const
      at.report({what, expected, actual, place, isStale})
    }
  }
}

/** Retention and recent lists. @param scope as of rollups */
export async function compareSpecials(at: Compared, scope?: Scope): Promise<void> {
  const {pg, stream} = at
  for (const [i, special] of stream.special.entries()) {
    if ((special.by === stream.keyField) !== (scope !== undefined)) continue
    const keysOfAll = async (): Promise<readonly string[]> => {
      const all =
        special.kind === 'retention'
          ? await truthOfRetention(pg, stream, special)
          : await truthOfRecent(pg, stream, special)
      return [...new Set(all.map(({key}) => key))]
    }
    const judge = await readSpecial(at, i, scope?.keys ?? (await keysOfAll()))
    await judge(scope?.only)
  }
}
