/** When aggregates are written and how far a partition may be committed. Pure. */

export interface CheckpointOptions {
  /** Aggregates are written this often when that is cheap. */
  readonly intervalMs: number
  /** Never more seldom than this while something is dirty. */
  readonly intervalMaxMs: number
  /** Wait while a reader waits for Cassandra. */
  readonly awaitedMs: number
  /** Dirty rows that start a checkpoint at once. */
  readonly dirtyMax: number
}

/**
 * How long the next checkpoint has to wait after the start of the last one. Rows that are touched
 * again meanwhile are written once: under load the writing takes at most a quarter of the time, and with
 * a backlog, whose values are old anyway, it comes as seldom as allowed. A reader who waits for it ends
 * the wait.
 */
export function checkpointWaitMs(
  lastDurationMs: number,
  {
    dirty,
    isBehind,
    isAwaited,
  }: {readonly dirty: number; readonly isBehind: boolean; readonly isAwaited: boolean},
  options: CheckpointOptions,
): number {
  if (dirty >= options.dirtyMax) return 0
  if (isBehind) return options.intervalMaxMs
  if (isAwaited) return Math.min(options.intervalMs, options.awaitedMs)
  return Math.min(options.intervalMaxMs, Math.max(options.intervalMs, 4 * lastDurationMs))
}

export interface CommitInputs {
  /** Last offset whose aggregates, epochs and identity are durable. */
  readonly durableOffset: number
  /** Last offset that was committed, -1 when none. */
  readonly committedOffset: number
  /** Oldest correction of a hash that Redis may not have, Infinity when there is none. */
  readonly openCorrection: () => number
  readonly isRawDurable: (offset: number) => boolean
  readonly liveAllows: (offset: number) => boolean
}

/**
 * The offset up to which the partition may be committed now, or undefined. Corrections of hashes hold it
 * back whether Redis is there or not: nobody would repeat them.
 */
export function commitableOffset(inputs: CommitInputs): number | undefined {
  const {durableOffset, committedOffset, openCorrection, isRawDurable, liveAllows} = inputs
  if (durableOffset <= committedOffset) return undefined
  const offset = Math.min(durableOffset, openCorrection() - 1)
  if (offset <= committedOffset) return undefined
  return isRawDurable(offset) && liveAllows(offset) ? offset : undefined
}
