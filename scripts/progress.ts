/** Decides what a command that waits says, and when. */

const SAY_MS = 5000
const STILL_MS = 30_000

export interface Told {
  /** Since the last line was said. */
  readonly sinceSaidMs: number
  /** Since anything changed. */
  readonly stillMs: number
  readonly text: string
}

/** What to say now, or null: how far it is, each five seconds; where to look when nothing changes. */
export function progressLine({sinceSaidMs, stillMs, text}: Told): string | null {
  if (sinceSaidMs < SAY_MS) return null
  if (stillMs < STILL_MS) return text
  return `${text}; unchanged for ${Math.floor(stillMs / 1000)} s: npm run status says what runs and what stands still`
}

/**
 * Says how far it is as often as `progressLine` decides.
 *
 * @returns to be called at each look; `mark` differs when it went on since the last look
 */
export function createTeller(say: (line: string) => void): (text: string, mark: string) => void {
  let [saidMs, changedMs, last] = [performance.now(), performance.now(), '']
  return (text, mark) => {
    const nowMs = performance.now()
    if (mark !== last) [changedMs, last] = [nowMs, mark]
    const line = progressLine({sinceSaidMs: nowMs - saidMs, stillMs: nowMs - changedMs, text})
    if (line === null) return
    say(line)
    saidMs = nowMs
  }
}
