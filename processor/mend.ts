/** Computes stale parts of rows again, many at a time, beside the live stream. */
import {LEVELS} from '../contracts/stream.ts'
import {messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import {retry} from '../platform/retry.ts'
import {eventsOfSlice, patientSource, type EventSource} from '../readmodel/event-reads.ts'
import type {Mending, Patient, Projection, StaleRow} from '../readmodel/projection.ts'
import type {ProcessorConfig} from './config.ts'
import {loopOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'
import {nameOfStale} from './stale-list.ts'
import {isLoaded, isOverBudget, type LoadedRow, type Row} from './state-cache.ts'

const LOOK_AGAIN_MS = 500
/** Parts that wait together for what was folded before them to be durable. */
const PARTS_MAX = 200
/** Parts whose stored rows are read at the same time. */
const READERS = 8
/** A read that fails so often is left for later: others are not kept waiting. */
const READ_ATTEMPTS = 3
/** What is corrected all the time is computed ever more seldom, down to one in so many. */
const AGAIN_FACTOR_MAX = 64
/** A part waits so many times longer than for its first repetition until what it is made of is right. */
const OVERDUE_FACTOR = 60

/**
 * `fresh`: it was not stale. `again`: something was taken out meanwhile, or what it is made of is stale; the value is
 * better than before and still stale. `early`: it would include what is not folded yet. `failed`: it could not
 * be read.
 */
export type Mended = 'done' | 'again' | 'fresh' | 'early' | 'failed'

/** A part that is being computed again. */
interface Begun {
  readonly part: StaleRow
  readonly row: LoadedRow
  readonly mending: Mending
}

export interface MendOptions {
  readonly source: EventSource
  readonly signal: AbortSignal
  readonly onFailed: (part: StaleRow, error: unknown) => void
}

/** Mends stale parts, and takes those from the list that are not stale any more. */
export async function mendParts(
  {state, between, progress, patience}: OwnerShared,
  parts: readonly StaleRow[],
  {source, signal, onFailed}: MendOptions,
): Promise<ReadonlyMap<StaleRow, Mended>> {
  const {cache, stale, partition} = state
  const outcomes = new Map<StaleRow, Mended>()
  const patient: Patient = read => retry(read, {...patience(signal), attempts: READ_ATTEMPTS})

  const load = async (rows: ReadonlyMap<StaleRow, Row>): Promise<void> => {
    if (rows.values().some(row => !isLoaded(row))) await cache.load()
    for (;;) {
      const lacking = new Set<LoadedRow>()
      for (const [part, row] of rows) {
        const {projection, state: own} = row as LoadedRow
        if (projection.want?.(own, part) === false) lacking.add(row as LoadedRow)
      }
      if (lacking.size === 0) return
      await cache.loadInside(lacking)
    }
  }

  /** Synchronous: what a record takes out before the next turn makes it stale again. */
  const begin = (part: StaleRow, row: LoadedRow): readonly Begun[] => {
    const foldedOffset = (): number => state.foldedOffset
    const unfoldedOffset = (): number => state.unfoldedOffset
    const at = {...part, partition, foldedOffset, unfoldedOffset}
    const mending = row.projection.mend!(row.state, at)
    if (mending === 'early') {
      outcomes.set(part, 'early')
      return []
    }
    if (mending === null) {
      outcomes.set(part, 'fresh')
      stale.remove(part)
      // An earlier owner's late write has mended it: Redis may have what was stored before.
      cache.touchLive(row)
      return []
    }
    // Before anything else runs: what it belongs to must not be evicted.
    row.isPinned = true
    row.isRecounted ||= mending.isRecount === true
    return [{part, row, mending}]
  }

  /** What fails is left for later, alone. */
  const attempt = async (all: readonly Begun[], work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      signal.throwIfAborted()
      for (const {part} of all) {
        onFailed(part, error)
        outcomes.set(part, 'failed')
      }
    }
  }

  const adopt = ({part, row, mending}: Begun): void => {
    // A successor may have written what was read: nothing is saved before it is known that there is none.
    state.registerReads += 1
    const isDone = mending.adopt()
    // What is stale still was taken out by a record, and is written with it: at one offset two rows in which
    // as much is stale must not differ.
    if (isDone) {
      stale.remove(part)
      cache.touch(row)
    }
    outcomes.set(part, isDone ? 'done' : 'again')
  }

  const collect = async (one: Begun): Promise<void> => {
    const {part, mending} = one
    const below = await mending.collect(patient)
    for (const bucket of below ?? []) stale.add({...part, ...bucket})
    if (below === null) outcomes.set(part, 'early')
    else if (mending.scan === undefined) adopt(one)
    // The bucket is not folded twice for longer than it must be.
    if (outcomes.has(part)) mending.end()
  }

  /** One slice for all parts that look for events in it. */
  const scan = async (slice: number | null, all: readonly Begun[]): Promise<void> => {
    const wanted = new Map<Projection, Map<string, Begun[]>>()
    for (const [projection, some] of Map.groupBy(all, ({row}) => row.projection)) {
      wanted.set(
        projection,
        Map.groupBy(some, ({part}) => part.key),
      )
    }
    const own = patientSource(source, patient)
    for await (const page of eventsOfSlice(own, {partition, key: null}, slice, null)) {
      for (const {event, offset} of page) {
        for (const [projection, byKey] of wanted) {
          for (const key of projection.keysOf(event)) {
            for (const {mending} of byKey.get(key) ?? []) mending.scan!.add(event, offset)
          }
        }
      }
    }
  }

  const scanAll = async (all: readonly Begun[]): Promise<void> => {
    const slices = new Set(all.flatMap(({mending}) => mending.scan!.slices))
    for (const slice of slices) {
      const own = all.filter(
        ({part, mending}) => !outcomes.has(part) && mending.scan!.slices.includes(slice),
      )
      await attempt(own, () => scan(slice, own))
    }
    for (const one of all) if (!outcomes.has(one.part)) adopt(one)
  }

  const begun = await between.run(async () => {
    const rows = new Map<StaleRow, Row>()
    for (const part of parts) {
      const projection = cache.projection(part.projection)
      if (projection?.mend !== undefined) rows.set(part, cache.rowAt(projection, part.key))
      else stale.remove(part)
    }
    await load(rows)
    const all = [...rows].flatMap(([part, row]) => begin(part, row as LoadedRow))
    return {offset: state.foldedOffset, all}
  })
  if (begun.all.length === 0) return outcomes
  try {
    await progress.until(() => state.durableOffset >= begun.offset, signal)
    const waiting = begun.all.values()
    const reader = async (): Promise<void> => {
      for (const one of waiting) await attempt([one], () => collect(one))
    }
    await Promise.all(Array.from({length: READERS}, reader))
    await scanAll(begun.all.filter(({part}) => !outcomes.has(part)))
    return outcomes
  } finally {
    for (const {mending, row} of begun.all) {
      mending.end()
      row.isPinned = false
      row.isRecounted = false
    }
  }
}

const orderOf = ({level}: StaleRow): number => LEVELS.findIndex(one => one === level)
const rowOfPart = ({projection, key}: StaleRow): string => `${projection} ${key}`

export function createMender(
  shared: OwnerShared,
  deps: OwnerDeps,
  {mendAgainMs}: Pick<ProcessorConfig, 'mendAgainMs'>,
): Loop {
  const {state, progress, between} = shared
  const {stream} = deps.stores.plan
  const labels = {stream: stream.name, partition: String(state.partition)}
  /** When a part may be tried again, milliseconds. */
  const notBefore = new Map<string, {readonly atMs: number; readonly delayMs: number}>()
  const dueMs = (part: StaleRow): number => notBefore.get(nameOfStale(part))?.atMs ?? 0

  /** Parts of the next batch at most: fewer after one that failed, so that what it failed by is found. */
  let most = PARTS_MAX

  /** Since when parts wait that are not the finest ones of their rows, milliseconds. */
  const waitingMs = new Map<string, number>()

  /**
   * The oldest ones, of each row the finest level that waits: minutes before hours, days before totals. Minutes of a
   * row that is corrected all the time never end: what is made of them has its turn all the same.
   */
  const next = (): readonly StaleRow[] => {
    const nowMs = deps.now()
    const finest = new Map<string, number>()
    for (const part of state.stale) {
      const row = rowOfPart(part)
      finest.set(row, Math.min(finest.get(row) ?? Number.POSITIVE_INFINITY, orderOf(part)))
    }
    const isOverdue = (part: StaleRow): boolean => {
      const name = nameOfStale(part)
      const sinceMs = waitingMs.get(name) ?? nowMs
      waitingMs.set(name, sinceMs)
      return nowMs - sinceMs > OVERDUE_FACTOR * mendAgainMs
    }
    const isNext = (part: StaleRow): boolean =>
      dueMs(part) <= nowMs && (orderOf(part) === finest.get(rowOfPart(part)) || isOverdue(part))
    return [...state.stale].filter(isNext).slice(0, most)
  }

  const waitMs = (): number => {
    let earliest = Number.POSITIVE_INFINITY
    for (const part of state.stale) earliest = Math.min(earliest, dueMs(part))
    return Math.max(1, Math.min(LOOK_AGAIN_MS, earliest - deps.now()))
  }

  const note = (part: StaleRow, outcome: Mended): void => {
    const name = nameOfStale(part)
    waitingMs.delete(name)
    if (outcome === 'done' || outcome === 'fresh') return void notBefore.delete(name)
    const delayMs = Math.min(
      AGAIN_FACTOR_MAX * mendAgainMs,
      2 * (notBefore.get(name)?.delayMs ?? mendAgainMs / 2),
    )
    notBefore.set(name, {atMs: deps.now() + delayMs, delayMs})
  }

  const onFailed = (part: StaleRow, error: unknown): void =>
    deps.log.warn({...part, reason: messageOf(error)}, 'not mended yet')

  const readMissing = async (): Promise<void> => {
    const at = state.stale.missing
    if (at === undefined) return
    const {topic, partition} = state
    state.stale.loaded(at, await deps.staleRows.read({topic, partition, at}))
  }

  return loopOf('mending', state, async signal => {
    if (state.foldedOffset + 1 < state.staleEnd) return await progress.wait(LOOK_AGAIN_MS, signal)
    let parts: readonly StaleRow[] = []
    try {
      await readMissing()
      parts = next()
      deps.metrics.staleParts.set(labels, state.stale.size)
      if (parts.length === 0) return await progress.wait(waitMs(), signal)
      const outcomes = await mendParts(shared, parts, {source: deps.stores, signal, onFailed})
      for (const [part, outcome] of outcomes) note(part, outcome)
      const done = [...outcomes.values()].filter(outcome => outcome === 'done').length
      deps.metrics.mended.inc({stream: stream.name}, done)
      most = Math.min(PARTS_MAX, 2 * most)
      if (isOverBudget(deps.budget)) await between.run(async () => void state.cache.evict())
    } catch (error) {
      signal.throwIfAborted()
      most = 1
      if (parts.length === 1) note(parts[0]!, 'failed')
      deps.log.warn({reason: messageOf(error)}, 'mending waits for a store')
      await pause(mendAgainMs, signal)
    }
  })
}
