/** Starts programs that outlive nobody: recorded, logged to a file, in a process group of their own. */
import {spawn, type ChildProcess} from 'node:child_process'
import {closeSync, fstatSync, openSync, readSync} from 'node:fs'
import {StackError} from './errors.ts'
import {startTimeOf} from '../platform/process-identity.ts'
import {endProcess, type PidRecord, type PidRecords} from './pid-records.ts'

export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  readonly stopSignal: NodeJS.Signals
  readonly graceMs: number
  /** Told how it ended, before anybody else is. */
  readonly onEnd?: (exit: Exit) => void
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Running {
  readonly name: string
  readonly pid: number
  readonly startedAtMs: number
  readonly exited: Promise<Exit>
  /** Undefined while it runs. */
  exit(): Exit | undefined
  signal(signal: NodeJS.Signals): void
  /** Asks it to stop, and ends it when it takes too long. */
  stop(): Promise<void>
}

export interface ProcessStarter {
  start(name: string, program: Program): Running
  logPath(name: string): string
}

/** @param logPath gives the file that takes what a process prints; it is appended to */
export function createProcessStarter(
  records: PidRecords,
  logPath: (name: string) => string,
): ProcessStarter {
  return {
    logPath,
    start(name, program) {
      const log = openSync(logPath(name), 'a')
      let child: ChildProcess
      try {
        child = spawn(program.file, [...program.args], {
          detached: true,
          stdio: ['ignore', log, log],
          env: program.env === undefined ? process.env : {...process.env, ...program.env},
          ...(program.cwd === undefined ? {} : {cwd: program.cwd}),
          ...(program.uid === undefined ? {} : {uid: program.uid}),
          ...(program.gid === undefined ? {} : {gid: program.gid}),
        })
      } finally {
        closeSync(log)
      }
      return follow(name, program, {child, records})
    },
  }
}

function follow(
  name: string,
  {file, stopSignal, graceMs, onEnd}: Program,
  {child, records}: {readonly child: ChildProcess; readonly records: PidRecords},
): Running {
  const {pid} = child
  const {promise: exited, resolve} = Promise.withResolvers<Exit>()
  let exit: Exit | undefined
  const ended = (how: Exit): void => {
    if (exit !== undefined) return
    exit = how
    records.remove(name)
    onEnd?.(how)
    resolve(how)
  }
  child.once('error', () => ended({code: 127, signal: null}))
  child.once('exit', (code, signal) => ended({code, signal}))
  if (pid === undefined) throw new StackError(`${file} cannot be started: is it installed?`)
  const record: PidRecord = {name, pid, startedAt: startTimeOf(pid), stopSignal, graceMs}
  records.write(record)
  return {
    name,
    pid,
    startedAtMs: Date.now(),
    exited,
    exit: () => exit,
    signal: signal => void (exit === undefined && child.kill(signal)),
    async stop() {
      await endProcess(record)
      await exited
    },
  }
}

/** How a process ended, for people. */
export const exitText = ({code, signal}: Exit): string =>
  signal === null ? `exit status ${code}` : `signal ${signal}`

/** The last `lines` lines of a log, of which at most 16 kB are read. */
export function tailOf(path: string, lines: number): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return ''
  }
  try {
    const {size} = fstatSync(file)
    const length = Math.min(size, 16_384)
    const buffer = Buffer.alloc(length)
    readSync(file, buffer, 0, length, size - length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    closeSync(file)
  }
}
