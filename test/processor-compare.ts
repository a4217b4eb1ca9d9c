/** What readers get of the model's stores, against the source rows. */
import type {TimeLevel} from '../contracts/stream.ts'
import {Bucket} from '../readmodel/bucket.ts'
import {byAge, eventsOf, eventsOfSlice, positionOf} from '../readmodel/event-reads.ts'
import type {Fields} from '../readmodel/fields.ts'
import {NULL_KEY, toKeyText} from '../readmodel/fields.ts'
import {SECONDS_OF, startOf, stepOf, windowSteps} from '../readmodel/levels.ts'
import {createLiveReads, outlives, type LiveReads} from '../readmodel/live-reads.ts'
import {createPartReader} from '../readmodel/parts.ts'
import {Places, splitTextOf} from '../readmodel/places.ts'
import {planStream, type RollupPlan, type StatesPlan} from '../readmodel/plan.ts'
import {keyOfTexts} from '../readmodel/rollup-table.ts'
import {toRecent} from '../readmodel/special/recent.ts'
import {MARKS, marksOf} from '../readmodel/special/retention.ts'
import {
  createStreamReads,
  piecesOfTotal,
  type Piece,
  type StreamReads,
} from '../readmodel/stream-reads.ts'
import {Tally} from '../readmodel/tally.ts'
import {connectTo} from './fakes/cassandra.ts'
import {connectToRedis} from './fakes/redis.ts'
import {model, type ModelRow} from './model-stream.ts'
import {FIRST_ID, type History} from './processor-history.ts'
import type {World} from './processor-world.ts'

const PARTITIONS = 1

/** Redis as if it were away. */
export const NOTHING_LIVE: LiveReads = {
  markers: async () => [null],
  rows: async (_projection, _fields, rows) => rows.map(() => undefined),
  entities: async (_plan, rows) => rows.map(() => undefined),
  event: async () => undefined,
  window: async () => [null],
  namedHash: async () => [null],
}

/** Numbers of every combination of split values. */
export function figuresOf(plan: StatesPlan, pieces: readonly Piece[]): Record<string, unknown> {
  const combinations = new Set(
    pieces.flatMap(({bucket, valuesOf}) => bucket.places.map(place => valuesOf(place).join())),
  )
  const figures: Record<string, unknown> = {}
  for (const combination of [...combinations].toSorted()) {
    const tally = new Tally(plan)
    for (const {bucket, valuesOf} of pieces) {
      tally.add(bucket, valuesOf, values => values.join() === combination)
    }
    const values = tally.values()
    // Combinations that nothing is left of are not there.
    if (values['events'] !== 0) figures[combination] = values
  }
  return figures
}

export const plan = planStream(model)

/** Measures that something taken out leaves as they are until they are mended. */
const MENDED_LATER: ReadonlySet<string> = new Set(['least', 'most', 'values', 'last'])

/** As JSON, without what may have to be mended. */
export const exactText = (value: unknown): string | undefined =>
  JSON.stringify(value, (name, member: unknown) => (MENDED_LATER.has(name) ? undefined : member))

export function expectedOf(rollup: RollupPlan, rows: readonly ModelRow[]): Record<string, unknown> {
  const places = new Places(rollup.reserved)
  const bucket = new Bucket(rollup, 0)
  for (const [i, row] of rows.entries()) {
    plan.inputs.read(row, {timeUs: row.at, id: row.id})
    bucket.apply(places.admit(rollup.splitsOf(row)), plan.inputs, i)
  }
  return figuresOf(rollup, [{bucket, valuesOf: place => places.valuesOf(place)}])
}

/** Of all events that a history may have. */
const IDS = Array.from({length: 400}, (_, i) => FIRST_ID + i)

type Check = (what: string, found: unknown, wanted: unknown) => void

async function compareRollup(
  reads: StreamReads,
  rollup: RollupPlan,
  rows: readonly ModelRow[],
  check: Check,
): Promise<void> {
  const of = reads.rollup(rollup)
  const groups = Map.groupBy(rows, row => keyOfTexts(rollup.keyOf(row)))
  const stored: string[] = []
  for await (const page of of.all()) stored.push(...page.map(({key}) => key))
  const keys = new Set([...groups.keys(), ...stored])
  const views = await of.entities([...keys])
  for (const key of keys) {
    const own = groups.get(key) ?? []
    const view = views.get(key)
    const pieces = view === undefined ? [] : piecesOfTotal(view)
    check(`${rollup.id} ${key} total`, figuresOf(rollup, pieces), expectedOf(rollup, own))
    for (const level of rollup.levels) {
      const timed = own.filter(({at}) => at !== null)
      const byStart = Map.groupBy(timed, ({at}) => startOf(level, Math.floor(at! / 1e6)))
      const all = rows.flatMap(({at}) => (at === null ? [] : [Math.floor(at / 1e6)]))
      const range = {from: Math.min(...all, 0), to: Math.max(...all, 0) + SECONDS_OF[level]}
      if (all.length > 0) range.from = startOf(level, Math.min(...all))
      const buckets =
        view === undefined ? [] : await of.buckets(view, level, wide(level, range), {})
      const found = new Map(buckets.map(({start, pieces: some}) => [start, some]))
      for (const start of new Set([...byStart.keys(), ...found.keys()])) {
        check(
          `${rollup.id} ${key} ${level} ${start}`,
          figuresOf(rollup, found.get(start) ?? []),
          expectedOf(rollup, byStart.get(start) ?? []),
        )
      }
    }
  }
}

/** Hours more on either side: what was moved away from there must not be there. */
const wide = (level: TimeLevel, {from, to}: {from: number; to: number}) => ({
  from: startOf(level, from - 5 * 3600),
  to: to + 5 * 3600,
})

async function compareWindows(
  reads: StreamReads,
  rows: readonly ModelRow[],
  check: Check,
): Promise<void> {
  const nowS = Math.floor(Date.now() / 1000)
  for (const window of [...plan.tops, ...plan.actives]) {
    const {totals} = await reads.window(window, nowS)
    const steps = new Set(windowSteps(nowS, window.seconds))
    const inside = rows.filter(
      row => row.at !== null && steps.has(stepOf(row.at)) && window.keyOf(row) !== null,
    )
    const groups = Map.groupBy(inside, row => window.keyOf(row)!)
    for (const key of new Set([...totals.keys(), ...groups.keys()])) {
      const own = groups.get(key) ?? []
      const values = new Set(own.flatMap(({value}) => value ?? []))
      const wanted =
        window.by === null
          ? {active: values.size}
          : {
              events: own.length,
              total: own.reduce((sum, {value}) => sum + (value ?? 0), 0),
              values: values.size,
            }
      const none = window.by === null ? {active: 0} : {events: 0, total: 0, values: 0}
      check(`${window.id} ${key}`, totals.get(key)?.values() ?? none, wanted)
    }
  }
}

async function compareSpecials(
  reads: StreamReads,
  rows: readonly ModelRow[],
  check: Check,
): Promise<void> {
  for (const content of ['c0', 'c1', 'c2']) {
    const own = rows.filter(row => row.content === content)
    const marks = new Map<string, number>()
    const add = (name: string, count: number): void => {
      marks.set(name, (marks.get(name) ?? 0) + count)
    }
    for (const {value, position, status} of own) {
      for (const {mark, second} of marksOf(value, position)) {
        add(`${mark} ${second} ${splitTextOf(status)}`, 1)
      }
    }
    const found = new Map<string, number>()
    for (const segment of await reads.retention!.segments(content, 0)) {
      for (const {mark, second, value, count} of segment.marks()) {
        if (count !== 0) found.set(`${mark} ${second} ${value}`, count)
      }
    }
    check(`retention ${content} (${MARKS.length})`, byName(found), byName(marks))
    const recent = await reads.recent!.find(content, 0)
    const newest = own
      .flatMap(row => toRecent(plan, row) ?? [])
      .toSorted(byAge)
      .slice(0, 20)
    check(`recent ${content}`, recent?.list ?? [], newest)
    check(`recent events ${content}`, recent?.events ?? 0, own.length)
  }
}

async function compareEvents(
  reads: StreamReads,
  rows: ReadonlyMap<number, ModelRow>,
  check: Check,
): Promise<void> {
  const columns = (event: Fields | undefined): unknown =>
    event && model.columns.map(({field}) => event[field] ?? null)
  for (const [i, row] of (await reads.raw.read(IDS, 0)).entries()) {
    const id = IDS[i]!
    check(`raw row ${id}`, columns(row?.event), columns(rows.get(id)))
  }
  const all = [...rows.values()]
  const times = all.flatMap(({at}) => (at === null ? [] : [Math.floor(at / 1e6)]))
  times.push(times[0] ?? 0)
  const range = {from: Math.min(...times) - 86_400, to: Math.max(...times) + 86_400}
  for (const content of ['c0', 'c1', 'c2', null]) {
    const key = content === null ? NULL_KEY : toKeyText(content)
    const question = {partition: 0, key}
    const found: unknown[] = []
    for await (const page of eventsOf(reads.events, question, range)) {
      found.push(...page.map(event => positionOf(plan, event)))
    }
    const own = all.filter(row => row.content === content)
    const wanted = own.flatMap(({at, id}) => (at === null ? [] : [{at, id}])).toSorted(byAge)
    check(`events of ${content}`, found, wanted)
    const untimed: unknown[] = []
    for await (const page of eventsOfSlice(reads.events, question, null, null)) {
      untimed.push(...page.map(({event}) => event['id']))
    }
    check(
      `events without a time of ${content}`,
      (untimed as number[]).toSorted((a, b) => a - b),
      own
        .filter(({at}) => at === null)
        .map(({id}) => id)
        .toSorted((a, b) => a - b),
    )
  }
}

async function compareLive(
  {live, raw}: StreamReads,
  rows: ReadonlyMap<number, ModelRow>,
  check: Check,
): Promise<void> {
  for (const id of IDS) {
    const hash = await live.event('model:event', id)
    // What Redis does not know is looked up in Cassandra; what it says is believed.
    if (hash === undefined) continue
    const {fields, deletedBy} = hash
    const [stored] = await raw.read([id], 0)
    if (
      deletedBy !== null &&
      stored !== null &&
      stored !== undefined &&
      outlives(stored, deletedBy)
    )
      continue
    const row = rows.get(id)
    check(
      `hash ${id}`,
      deletedBy === null ? [fields['content'] ?? null, fields['value'] ?? null] : null,
      row === undefined ? null : [row.content, row.value === null ? null : String(row.value)],
    )
  }
  const [statuses] = await live.namedHash('model_statuses')
  const counts = new Map<string, number>()
  for (const {status} of rows.values()) {
    const key = toKeyText(status)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  if (statuses === null || statuses === undefined) return
  const left = [...statuses].filter(([, count]) => count !== 0)
  check('named hash', byName(left), byName(counts))
}

const byName = (counts: Iterable<[string, number]>) =>
  [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Compares aggregates, windows, raw rows, lists and Redis with the source rows, up to the first that differ. */
export function createComparison(world: World, history: History): () => Promise<readonly string[]> {
  const rows = [...history.rows.values()]
  const cassandra = connectTo(world.cassandra)
  const reader = createPartReader(cassandra)
  const options = {space: world.space, stream: model.name, partitions: PARTITIONS}
  const live = createLiveReads(connectToRedis(world.redis), options)
  const stored = createStreamReads(plan, {
    cassandra,
    live: NOTHING_LIVE,
    parts: reader,
    partitions: PARTITIONS,
  })
  const both = createStreamReads(plan, {
    cassandra,
    live,
    parts: reader,
    partitions: PARTITIONS,
  })
  return async () => {
    const differences: string[] = []
    const checkOf =
      (where: string): Check =>
      (what, found, wanted) => {
        const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
        if (a === b) return
        const kind = exactText(found) === exactText(wanted) ? 'not mended' : 'wrong'
        differences.push(`${where} ${kind}: ${what}: ${a} not ${b}`)
      }
    const [ofStored, ofBoth] = [checkOf('Cassandra'), checkOf('Redis')]
    const compareMarker = async (): Promise<void> => {
      const [marker] = await live.markers()
      const isThere = (marker?.offset ?? -1) >= history.log.length - 1
      if (!isThere) differences.push(`Redis is believed up to ${marker?.offset ?? 'nothing'}`)
    }
    const parts = [
      ...plan.rollups.map(rollup => () => compareRollup(stored, rollup, rows, ofStored)),
      () => compareWindows(stored, rows, ofStored),
      () => compareSpecials(stored, rows, ofStored),
      () => compareEvents(stored, history.rows, ofStored),
      compareMarker,
      ...plan.rollups.map(rollup => () => compareRollup(both, rollup, rows, ofBoth)),
      () => compareWindows(both, rows, ofBoth),
      () => compareLive(both, history.rows, ofBoth),
    ]
    for (const compare of parts) {
      await compare()
      if (differences.length > 0) break
    }
    return differences
  }
}
