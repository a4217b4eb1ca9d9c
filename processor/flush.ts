/** When aggregates are written and how far a partition may be committed. Pure. */

export interface CheckpointOptions {
  /** Aggregates are written this often when that is cheap. */
  readonly intervalMs: number
  /** Never more seldom than this while something is dirty. */
  readonly intervalMaxMs: number
  /** Dirty rows that start a checkpoint at once. */
  readonly dirtyMax: number
}

/**
 * How long the next checkpoint has to wait after the start of the last one. Rows that are touched
 * again meanwhile are written once: under load the writing takes at most a quarter of the time, and with
 * a backlog, whose values are old anyway, it comes as seldom as allowed.
 */
export function checkpointWaitMs(
  lastDurationMs: number,
  {dirty, isBehind}: {readonly dirty: number; readonly isBehind: boolean},
  options: CheckpointOptions,
): number {
  if (dirty >= options.dirtyMax) return 0
  if (isBehind) return options.intervalMaxMs
  return Math.min(options.intervalMaxMs, Math.max(options.intervalMs, 4 * lastDurationMs))
}

export interface CommitInputs {
  /** Last offset whose aggregates, epochs and identity are durable. */
  readonly durableOffset: number
  /** Last offset that was committed, -1 when none. */
  readonly committedOffset: number
  readonly rawIsDurable: boolean
  readonly liveAllows: boolean
}

/** The offset up to which the partition may be committed now, or undefined. */
export function commitableOffset(inputs: CommitInputs): number | undefined {
  const {durableOffset, committedOffset, rawIsDurable, liveAllows} = inputs
  if (durableOffset <= committedOffset) return undefined
  return rawIsDurable && liveAllows ? durableOffset : undefined
}
