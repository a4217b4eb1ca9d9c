/**
 * One epoch of one lane: reads pages, sends them, moves the cursor.
 *
 * Guarantees    INV-1, INV-2, INV-3 (see snapshot-cursor). INV-10: the cursor passes a row only after
 *               Kafka acknowledged it or its dead letter is durable. INV-4: one epoch has one cursor
 *               read and one producer; any error of the producer ends the epoch. INV-103: while publishing is
 *               held, nothing is on its way and the saved cursor is exact before the lane says that it is quiet.
 * Does not      deduplicate: what was sent but not yet recorded comes again, flagged.
 */
import type {PipelineError} from '../platform/errors.ts'
import {pause} from '../platform/lifecycle.ts'
import type {Cursor, Position, ReadPlan} from './snapshot-cursor.ts'
import {advance, isMoreWaiting, planRead, startPosition} from './snapshot-cursor.ts'
import type {Taken} from './leases.ts'
import type {OutboxPage, OutboxRow} from './outbox-reader.ts'
import type {Batch, RejectedRow} from './publish.ts'
import {createSaver} from './saver.ts'
import {nextWaitMs, type PaceOptions, type Waiter} from './wake.ts'

export interface EpochDeps {
  readPage(plan: ReadPlan, limit: number): Promise<OutboxPage>
  saveCursor(cursor: Cursor, options: {readonly release: boolean}): Promise<void>
  /** @throws `FENCED` when the epoch has passed */
  assertOurs(): Promise<void>
  toBatch(rows: readonly OutboxRow[], redelivered: boolean): Batch
  send(batch: Batch): Promise<void>
  bury(rejected: readonly RejectedRow[]): Promise<void>
  /**
   * Resolves when nobody holds publishing any more, or the signal fires.
   *
   * @param isExact everything that was ever published of the lane is behind the saved cursor: whoever holds
   *   publishing may know
   */
  whileHeld(isExact: boolean, signal: AbortSignal): Promise<void>
  readonly waiter: Waiter
  /** False while a page must not be read before the one before it is through, and the cursor saved behind it. */
  mayReadAhead(): boolean
  /** Rows of the next page at most. */
  pageRows(): number
  /** Milliseconds, monotonic. */
  now(): number
  readonly observe: EpochObserver
}

/** Told what happens, for metrics and health. */
export interface EpochObserver {
  read(page: OutboxPage): void
  published(batch: Batch, rows: readonly OutboxRow[], sendMs: number, redelivered: boolean): void
  /** Everything committed until now is published. */
  caughtUp(): void
  woken(cause: string): void
}

export interface EpochOptions extends PaceOptions {
  /** From the start of one read to the next, when rows keep coming. */
  readonly gatherMs: number
  readonly saveEveryMs: number
  /** A page that waited longer is sent only after the epoch was looked up again. */
  readonly holdMs: number
}

/** A send that the broker refused for what is in it. */
export interface RefusedSend {
  readonly error: PipelineError
  readonly rows: readonly OutboxRow[]
}

/**
 * Runs until the signal fires; then everything sent is acknowledged, and the lane is released.
 *
 * @throws what ended the epoch; `onRefused` was told before, when the broker refused the content
 */
export async function runEpoch(
  taken: Taken,
  deps: EpochDeps,
  options: EpochOptions,
  context: {readonly signal: AbortSignal; onRefused(refused: RefusedSend): void},
): Promise<void> {
  const {signal} = context
  const sender = createSender(deps, options, refused => context.onRefused(refused))
  const saver = createSaver(taken.cursor, deps, options)
  let position = startPosition(taken.cursor, taken.takeover)
  let quietSince = deps.now()
  let ahead: Promise<Read> | undefined
  try {
    while (!signal.aborted) {
      const {plan, page, readAt} = await (ahead ?? read(position, deps))
      ahead = undefined
      if (page.answer.kind === 'held') {
        saver.acknowledge(position.cursor, await sender.settle())
        await saver.flush()
        // Until the takeover is through, the owner before may have published what no cursor says.
        await deps.whileHeld(position.takeover === null, signal)
        continue
      }
      deps.observe.read(page)
      const next = advance(position, page.answer)
      if (next.cursor.snapTo !== null && !signal.aborted && deps.mayReadAhead()) {
        // PostgreSQL looks up the next page of the batch while this one is encoded.
        ahead = read(next, deps)
        ahead.catch(() => undefined)
      }
      const redelivered = plan.kind === 'page' && plan.redelivered
      if (page.rows.length > 0) {
        const batch = deps.toBatch(page.rows, redelivered)
        // This page was read and encoded while the last one was on its way.
        saver.acknowledge(position.cursor, await sender.settle())
        if (batch.rejected.length > 0) await deps.bury(batch.rejected)
        sender.start({batch, rows: page.rows, readAt, redelivered})
        quietSince = deps.now()
      } else if (sender.isIdle()) {
        saver.acknowledge(next.cursor, false)
      }
      position = next
      if (!deps.mayReadAhead()) {
        saver.acknowledge(position.cursor, await sender.settle())
        await saver.flush()
      }
      saver.saveIfDue(deps.now())
      if (page.rows.length > 0 || isMoreWaiting(next, page.answer)) {
        // Nothing is known to wait: rows of the next moment come with the next page, in one request each.
        const waitMs = readAt + options.gatherMs - deps.now()
        if (ahead === undefined && waitMs > 0) await pause(waitMs, signal)
        continue
      }
      saver.acknowledge(next.cursor, await sender.settle())
      saver.saveIfDue(deps.now())
      deps.observe.caughtUp()
      const waitMs = Math.min(
        nextWaitMs(deps.now() - quietSince, options),
        saver.dueInMs(deps.now()),
      )
      const cause = await deps.waiter.wait(waitMs, signal)
      deps.observe.woken(cause)
      if (cause !== 'poll') quietSince = deps.now()
    }
    saver.acknowledge(position.cursor, await sender.settle())
  } finally {
    await sender.settle().catch(() => undefined)
    await saver.settle().catch(() => undefined)
  }
  await saver.release()
}

interface Read {
  readonly plan: ReadPlan
  readonly page: OutboxPage
  /** When it was asked for. */
  readonly readAt: number
}

async function read(position: Position, deps: EpochDeps): Promise<Read> {
  const readAt = deps.now()
  const plan = planRead(position)
  return {plan, page: await deps.readPage(plan, deps.pageRows()), readAt}
}

interface Sendable {
  readonly batch: Batch
  readonly rows: readonly OutboxRow[]
  readonly readAt: number
  readonly redelivered: boolean
}

/** One send at a time; its failure is met at the next `settle`. */
function createSender(
  deps: EpochDeps,
  options: EpochOptions,
  onRefused: (refused: RefusedSend) => void,
) {
  let sending: Promise<void> | undefined
  async function send({batch, rows, readAt, redelivered}: Sendable): Promise<void> {
    const startedAt = deps.now()
    // A process that was stopped for a while wakes up here: another may own the lane by now.
    if (startedAt - readAt > options.holdMs) await deps.assertOurs()
    try {
      if (batch.records > 0) await deps.send(batch)
    } catch (error) {
      onRefused({error: error as PipelineError, rows})
      throw error
    }
    deps.observe.published(batch, rows, deps.now() - startedAt, redelivered)
  }
  return {
    isIdle: () => sending === undefined,
    start(sendable: Sendable): void {
      sending = send(sendable)
      sending.catch(() => undefined)
    },
    /** True when something was on its way. */
    async settle(): Promise<boolean> {
      if (sending === undefined) return false
      const current = sending
      sending = undefined
      await current
      return true
    },
  }
}
