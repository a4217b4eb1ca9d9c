/**
 * Records of processes that we started, so that a later start can find and end what was left.
 *
 * Guarantees    A process is ended only when pid and start time are those recorded: a pid that the
 *               system gave to somebody else meanwhile is left alone (INV-81).
 * Does not      look for processes by name.
 */
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {isRunning} from '../platform/process-identity.ts'

export interface PidRecord {
  readonly name: string
  readonly pid: number
  /** Text that differs between two processes of the same pid; null when it was gone at once. */
  readonly startedAt: string | null
  readonly stopSignal: NodeJS.Signals
  /** How long it may take to stop after the signal. */
  readonly graceMs: number
}

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
