/**
 * Keeps one partition's values in Redis: group commit under a run, a new run whenever anything is in doubt.
 *
 * Guarantees    INV-37: readers believe what the present run wrote, and nothing else: everything
 *               up to the offset that the marker says is in Redis, or stored. INV-46: Redis never delays
 *               the position.
 */
import {randomBytes} from 'node:crypto'
import {dispositionOf, messageOf, PipelineError} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import {retryDelayMs} from '../platform/retry.ts'
import {settleAll} from '../platform/settle.ts'
import type {LiveEvent} from '../readmodel/event-hash.ts'
import {RUN_FIELD} from '../readmodel/live-reads.ts'
import type {OffsetValue, Run} from '../readmodel/live-store.ts'
import type {LiveValue} from '../readmodel/projection.ts'
import {namedHashKey} from '../readmodel/redis-keys.ts'
import {holdPartition} from './checkpoint.ts'
import type {ProcessorConfig} from './config.ts'
import {createHashBudget} from './hash-budget.ts'
import {createLiveSteps} from './live-steps.ts'
import {loopOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'

/** What is not stored for long is written again before it expires, and what expired is written whole. */
const REFRESH_MS = 300_000
/** Steps are asked for ahead of time: the next look comes long before the last one is over. */
const SEED_AGAIN_MS = 6 * 3_600_000
/** Below this share of the lag at which Redis is left alone, a new run begins. */
const RETURN_SHARE = 0.2

/** Calls that together bring Redis to an offset; what becomes due meanwhile belongs to the next round. */
interface Round {
  readonly offset: number
  readonly rows: number
  readonly events: number
  /** When the oldest change of it was written to the outbox, microseconds since 1970; null: nothing new. */
  readonly since: number | null
}

export function createLiveWriter(
  {state, work, progress, awaited, between}: OwnerShared,
  deps: OwnerDeps,
  config: ProcessorConfig,
): Loop {
  const {stores, slices, metrics, log, now} = deps
  const {live, plan, projections} = stores
  const {partition} = state
  const backoff = {firstDelayMs: config.retryMs, maxDelayMs: 20 * config.retryMs}
  const name = {topic: state.topic, partition}
  const stream = plan.stream.name
  const labels = {stream, partition: String(partition)}
  /** Hashes with a field per key of a rollup: of all runs together. */
  const named = plan.rollups.flatMap(({hash}) =>
    hash === null ? [] : [namedHashKey(hash, partition)],
  )
  const hashKeys = (): readonly string[] => (isNamed ? named : [])
  const budget =
    live.hashes === undefined
      ? undefined
      : createHashBudget(live.hashes, partition, plan.idOf, {
          bytesMax: deps.hashBytesMax,
          ttlS: config.hashTtlS,
        })
  const windows = [...plan.tops, ...plan.actives]
  const steps = createLiveSteps(windows)
  let run: Run | undefined
  /** The connection that the run was begun on. */
  let connection = -1
  let runs = 0
  let sequence = 0
  let round: Round | undefined
  /** Said with the next whole round: from here on, steps that are not there do not exist. */
  let seeded: {readonly since: number} | undefined
  let seededMs = 0
  let refreshedMs = 0
  let isBudgetRead = false
  let isNamed = deps.isNamed()

  const leave = (): void => {
    run = undefined
    round = undefined
    state.cache.stopLive()
    state.liveEvents.length = 0
    metrics.livePhase.set(labels, 0)
  }

  const toValues = (
    nowMs: number,
    rows: ReturnType<typeof state.cache.takeLiveDirty>,
  ): OffsetValue[] => {
    const values: OffsetValue[] = []
    const parts: LiveValue[] = []
    for (const {projection, key, state: own, isLive} of rows) {
      const isFirst = !isLive
      for (const value of projection.liveOf(key, own, {partition, isFirst, nowMs})) {
        if (value.isWhole) values.push({...value, offset: state.foldedOffset, isFirst})
        else if (isNamed) parts.push(value)
      }
    }
    for (const [key, some] of Map.groupBy(parts, part => part.key)) {
      values.push(
        shared(
          key,
          some.flatMap(({fields}) => fields),
        ),
      )
    }
    return values
  }

  const writeEvents = async (events: readonly LiveEvent[], present: Run): Promise<void> => {
    if (live.hashes === undefined || budget === undefined || events.length === 0) return
    if (!isNamed) return
    await settleAll([live.hashes.write(events, present, partition), budget.wrote(events, now())])
  }

  /** Sends what is due, at most one call's worth. */
  const flushSome = async (present: Run): Promise<void> => {
    await slices.next()
    if (round === undefined) {
      const rows = state.cache.liveDirtyCount
      const events = state.liveEvents.length
      round = {offset: state.foldedOffset, rows, events, since: state.unshownSince}
      state.unshownSince = null
    }
    const {offset, since} = round
    const rows = state.cache.takeLiveDirty(config.liveRowsMax)
    const events = state.liveEvents.splice(0, config.liveEventsMax)
    // What becomes due meanwhile stands behind: with a backlog there would be no last call ever.
    const isLast = round.rows <= rows.length && round.events <= events.length
    try {
      const values = toValues(now(), rows)
      steps.note(rows)
      if (isLast && seeded !== undefined) {
        for (const key of hashKeys()) values.push(shared(key, [RUN_FIELD, present.name]))
      }
      // Sent together: the server takes them in this order, and a run ends when one of them fails.
      const [, flushed] = await settleAll([
        writeEvents(events, present),
        live.flush(partition, {
          run: present,
          sequence,
          values,
          offset: isLast ? offset : null,
          since: isLast ? (seeded?.since ?? null) : null,
          steps: isLast ? steps.names(Math.floor(now() / 1000)) : null,
        }),
      ])
      sequence = flushed.sequence
      // Hashes are no part of the guarded call: a server that lost them has lost the connection, too.
      if (flushed.outcome === 'over' || live.connection !== connection) throw refused()
      if (flushed.outcome === 'awaited') awaited.note()
    } catch (error) {
      state.cache.restoreLiveDirty(rows)
      throw error
    }
    state.cache.flushed(rows)
    if (isLast && since !== null) {
      metrics.freshness.observe({stream, store: 'redis'}, now() / 1000 - since / 1e6)
    }
    if (isLast) seeded = undefined
    round = isLast
      ? undefined
      : {...round, rows: round.rows - rows.length, events: round.events - events.length}
  }

  /** Stored rows that readers would take as missing. */
  const seed = async (present: Run, signal: AbortSignal): Promise<void> => {
    const nowMs = now()
    for (const projection of projections) {
      if (projection.seedsOf === undefined) continue
      for await (const keys of projection.seedsOf(partition, nowMs)) {
        signal.throwIfAborted()
        await between.run(async () => {
          const rows = keys.map(key => state.cache.rowAt(projection, key))
          await state.cache.load()
          for (const row of rows) if (!row.isLive) state.cache.touchLive(row)
        })
        while (state.cache.liveDirtyCount > config.liveRowsMax) await flushSome(present)
      }
    }
    // A round that was begun before does not have all of them.
    round = undefined
    seededMs = nowMs
    seeded = {since: Math.floor(nowMs / 1000) - windowS - 10}
  }
  const windowS = Math.max(0, ...windows.map(({seconds}) => seconds))

  /** Everything that stands under names that people know, and what windows are made of. */
  const showNames = async (present: Run, signal: AbortSignal): Promise<void> => {
    // What was shown of changes that are not stored yet is due again.
    if (live.hashes !== undefined) state.liveEvents.push(...state.pending.newest())
    // Something stands there from now on: what is evicted while it is filled is missed.
    const cleared = hashKeys().map(key => ({...shared(key, [RUN_FIELD, '']), isFirst: true}))
    const flush = {run: present, sequence, values: cleared, offset: null, since: null, steps: null}
    const flushed = await live.flush(partition, flush)
    sequence = flushed.sequence
    if (flushed.outcome === 'over') throw refused()
    await seed(present, signal)
  }

  const begin = async (signal: AbortSignal): Promise<Run> => {
    await holdPartition(state, deps.positions)
    const {takeover} = state.ownership
    runs += 1
    const runName = [deps.space, takeover, runs, randomBytes(4).toString('hex')].join('.')
    const present = {name: runName, takeover}
    const {connection: begunOn} = live
    // Refused when a later owner is there.
    if (!(await live.begin(partition, present, state.durableOffset))) throw refused()
    connection = begunOn
    if (budget !== undefined && !isBudgetRead) await budget.start()
    isBudgetRead = true
    sequence = 0
    round = undefined
    refreshedMs = now()
    state.cache.startLive()
    steps.clear()
    await showNames(present, signal)
    log.info({...name, run: present.name}, 'run begun')
    metrics.runs.inc({stream})
    metrics.livePhase.set(labels, 1)
    return present
  }

  const step = async (signal: AbortSignal): Promise<void> => {
    const startedAt = performance.now()
    if (isNamed !== deps.isNamed()) {
      isNamed = !isNamed
      if (isNamed && run !== undefined) {
        // Within the run: until another one stood, readers would take what is stored, seconds older.
        state.cache.refreshLive()
        await showNames(run, signal)
      }
    }
    if (run === undefined) {
      // While there is a backlog Redis would show old values, at a price: readers take the stored ones.
      if (state.lag > config.liveLagMax * RETURN_SHARE) {
        state.liveEvents.length = 0
        return await pause(config.liveEveryMs, signal)
      }
      run = await begin(signal)
    }
    if (state.lag > config.liveLagMax) return leave()
    const present = run
    if (now() - refreshedMs > REFRESH_MS) {
      refreshedMs = now()
      state.cache.refreshLive()
    }
    if (now() - seededMs > SEED_AGAIN_MS) await seed(present, signal)
    await flushSome(present)
    // The first event after a quiet time goes at once, those that follow closely go together.
    await pause(config.liveEveryMs - (performance.now() - startedAt), signal)
    const isIdle = state.cache.liveDirtyCount === 0 && state.liveEvents.length === 0
    if (!isIdle) return
    // From the start of the call that renewed it: an answer may take long.
    const leftMs = config.liveLifeMs / 3 - (performance.now() - startedAt)
    if (leftMs > 0) await work.wait(leftMs, signal)
  }

  let failures = 0
  return loopOf('live', state, async signal => {
    try {
      await step(signal)
      failures = 0
    } catch (error) {
      leave()
      if (dispositionOf(error) !== 'retry') throw error
      failures += 1
      metrics.liveFailures.inc({stream})
      if (failures > 1) log.warn({...name, reason: messageOf(error)}, 'going on without Redis')
      progress.ring()
      await pause(retryDelayMs(failures, backoff), signal)
    }
  })
}

/** Fields of a hash that is not the run's alone. */
const shared = (key: string, fields: OffsetValue['fields']): OffsetValue => ({
  key,
  ttlS: 0,
  fields,
  isWhole: false,
  isFirst: false,
  offset: 0,
})

/** Somebody else wrote in between, or the server has forgotten: another run has to begin. */
const refused = (): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', 'the run is over', {disposition: 'retry'})
