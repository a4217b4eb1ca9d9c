/** Writes what a feed gives as its time comes: what lies behind as fast as it can, then along with the clock. */
import type {Change, StreamName} from './changes.ts'
import {STEP_MS, type Feed} from './feed.ts'
import {countMore, NOTHING, progressText, type Progress} from './report.ts'

export interface RunDeps {
  readonly feed: Pick<Feed, 'atMs' | 'step' | 'skipTo'>
  write(changes: readonly Change[]): Promise<void>
  /** Where it is, after each batch. */
  tell(line: string): void
  /** Milliseconds since 1970. */
  nowMs(): number
  wait(ms: number): Promise<void>
}

export interface RunOptions {
  readonly streams: readonly StreamName[]
  readonly forMs: number
  /** Whether what lies behind at first is wanted. */
  readonly hasHistory: boolean
  readonly stop: AbortSignal
}

/** Changes of one batch. */
export const ROWS_MAX = 2000
/** What is behind by more is left out, unless it is history. */
export const DEBT_MS = 1000
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80
/** While it catches up, steps that may yield little are taken together. */
const STEPS_MAX = 200

export async function run(deps: RunDeps, options: RunOptions): Promise<Progress> {
  const {feed} = deps
  const {streams, forMs, stop} = options
  const beganMs = deps.nowMs()
  let progress: Progress = {...NOTHING, elapsedMs: 0, insertMs: 0}
  let hasCaughtUp = !options.hasHistory
  const isOver = (): boolean => stop.aborted || deps.nowMs() >= beganMs + forMs
  const write = async (changes: readonly Change[]): Promise<void> => {
    for (let from = 0; from < changes.length && !isOver(); from += ROWS_MAX) {
      const batch = changes.slice(from, from + ROWS_MAX)
      const startedMs = deps.nowMs()
      await deps.write(batch)
      const endedMs = deps.nowMs()
      progress = {
        ...countMore(progress, batch),
        elapsedMs: endedMs - beganMs,
        insertMs: endedMs - startedMs,
      }
      deps.tell(progressText(streams, progress))
    }
  }
  while (!isOver()) {
    // A database that cannot keep up slows us down; the debt is not paid later.
    if (hasCaughtUp) feed.skipTo(deps.nowMs() - DEBT_MS)
    await write(dueOf(feed, deps.nowMs()))
    hasCaughtUp ||= feed.atMs() + STEP_MS > deps.nowMs()
    await deps.wait(Math.max(0, feed.atMs() + STEP_MS - deps.nowMs()))
  }
  return {...progress, elapsedMs: deps.nowMs() - beganMs}
}

/** A batch of what has happened until now. */
function dueOf(feed: RunDeps['feed'], nowMs: number): readonly Change[] {
  const changes: Change[] = []
  for (let steps = 0; steps < STEPS_MAX && changes.length < ROWS_MAX; steps++) {
    if (feed.atMs() + STEP_MS > nowMs) break
    for (const change of feed.step()) changes.push(change)
  }
  return changes
}

/** A terminal has one line that changes; elsewhere there is one now and then. */
export function createTeller(
  out: {readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown},
  everyMs: number,
): (line: string) => void {
  let toldMs = performance.now()
  return line => {
    if (out.isTTY === true) {
      // A line that the terminal breaks could not be taken back.
      out.write(`\r\u001B[2K${line.slice(0, (out.columns ?? COLUMNS) - 1)}`)
      return
    }
    const nowMs = performance.now()
    if (nowMs - toldMs < everyMs) return
    out.write(`${line}\n`)
    toldMs = nowMs
  }
}
