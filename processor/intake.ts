/** Takes a partition's records in order: decodes them, puts aside what can never succeed, folds. */
import {PipelineError} from '../platform/errors.ts'
import type {ConsumedRecord} from '../platform/kafka.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import type {Loop} from '../platform/lifecycle.ts'
import type {ProcessorConfig} from './config.ts'
import type {DeadLetter} from '../readmodel/dead-letters.ts'
import {createBreaker} from './dead-letters.ts'
import {decodeBatch, identify, type DecodeDeps, type Outcome} from './decode.ts'
import {createFold, type FoldCounts} from './fold-batch.ts'
import type {Inbox} from './inbox.ts'
import {loopOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'
import {barePosition} from '../readmodel/positions.ts'
import {identityOf} from './partition-state.ts'
import {createRules} from '../readmodel/rules.ts'
import {problemOfBefore} from './start-check.ts'
import {isOverBudget} from './state-cache.ts'

export function createIntake(
  shared: OwnerShared,
  deps: OwnerDeps,
  inbox: Inbox,
  config: ProcessorConfig,
): Loop {
  const {state, work, progress, between} = shared
  const {plan, shown, raw, live} = deps.stores
  const stream = plan.stream.name
  const breaker = createBreaker(config.deadLettersInARowMax)

  /** Back-pressure: what the stores have not taken stays in Kafka. */
  const hasRoom = (): boolean =>
    state.pending.immediateCount < config.rawBacklogMax &&
    state.pending.deferredCount < config.rawBacklogMax &&
    state.filings.size < 2 * config.checkpointRowsMax &&
    state.cache.dirtyCount < 2 * config.checkpointRowsMax &&
    !state.cache.isCrowded

  const decodeDeps: DecodeDeps = {
    space: deps.space,
    decoder: deps.decoder,
    epochs: state.epochs,
    problemOf: createRules(plan.stream),
  }
  const fold = createFold(state, {
    plan,
    shown,
    raw,
    references: deps.references,
    now: deps.now,
    hasHashes: live.hashes !== undefined,
    hashLagMax: config.hashLagMax,
  })

  const process = async (taken: readonly ConsumedRecord[], signal: AbortSignal): Promise<void> => {
    const patience = shared.patience(signal)
    const records = await skipProcessed(taken, patience)
    if (records.length > 0) await nameLog(records[0]!, patience)
    const outcomes = await retry(() => decodeBatch(records, decodeDeps), patience)
    const admitted = outcomes.filter(one => one.kind === 'record' || one.kind === 'refused')
    const letters = outcomes.flatMap(one => ('letter' in one ? [one.letter] : []))
    for (const outcome of outcomes) {
      breaker.note('letter' in outcome ? outcome.letter : 'ok')
    }
    if (letters.length > 0) await retry(() => deps.publishDeadLetters(letters), patience)
    const counts = await retry(() => fold(admitted), patience)
    const last = outcomes.at(-1)
    if (last !== undefined && last.offset > state.foldedOffset) {
      state.foldedOffset = last.offset
      state.foldedIdentity = last.kind === 'deadLetter' ? null : identityOf(last.record)
    }
    deps.onFolded?.(state.foldedOffset)
    note(outcomes, letters, counts)
  }

  const noteAges = (outcomes: readonly Outcome[]): void => {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'record' || outcome.record.op !== 'c') continue
      const timeUs = plan.timeOf(outcome.record)
      if (timeUs === null) continue
      deps.metrics.skew.observe({stream}, (outcome.record.created_at - timeUs) / 1_000_000)
    }
  }

  const contradiction = (problem: string): PipelineError =>
    new PipelineError('STATE_CONTRADICTS', problem, {disposition: 'stop'})
  const gapBefore = (offset: number): string =>
    `the record after offset ${state.foldedOffset} is that of offset ${offset}: some are missing`

  /**
   * The reader starts one record early, so that it can be seen that the log is still the same; so it can when
   * the client goes back while it runs, as after an unclean election.
   */
  const skipProcessed = async (
    taken: readonly ConsumedRecord[],
    patience: RetryOptions,
  ): Promise<readonly ConsumedRecord[]> => {
    const {foldedIdentity} = state
    const first = taken[0]
    if (first === undefined) return taken
    // Nothing in these topics is compacted or transactional: offsets have no gaps.
    if (first.offset > state.foldedOffset + 1) throw contradiction(gapBefore(first.offset))
    if (first.offset > state.foldedOffset) return taken
    const before = taken.find(({offset}) => offset === state.foldedOffset)
    if (before !== undefined && foldedIdentity !== null) {
      const found = await retry(() => identify(before, deps.decoder), patience)
      const problem = found === null ? undefined : problemOfBefore(foldedIdentity, found)
      if (problem !== undefined) throw contradiction(problem)
    }
    return taken.filter(({offset}) => offset > state.foldedOffset)
  }

  let isNamed = deps.start.next > 0
  /** Before anything is written it is noted of which log it will be: that one in its place is told from it. */
  const nameLog = async (first: ConsumedRecord, patience: RetryOptions): Promise<void> => {
    if (isNamed) return
    const found = await retry(() => identify(first, deps.decoder), patience)
    const {position, before} = deps.start
    if (position === null) {
      const {topic, partition, ownership} = state
      const at = {topic, partition, takeover: ownership.takeover}
      const none = {...barePosition(0, deps.space), ...found}
      await retry(() => deps.positions.save(at, none), patience)
    } else if (before !== null && found !== null) {
      const problem = problemOfBefore(before, found)
      if (problem !== undefined) throw contradiction(problem)
    }
    isNamed = true
  }

  const note = (
    outcomes: readonly Outcome[],
    letters: readonly DeadLetter[],
    counts: FoldCounts,
  ): void => {
    const {metrics} = deps
    metrics.recordsIn.inc({stream}, outcomes.length)
    metrics.applied.inc({stream}, counts.applied)
    metrics.corrected.inc({stream}, counts.corrected)
    metrics.tooOld.inc({stream}, counts.tooOld)
    metrics.repeated.inc({stream}, counts.stale)
    metrics.unenriched.inc({stream}, counts.unenriched)
    metrics.forgotten.inc({stream}, counts.forgotten)
    const dropped = outcomes.filter(({kind}) => kind === 'dropped').length
    metrics.dropped.inc({stream}, dropped)
    noteAges(outcomes)
    metrics.noteShare(stream, outcomes.length, letters.length)
    for (const {reason} of letters) metrics.deadLetters.inc({stream, reason})
    state.lag = Math.max(0, inbox.endOffset - state.foldedOffset - 1)
    metrics.lag.set({stream, partition: String(state.partition)}, state.lag)
  }

  return loopOf('intake', state, async signal => {
    if (!hasRoom()) return await progress.wait(1000, signal)
    const records = await inbox.take(config.batchRecordsMax, signal)
    if (records.length === 0) return
    await deps.slices.next()
    await between.run(async () => {
      await process(records, signal)
      if (isOverBudget(deps.budget)) deps.metrics.evicted.inc({stream}, state.cache.evict())
    })
    work.ring()
  })
}
