/** Which process it is: a pid with the time it started, so that a pid that was given again is nobody we know. */
import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'

export interface Holder {
  readonly pid: number
  readonly startedAt: string | null
}

/** The start time and state in the text of `/proc/<pid>/stat`; the name may hold anything. */
export function parseStat(stat: string): {readonly state: string; readonly startedAt: string} {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {state: fields[0] ?? '', startedAt: fields[19] ?? ''}
}

/** While its first thread is a zombie already, others of the process may still hold ports. */
const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length

/** When process `pid` started, or null when there is none (a zombie is none). */
export function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const {state, startedAt} = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      return (state === 'Z' && threadsOf(pid) <= 1) || state === 'X' ? null : startedAt
    } catch {
      return null
    }
  }
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {encoding: 'utf8'}).trim() || null
    )
  } catch {
    return null
  }
}

export const isRunning = ({pid, startedAt}: Holder): boolean =>
  startedAt !== null && startTimeOf(pid) === startedAt

/** Who holds the lock `path`, if that process still runs. */
export function holderOf(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder
    return isRunning(holder) ? holder : undefined
  } catch {
    return undefined
  }
}
