/**
 * Keeps one partition's keys in Redis: group commit, lease, seeding.
 *
 * Guarantees    INV-37 (live-lease.ts), INV-46, INV-38: after a loss every key is written again before
 *               readers believe the partition.
 * Does not      hold back Cassandra for longer than its patience: without Redis the partition goes on.
 */
import {dispositionOf, messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import {retry, retryDelayMs} from '../platform/retry.ts'
import type {ProcessorConfig} from './config.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import type {QueuedLiveEvent} from './partition-state.ts'
import type {LiveRow} from './projections/projection.ts'
import type {Row} from './state-cache.ts'

/** Corrections of one partition that are kept for Redis while it is away. */
const CORRECTIONS_MAX = 100_000
/** Calls while seeding: giving up means to begin again with the first row. */
const SEED_ATTEMPTS = 5

/** Calls that together bring Redis to an offset; what becomes due meanwhile belongs to the next round. */
interface Round {
  readonly offset: number
  /** That of its beginning: a value recomputed under a later one may not be among its rows. */
  readonly generation: number
  readonly rows: number
  readonly events: number
}

export function createLiveWriter<SourceRow, Event, Derived>(
  {state, lease, work, progress, awaited}: OwnerShared<Event, Derived>,
  {stream, slices, metrics, log, now}: OwnerDeps<SourceRow, Event, Derived>,
  config: ProcessorConfig,
): Loop {
  const {live, aggregates} = stream.stores
  const backoff = {firstDelayMs: config.retryMs, maxDelayMs: 20 * config.retryMs}
  const name = {topic: state.topic, partition: state.partition}
  const labels = {stream: stream.fold.stream.name}
  let runId = ''
  /** True while our own lease must still be there. */
  let renew = false
  /** What was due when the present round began. When it is sent, Redis has everything up to `offset`. */
  let round: Round | undefined
  /** Up to where an adopted lease has every effect; what was seeded has all of them. */
  let adoptedOffset = Number.POSITIVE_INFINITY
  let first = true
  let shownOffset = state.foldedOffset

  const send = async (
    rows: readonly LiveRow[],
    events: readonly QueuedLiveEvent<Event, Derived>[],
    lasts: {
      readonly offset: number
      readonly generation: number
      readonly leaseUntilMs: number
      readonly extendUntilMs: number
    },
  ): Promise<boolean> => {
    const {offset, generation, leaseUntilMs, extendUntilMs} = lasts
    lease.asking(Math.max(leaseUntilMs, extendUntilMs))
    const fence = {partition: state.partition, offset, generation}
    const outcome = await live.flush({
      fence,
      events,
      rows,
      leaseUntilMs,
      extendUntilMs,
      renew,
      runId,
    })
    if (outcome === 'awaited') awaited.note()
    return outcome !== 'lost'
  }

  /** Of what was not shown before: a patch or a repetition is old by nature. */
  const noteFreshness = (events: readonly QueuedLiveEvent<Event, Derived>[]): void => {
    const oldest = events.find(({offset}) => offset > shownOffset)
    if (oldest === undefined) return
    shownOffset = Math.max(shownOffset, events.at(-1)!.offset)
    const seconds = now() / 1000 - oldest.createdAt / 1e6
    metrics.freshness.observe({...labels, store: 'redis'}, seconds)
  }

  /** Sends what is due, at most one call's worth. False when Redis has to be seeded. */
  const flushSome = async (withLease: boolean): Promise<boolean> => {
    await slices.next()
    if (state.replayedCorrection > adoptedOffset) return false
    if (!withLease) round = undefined
    round ??= {
      offset: Math.max(state.foldedOffset, lease.appliedOffset),
      generation: state.ownership.generation,
      rows: state.cache.liveDirtyCount,
      events: state.liveEvents.length,
    }
    const {offset, generation} = round
    const taken = state.cache.takeLiveDirty(config.liveRowsMax)
    const events = state.liveEvents.splice(0, config.liveEventsMax)
    state.liveTaken = events
    // What becomes due meanwhile stands behind: with a backlog there would be no last call ever.
    const isLast = round.rows <= taken.length && round.events <= events.length
    const untilMs = withLease ? now() + config.liveLeaseMs : 0
    const leaseUntilMs = isLast ? untilMs : 0
    // A long round must not outlast the lease that stands: what that says stays true.
    const extendUntilMs = !isLast && renew ? untilMs : 0
    const putBack = (): void => {
      state.cache.restoreLiveDirty(taken)
      state.liveEvents.unshift(...events)
      state.liveTaken = []
      round = undefined
    }
    try {
      const rows = taken.map(row => toLiveRow(row, state.foldedOffset))
      if (!(await send(rows, events, {offset, generation, leaseUntilMs, extendUntilMs}))) {
        putBack()
        return false
      }
    } catch (error) {
      putBack()
      throw error
    }
    state.liveTaken = []
    state.cache.release(taken)
    noteFreshness(events)
    round = isLast
      ? undefined
      : {...round, rows: round.rows - taken.length, events: round.events - events.length}
    if (leaseUntilMs > 0) {
      renew = true
      lease.applied(offset)
      progress.ring()
    }
    return true
  }

  /** Adopts a lease that stands, or writes every key of the partition. */
  const enter = async (signal: AbortSignal): Promise<void> => {
    const again = <T>(call: () => Promise<T>): Promise<T> =>
      retry(call, {...backoff, attempts: SEED_ATTEMPTS, signal})
    runId = await again(() => live.runId())
    const found = await again(() => live.lease(state.partition))
    renew = false
    const isFirst = first
    first = false
    // Only that of the owner right before: an older one may lack a value recomputed since.
    const isWhole =
      found?.runId === runId &&
      found.generation === state.ownership.generation - 1 &&
      found.offset >= Math.max(state.foldedOffset, state.replayedCorrection)
    if (isFirst && isWhole) {
      adoptedOffset = found.offset
      return lease.adopted(found.offset)
    }
    adoptedOffset = Number.POSITIVE_INFINITY
    await again(() => live.revoke(state.partition, state.ownership.generation))
    lease.revoked()
    state.cache.startLive()
    for await (const page of aggregates.scanLive(state.partition)) {
      if (signal.aborted) return
      const rows = page
        .filter(row => !state.cache.isDueLive(row))
        .map(row => ({...row, offset: row.srcOffset}))
      const offset = state.foldedOffset
      const {generation} = state.ownership
      const lasts = {offset, generation, leaseUntilMs: 0, extendUntilMs: 0}
      if (!(await again(() => send(rows, [], lasts)))) return lease.lost()
      if (!(await again(() => flushSome(false)))) return lease.lost()
    }
    lease.applied(-1)
    log.info(name, 'partition seeded in Redis')
    metrics.seeded.inc(labels)
  }

  const step = async (signal: AbortSignal): Promise<void> => {
    const startedAt = performance.now()
    if (lease.phase !== 'live') await enter(signal)
    if (signal.aborted || lease.phase !== 'live') return
    if (!(await flushSome(true))) {
      log.warn(name, 'lease lost: seeding again')
      return lease.lost()
    }
    // A row that many events touch is written once for all of them: while there is a backlog, what
    // that saves is worth more than the freshness of values that are old anyway.
    if (state.lag > config.batchRecordsMax) {
      if (round === undefined) await pause(config.liveBusyMs, signal)
      return
    }
    // The first event after a quiet time goes at once, those that follow closely go together.
    await pause(config.liveEveryMs - (performance.now() - startedAt), signal)
    const isIdle = state.cache.liveDirtyCount === 0 && state.liveEvents.length === 0
    if (!isIdle) return
    // From the start of the call that renewed it: an answer may take long.
    const leftMs = config.liveLeaseMs / 3 - (performance.now() - startedAt)
    if (leftMs > 0) await work.wait(leftMs, signal)
  }

  const onFailure = (error: unknown): void => {
    metrics.liveFailures.inc(labels)
    if (lease.failed(now())) {
      log.warn({...name, reason: messageOf(error)}, 'going on without Redis')
      state.cache.stopLive()
      progress.ring()
    }
    if (lease.phase === 'away') keepCorrections(state.liveEvents, CORRECTIONS_MAX)
  }

  const noteLive = (): void => {
    const value = lease.phase === 'live' ? 1 : 0
    metrics.livePhase.set({...labels, partition: String(state.partition)}, value)
  }

  return {
    name: `live ${state.topic}/${state.partition}`,
    async run(signal) {
      for (let failures = 0; !signal.aborted;) {
        try {
          await step(signal)
          failures = 0
          noteLive()
        } catch (error) {
          if (dispositionOf(error) !== 'retry') throw error
          failures += 1
          onFailure(error)
          noteLive()
          await pause(retryDelayMs(failures, backoff), signal)
        }
      }
    },
  }
}

const toLiveRow = (row: Row<never>, offset: number): LiveRow => ({
  projection: row.projection.name,
  key: row.key,
  state: row.state,
  offset,
})

/**
 * Forgets inserts that Redis will not see: a missing hash is looked up in Cassandra, but a corrected
 * one would still be believed, so corrections are kept, the newest ones up to a limit.
 */
function keepCorrections(events: QueuedLiveEvent<unknown, unknown>[], max: number): void {
  const kept = events.filter(({correction}) => correction)
  events.splice(0, events.length, ...kept.slice(-max))
}
