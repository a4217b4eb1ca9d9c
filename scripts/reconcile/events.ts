/** Lists by key, windows, and the projections that only some streams have, against SQL. */
import {
  truthOfActive,
  truthOfEvents,
  truthOfRecent,
  truthOfRetention,
  truthOfTop,
  type TruthEvent,
} from '../../db/truth/truth.ts'
import {quote} from '../../db/truth/values.ts'
import {byAge, eventsOf, eventsOfSlice, positionOf} from '../../readmodel/event-reads.ts'
import {NULL_KEY, toKeyText, type Fields} from '../../readmodel/fields.ts'
import {SECONDS_OF} from '../../readmodel/levels.ts'
import {NO_VALUE, OTHER_VALUE} from '../../readmodel/places.ts'
import {ACTIVE} from '../../readmodel/plan.ts'
import type {StoredEvent} from '../../readmodel/raw-table.ts'
import {RECENT_MAX} from '../../readmodel/special/recent.ts'
import {equalOf, figuresEqual, WINDOW_ERROR, type Compared, type Scope} from './differences.ts'
import {startsOf, timeName} from './rollups.ts'

/** Ids as lists show them. */
function idsOf(plan: Compared['plan'], list: readonly Fields[]): string {
  const places = list.map(event => positionOf(plan, {event} as StoredEvent))
  return places
    .toSorted(byAge)
    .map(({id}) => id)
    .join(' ')
}

const everyOf = ({partitions}: Compared): readonly number[] =>
  Array.from({length: partitions}, (_, partition) => partition)

/** A stored list. @param from of its slice of time; null: events without a time */
export async function readList(at: Compared, key: string, from: number | null): Promise<string> {
  const {plan, stream, sides} = at
  const {reads} = sides[0]
  const found: Fields[] = []
  for (const partition of reads.partitionsOf(key)) {
    const question = {partition, key}
    const range = {from: from ?? 0, to: (from ?? 0) + SECONDS_OF[stream.filed]}
    const pages =
      from === null
        ? eventsOfSlice(reads.events, question, null, null)
        : eventsOf(reads.events, question, range)
    for await (const page of pages) found.push(...page.map(({event}) => event))
  }
  return idsOf(plan, found)
}

/** Events that SQL has of a slice, by the texts of their keys. */
export async function askLists(
  {pg, stream, plan}: Compared,
  {only}: Pick<Scope, 'only'>,
  from: number | null,
): Promise<ReadonlyMap<string, readonly TruthEvent[]>> {
  const limit = Number.MAX_SAFE_INTEGER
  const keyOf = ({event}: TruthEvent): string => toKeyText(plan.keyOf(event))
  if (from !== null) {
    const range = {from, to: from + SECONDS_OF[stream.filed]}
    return Map.groupBy(await truthOfEvents(pg, stream, {only, ...range, limit}), keyOf)
  }
  const time = stream.columns.find(({field}) => field === stream.timeField)!
  const text = `(${only?.text ?? 'true'}) AND r.${quote(time.column)} IS NULL`
  const untimed = {text, values: only?.values}
  return Map.groupBy(await truthOfEvents(pg, stream, {only: untimed, limit}), keyOf)
}

export function judgeList(
  at: Compared,
  {key, from}: {readonly key: string; readonly from: number | null},
  truth: Awaited<ReturnType<typeof askLists>>,
  stored: string,
): void {
  const wanted = (truth.get(key) ?? []).map(({event}) => event)
  const name = key === NULL_KEY ? NO_VALUE : key
  const label = from === null ? 'without a time' : timeName(from)
  const equal = equalOf(at, {kind: 'list', key, from})
  equal(`cassandra ${at.stream.name} events of ${name} ${label}`, idsOf(at.plan, wanted), stored)
}

/** Events of each key by time, as lists show them. */
export async function compareLists(at: Compared, scope: Scope): Promise<void> {
  const {stream} = at
  const slices: (number | null)[] = [...(await startsOf(at, stream.filed, scope.only))]
  if (stream.columns.some(({field}) => field === stream.timeField)) slices.push(null)
  for (const from of slices) {
    const truth = await askLists(at, scope, from)
    for (const key of scope.keys) {
      judgeList(at, {key, from}, truth, await readList(at, key, from))
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
