/** Aggregates, retention, raw rows and Redis totals of contents against SQL. */
import {EVENT_TYPES, type EventType} from '../../contracts/engagement.ts'
import {
  readContentIdsWithoutEvents,
  readTruthEvents,
  readTruthMarks,
  readTruthRows,
  type TruthCell,
  type TruthEvent,
  type TruthGranularity,
  type TruthRow,
} from '../../db/truth.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import {createContentReads, type ContentReads} from '../../readmodel/content-reads.ts'
import {
  BUCKET_STRIDE,
  cellOf,
  typeIndexOf,
  type ContentState,
} from '../../readmodel/content-state.ts'
import {deviceKeyOf} from '../../readmodel/devices.ts'
import {eventsOfSlice, scanEvents} from '../../readmodel/event-scan.ts'
import {createEventStore, type StoredEvent} from '../../readmodel/event-store.ts'
import {engagementPct, engagementSeconds} from '../../readmodel/events.ts'
import {BOUNDS} from '../../readmodel/histogram.ts'
import {createLiveReads} from '../../readmodel/live-reads.ts'
import {SECONDS_MAX} from '../../readmodel/retention-state.ts'
import {
  compareCounts,
  Differences,
  toJson,
  type Difference,
  type OracleDeps,
} from './differences.ts'

const GRANULARITIES: readonly TruthGranularity[] = ['total', 'day', 'hour', 'minute']
const cellName = (device: string, type: EventType): string => `${device} ${type}`

interface ExpectedCell extends Omit<TruthCell, 'device'> {
  readonly device: string
}

/** Devices as breakdowns name them: those that share a name add up. */
function toExpectedCells(cells: readonly TruthCell[]): ReadonlyMap<string, ExpectedCell> {
  const merged = new Map<string, ExpectedCell>()
  for (const cell of cells) {
    const device = deviceKeyOf(cell.device)
    const name = cellName(device, cell.type)
    const known = merged.get(name)
    if (known === undefined) {
      merged.set(name, {...cell, device})
      continue
    }
    const buckets = new Map(known.buckets)
    for (const [bucket, count] of cell.buckets) {
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + count)
    }
    merged.set(name, {
      ...known,
      events: known.events + cell.events,
      timed: known.timed + cell.timed,
      durationMs: known.durationMs + cell.durationMs,
      first: Math.min(known.first, cell.first),
      last: Math.max(known.last, cell.last),
      // Users of both are not told apart here: bounds are checked on the whole row.
      users: Number.NaN,
      buckets,
    })
  }
  return merged
}

const NOTHING: Omit<ExpectedCell, 'device' | 'type'> = {
  events: 0,
  timed: 0,
  durationMs: 0,
  first: Number.POSITIVE_INFINITY,
  last: Number.NEGATIVE_INFINITY,
  users: 0,
  buckets: new Map(),
}

interface Aspects {
  /** Rows in Redis come without viewers, rows of the platform without viewers and bounds. */
  readonly viewers: boolean
  readonly bounds: boolean
}

function compareState(
  differences: Differences,
  what: string,
  expected: {readonly cells: readonly TruthCell[]; readonly users: number},
  {state, viewers, bounds}: {readonly state: ContentState} & Aspects,
): void {
  const cells = toExpectedCells(expected.cells)
  const histograms = new Map<number, Map<number, number>>()
  for (const [key, count] of state.histogram) {
    const cell = Math.floor(key / BUCKET_STRIDE)
    const histogram = histograms.get(cell) ?? new Map<number, number>()
    histogram.set(key % BUCKET_STRIDE, count)
    histograms.set(cell, histogram)
  }
  const seen = new Set<string>()
  for (const [device, name] of state.devices.entries()) {
    for (const type of EVENT_TYPES) {
      const cell = cellOf(device, typeIndexOf(type))
      const label = `${what} ${cellName(name, type)}`
      const truth = cells.get(cellName(name, type)) ?? NOTHING
      seen.add(cellName(name, type))
      differences.equal(`${label} events`, truth.events, state.events(cell))
      differences.equal(`${label} events_with_duration`, truth.timed, state.timed(cell))
      differences.equal(`${label} duration_ms`, truth.durationMs, state.durationMs(cell))
      const histogram = toText(histograms.get(cell) ?? new Map())
      differences.equal(`${label} histogram`, toText(truth.buckets), histogram)
      if (bounds) {
        differences.equal(`${label} first`, truth.first, state.first[cell])
        differences.equal(`${label} last`, truth.last, state.last[cell])
      }
      if (viewers && !Number.isNaN(truth.users)) {
        const sketch = state.viewers.unionOf(candidate => candidate === cell)
        differences.users(label, truth.users, sketch.estimate())
      }
    }
  }
  for (const name of cells.keys()) {
    if (!seen.has(name)) differences.equal(`${what} ${name}`, 'events', 'no such cell')
  }
  if (viewers) differences.users(what, expected.users, state.viewers.estimate())
  differences.equal(`${what} stale`, false, state.stale)
}

const toText = (counts: ReadonlyMap<number, number>): string =>
  JSON.stringify([...counts].filter(([, n]) => n !== 0).toSorted(([a], [b]) => a - b))

/** Aggregates, retention, raw rows and Redis totals of contents. */
export async function compareContents(
  deps: OracleDeps,
  contentIds: readonly string[],
): Promise<readonly Difference[]> {
  const differences = new Differences()
  const reads = createContentReads(deps.cassandra, deps.partitions)
  for (const granularity of GRANULARITIES) {
    const rows = await readTruthRows(deps.pg, {contentIds, granularity, bounds: BOUNDS})
    for (const contentId of contentIds) {
      const ofContent = rows.filter(row => row.contentId === contentId)
      await compareSeries(differences, reads, {contentId, granularity, rows: ofContent})
      if (granularity === 'total') await compareLiveTotals(differences, deps, contentId, ofContent)
    }
  }
  for (const contentId of contentIds) {
    await compareRetention(differences, deps, {reads, contentId})
    await compareRawEvents(differences, deps, contentId)
  }
  return differences.list
}

/** Contents that are stored, while every event of theirs is gone: what is left has to be zero. */
export async function compareGoneContents(deps: OracleDeps): Promise<readonly Difference[]> {
  const found: Difference[] = []
  const reads = createContentReads(deps.cassandra, deps.partitions)
  for await (const page of reads.allTotals({viewers: false})) {
    const ids = page.map(({contentId}) => contentId)
    found.push(...(await compareContents(deps, await readContentIdsWithoutEvents(deps.pg, ids))))
  }
  return found
}

async function compareSeries(
  differences: Differences,
  reads: ContentReads,
  {
    contentId,
    granularity,
    rows,
  }: {contentId: string; granularity: TruthGranularity; rows: readonly TruthRow[]},
): Promise<void> {
  const label = `cassandra ${contentId} ${granularity}`
  const stored = new Map<number, ContentState>()
  if (granularity === 'total') {
    const totals = await reads.totals(contentId)
    if (totals !== null) stored.set(0, totals.state)
  } else {
    for (const range of rangesOf(rows)) {
      for (const {start, state} of await reads.series(contentId, granularity, range)) {
        stored.set(start, state)
      }
    }
  }
  const expected = new Map(rows.map(row => [row.start, row]))
  for (const start of new Set([...expected.keys(), ...stored.keys()])) {
    const truth = expected.get(start) ?? {cells: [], users: 0}
    const state = stored.get(start)
    const what = `${label} ${new Date(start * 1000).toISOString()}`
    if (state === undefined) differences.equal(what, 'a row', 'nothing')
    else compareState(differences, what, truth, {state, viewers: true, bounds: true})
  }
}

/** Days around every bucket: rows that should not be there are looked for beside those that should. */
function rangesOf(rows: readonly TruthRow[]): ReadonlyArray<{from: number; to: number}> {
  const day = 86_400
  const days = new Set(rows.map(({start}) => Math.floor(start / day) * day))
  return [...days].map(from => ({from, to: from + day}))
}

async function compareLiveTotals(
  differences: Differences,
  {redis, partitions}: OracleDeps,
  contentId: string,
  [truth]: readonly TruthRow[],
): Promise<void> {
  const what = `redis ${contentId}`
  const totals = (await createLiveReads(redis, partitions).totals([contentId])).get(contentId)
  if (totals === undefined) return differences.equal(what, 'a lease', 'none stands')
  if (totals === 'unknown') {
    return differences.equal(what, truth === undefined ? 'unknown' : 'totals', 'unknown')
  }
  const expected = truth ?? {cells: [], users: 0}
  compareState(differences, what, expected, {state: totals.state, viewers: false, bounds: true})
  differences.users(what, expected.users, totals.uniqueViewers)
}

async function compareRetention(
  differences: Differences,
  {pg}: OracleDeps,
  {reads, contentId}: {reads: ContentReads; contentId: string},
): Promise<void> {
  const toLine = (mark: string, type: string, second: number): string => `${mark} ${type} ${second}`
  const expected = new Map(
    (await readTruthMarks(pg, contentId, SECONDS_MAX)).map(row => [
      toLine(row.mark, row.type, row.second),
      row.count,
    ]),
  )
  const actual = new Map<string, number>()
  for (const segment of await reads.retention(contentId)) {
    for (const {mark, type, second, count} of segment.marks()) {
      actual.set(toLine(mark, EVENT_TYPES[type]!, second), count)
    }
  }
  compareCounts(differences, `retention ${contentId}`, {expected, actual})
}

/** Raw rows and event hashes; derived values are those of the length that the row keeps. */
export async function compareRawEvents(
  differences: Differences,
  deps: OracleDeps,
  contentId: string | null,
): Promise<void> {
  const events = await readTruthEvents(deps.pg, contentId)
  const store = createEventStore(deps.cassandra)
  const live = createLiveReads(deps.redis, deps.partitions)
  for (const event of events) {
    const what = `raw row of event ${event.event_id}`
    const stored = await store.find(event)
    if (stored === null) {
      differences.equal(what, 'a row', 'nothing')
      continue
    }
    compareEvent(differences, what, event, stored)
    const hash = await live.event(event.event_id)
    if (hash !== null) compareHash(differences, stored, hash)
  }
  const found = new Set<number>()
  for await (const page of rawRowsOf(deps.cassandra, contentId, events)) {
    for (const {event_id} of page) found.add(event_id)
  }
  const label = `raw rows of ${contentId ?? 'no content'}`
  const ids = (list: Iterable<number>): string => [...list].toSorted((a, b) => a - b).join(' ')
  differences.equal(label, ids(events.map(event => event.event_id)), ids(found))
}

function rawRowsOf(
  cassandra: Cassandra,
  contentId: string | null,
  events: readonly TruthEvent[],
): AsyncIterable<readonly StoredEvent[]> {
  const seconds = events.map(event => Math.floor(event.event_ts / 1_000_000))
  const from = seconds.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const to = seconds.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) + 1
  if (contentId !== null && from < to) return scanEvents(cassandra, contentId, {from, to})
  const slices = new Set(seconds.map(second => Math.floor(second / 600) * 600))
  return (async function* () {
    for (const slice of slices) yield* eventsOfSlice(cassandra, contentId, slice)
  })()
}

function compareEvent(
  differences: Differences,
  what: string,
  expected: TruthEvent,
  actual: StoredEvent,
): void {
  for (const name of Object.keys(expected) as readonly (keyof TruthEvent)[]) {
    if (name === 'raw_payload') continue
    differences.equal(`${what} ${name}`, expected[name], actual[name])
  }
  differences.equal(`${what} raw_payload`, toJson(expected.raw_payload), toJson(actual.raw_payload))
  const seconds = engagementSeconds(expected.duration_ms)
  const pct = engagementPct(expected.duration_ms, actual.length_seconds)
  differences.equal(`${what} engagement_seconds`, seconds, actual.engagement_seconds)
  differences.equal(`${what} engagement_pct`, pct, actual.engagement_pct)
}

function compareHash(
  differences: Differences,
  stored: StoredEvent,
  hash: Readonly<Record<string, string>>,
): void {
  const what = `redis event ${stored.event_id}`
  const names = [
    'event_id',
    'content_id',
    'user_id',
    'event_type',
    'duration_ms',
    'device',
    'raw_payload',
    'content_type',
    'length_seconds',
    'engagement_seconds',
    'engagement_pct',
    'outbox_id',
  ] as const
  for (const name of names) {
    const value = stored[name]
    differences.equal(`${what} ${name}`, value === null ? undefined : String(value), hash[name])
  }
}
