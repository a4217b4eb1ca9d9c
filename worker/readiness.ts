/** Whether the worker does its part: it looks what is due, and nothing that runs by itself keeps failing. */
import {messageOf} from '../platform/errors.ts'
import type {Readiness} from '../platform/status-server.ts'

/** So long nobody may have looked. */
const LOOK_MAX_MS = 15_000

export interface WorkerReadiness {
  /** After each look for what is due; null: it went well. */
  looked(problem: string | null): void
  judge(): Promise<Readiness>
}

export function createReadiness({
  now,
  isStopping,
  readWarnings,
}: {
  readonly now: () => number
  readonly isStopping: () => boolean
  /** What the worker runs and does not get on with: sentences, by what they are about. */
  readonly readWarnings: () => Promise<Readonly<Record<string, string>>>
}): WorkerReadiness {
  let last: {readonly at: number; readonly problem: string | null} | undefined
  const reasonOf = (): string | undefined => {
    if (isStopping()) return 'stopping'
    if (last === undefined) return 'starting: nothing was looked at yet'
    if (last.problem !== null) return `it could not be looked what is due: ${last.problem}`
    const agoMs = now() - last.at
    return agoMs > LOOK_MAX_MS
      ? `nobody has looked for ${Math.round(agoMs / 1000)} s what is due`
      : undefined
  }
  return {
    looked(problem) {
      last = {at: now(), problem}
    },
    async judge() {
      const reason = reasonOf()
      if (reason !== undefined) return {ready: false, reasons: [reason]}
      try {
        // Told by health as warnings: the worker itself does what it should.
        return {ready: true, reasons: [], details: {warnings: await readWarnings()}}
      } catch (error) {
        return {ready: false, reasons: [`it cannot be read what fails: ${messageOf(error)}`]}
      }
    },
  }
}
