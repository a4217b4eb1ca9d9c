/** When aggregates are written. Pure. */

export interface CheckpointOptions {
  /** Aggregates are written no more often than this without a reason. */
  readonly intervalMs: number
  /** Never more seldom than this while something is dirty. */
  readonly intervalMaxMs: number
  /** Wait while a reader waits for Cassandra. */
  readonly awaitedMs: number
  /** Dirty rows, or events to be filed, that start a checkpoint at once. */
  readonly dirtyMax: number
  /** Rows of a partition that may be written in a second. */
  readonly rowsPerSecond: number
  /** Owners of different partitions do not wait equally long: their checkpoints drift apart. */
  readonly partition: number
}

/** Waits differ by so much at most. */
const SPREAD = 0.3
/** Multiples of it, modulo one, lie as far apart as may be. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

export interface CheckpointLoad {
  /** How long the last one took. */
  readonly lastMs: number
  /** Rows to be written. */
  readonly dirty: number
  /** Events to be filed. */
  readonly filings: number
  readonly isAwaited: boolean
}

/**
 * How long the next checkpoint has to wait after the start of the last one. Rows that are touched
 * again meanwhile are written once, and readers of the moment have them from Redis: writing takes at most
 * a tenth of the time, and comes as seldom as rows are many. A reader who waits for it ends the wait.
 */
export function checkpointWaitMs(load: CheckpointLoad, options: CheckpointOptions): number {
  const {lastMs, dirty, filings, isAwaited} = load
  const {intervalMs, intervalMaxMs, awaitedMs, dirtyMax, rowsPerSecond, partition} = options
  if (dirty >= dirtyMax || filings >= dirtyMax) return 0
  if (isAwaited) return Math.min(intervalMs, awaitedMs)
  const wanted = Math.max(10 * lastMs, (1000 * dirty) / rowsPerSecond)
  const share = 1 - SPREAD * ((partition * GOLDEN) % 1)
  return Math.max(intervalMs, share * Math.min(intervalMaxMs, wanted))
}
