/**
 * Records of processes that we started, so that a later start can find and end what was left.
 *
 * Guarantees    A process is ended only when pid and start time are those recorded: a pid that the
 *               system gave to somebody else meanwhile is left alone (INV-81).
 * Does not      look for processes by name.
 */
import {execFileSync} from 'node:child_process'
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'

export interface PidRecord {
  readonly name: string
  readonly pid: number
  /** Text that differs between two processes of the same pid; null when it was gone at once. */
  readonly startedAt: string | null
  readonly stopSignal: NodeJS.Signals
  /** How long it may take to stop after the signal. */
  readonly graceMs: number
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

export const isRunning = ({pid, startedAt}: Pick<PidRecord, 'pid' | 'startedAt'>): boolean =>
  startedAt !== null && startTimeOf(pid) === startedAt

export interface PidRecords {
  write(record: PidRecord): void
  remove(name: string): void
  read(name: string): PidRecord | undefined
  all(): readonly PidRecord[]
}

/** @param folder holds one file for each running process */
export function openPidRecords(folder: string): PidRecords {
  mkdirSync(folder, {recursive: true})
  const path = (name: string): string => join(folder, `${name}.json`)
  const read = (name: string): PidRecord | undefined => {
    try {
      return JSON.parse(readFileSync(path(name), 'utf8')) as PidRecord
    } catch {
      return undefined
    }
  }
  return {
    write(record) {
      writeFileSync(`${path(record.name)}.new`, JSON.stringify(record))
      renameSync(`${path(record.name)}.new`, path(record.name))
    },
    remove: name => rmSync(path(name), {force: true}),
    read,
    all: () =>
      readdirSync(folder)
        .filter(file => file.endsWith('.json'))
        .flatMap(file => read(file.slice(0, -'.json'.length)) ?? []),
  }
}

/** Sends a signal; a process or group that is gone already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Resolves to true when the process is gone, to false when `ms` have passed. */
export async function waitGone(record: PidRecord, ms: number): Promise<boolean> {
  const until = performance.now() + ms
  while (isRunning(record)) {
    if (performance.now() > until) return false
    await sleep(25)
  }
  return true
}

/** Ends a recorded process: asks first, then ends its whole group. Others are never touched. */
export async function endProcess(record: PidRecord): Promise<void> {
  if (!isRunning(record)) return
  signalProcess(record.pid, record.stopSignal)
  if (await waitGone(record, record.graceMs)) return
  // Servers lead a process group of their own.
  signalProcess(-record.pid, 'SIGKILL')
  if (isRunning(record)) signalProcess(record.pid, 'SIGKILL')
  await waitGone(record, 10_000)
}
