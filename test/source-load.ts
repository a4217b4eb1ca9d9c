/** Random changes of the source tables at a steady rate, while something else happens. */
import {pause} from '../platform/lifecycle.ts'
import type {Pool} from '../platform/postgres.ts'
import {writeHistory} from './source-history.ts'

/** Steps of one piece; each inserts or changes three or four rows. */
const STEPS = 10

export interface SourceLoadOptions {
  readonly seed: number
  readonly stepsPerSecond: number
}

export interface SourceLoad {
  /** Steps written so far. */
  steps(): number
  /** Ends it; fails when a piece of it failed. */
  stop(): Promise<void>
}

/** Starts to write and goes on until it is stopped. */
export function startSourceLoad(pool: Pool, {seed, stepsPerSecond}: SourceLoadOptions): SourceLoad {
  const stop = new AbortController()
  const startedAt = performance.now()
  let written = 0
  const write = async (): Promise<void> => {
    for (let piece = 0; !stop.signal.aborted; piece++) {
      await writeHistory(pool, {seed: seed + piece, steps: STEPS})
      written += STEPS
      const dueMs = startedAt + (written / stepsPerSecond) * 1000
      await pause(Math.max(0, dueMs - performance.now()), stop.signal)
    }
  }
  const writing = write()
  // Whoever stops it hears of it.
  writing.catch(() => undefined)
  return {
    steps: () => written,
    async stop() {
      stop.abort()
      await writing
    },
  }
}
