/** When aggregates are written. Pure. */

import type {ProcessorConfig} from './config.ts'

type CheckpointOptions = Pick<
  ProcessorConfig,
  'checkpointMs' | 'checkpointMaxMs' | 'checkpointRowsMax' | 'checkpointRowsPerSecond'
>

/** From one checkpoint to the next while a reader waits for it. */
const AWAITED_MS = 300
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
  /** Nothing is read before it has made room: corrections wait for it, or memory is full of what is not saved. */
  readonly isFull: boolean
}

/**
 * How long the next checkpoint has to wait after the start of the last one. Rows that are touched
 * again meanwhile are written once, and readers of the moment have them from Redis: writing takes at most
 * a tenth of the time, and comes as seldom as rows are many. A reader who waits for it ends the wait.
 *
 * @param partition owners of different ones do not wait equally long: their checkpoints drift apart
 */
export function checkpointWaitMs(
  {lastMs, dirty, filings, isAwaited, isFull}: CheckpointLoad,
  config: CheckpointOptions,
  partition: number,
): number {
  const {checkpointMs, checkpointMaxMs, checkpointRowsMax, checkpointRowsPerSecond} = config
  if (isFull || dirty >= checkpointRowsMax || filings >= checkpointRowsMax) return 0
  if (isAwaited) return Math.min(checkpointMs, AWAITED_MS)
  const wanted = Math.max(10 * lastMs, (1000 * dirty) / checkpointRowsPerSecond)
  const share = 1 - SPREAD * ((partition * GOLDEN) % 1)
  return Math.max(checkpointMs, share * Math.min(checkpointMaxMs, wanted))
}
