/** Whether the worker does its part: it looks what is due, and nothing that runs by itself keeps failing. */
import {messageOf} from '../platform/errors.ts'
import type {Readiness} from '../platform/status-server.ts'
import type {JobState} from './schedule/store.ts'

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
  readStates,
  problems,
}: {
  readonly now: () => number
  readonly isStopping: () => boolean
  readonly readStates: () => Promise<readonly JobState[]>
  /** Sentences of what else the worker runs and does not get on with. */
  readonly problems: () => readonly string[]
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
        const failing = (await readStates()).filter(({error}) => error !== null)
        // Told by health as warnings: the worker itself does what it should.
        const warnings = Object.fromEntries([
          ...failing.map(({job, error}) => [job, error] as const),
          ...problems().map((problem, i) => [`sink ${i + 1}`, problem] as const),
        ])
        return {ready: true, reasons: [], details: {warnings}}
      } catch (error) {
        return {ready: false, reasons: [`jobs cannot be read: ${messageOf(error)}`]}
      }
    },
  }
}
