/** Ends the stack of a folder, whoever started it and whether or not its launcher still runs. */
import {existsSync} from 'node:fs'
import {holderOf, isRunning} from '../platform/process-identity.ts'
import type {StackConfig} from './config.ts'
import {StackError} from './errors.ts'
import {takeLock} from './lock.ts'
import {signalProcess} from './pid-records.ts'
import {clearRemains, lockPath} from './stack.ts'
import {removeState} from './state.ts'
import {setTimeout as sleep} from 'node:timers/promises'

/** Ten seconds longer than the slowest server may take. */
const LAUNCHER_GRACE_MS = 60_000

export interface Stopped {
  /** The launcher was asked and has ended. */
  readonly launcher: boolean
  /** Processes without a launcher that were ended. */
  readonly remains: readonly string[]
}

/** @throws StackError when somebody starts the same stack meanwhile */
export async function stopStack(config: StackConfig): Promise<Stopped> {
  if (!existsSync(config.folder)) return {launcher: false, remains: []}
  const holder = holderOf(lockPath(config))
  if (holder !== undefined) {
    signalProcess(holder.pid, 'SIGTERM')
    const until = performance.now() + LAUNCHER_GRACE_MS
    while (isRunning(holder) && performance.now() < until) await sleep(50)
    if (isRunning(holder)) signalProcess(holder.pid, 'SIGKILL')
    while (isRunning(holder)) await sleep(50)
  }
  const lock = takeLock(lockPath(config))
  if (lock.kind === 'held') {
    throw new StackError(`process ${lock.holder.pid} has just started this stack again`)
  }
  try {
    const remains = await clearRemains(config)
    removeState(config)
    return {launcher: holder !== undefined, remains}
  } finally {
    lock.release()
  }
}
