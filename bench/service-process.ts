/** Services under test: child processes that end when the bench ends, however it ends. */
import {spawn, type ChildProcess, type StdioOptions} from 'node:child_process'
import {once} from 'node:events'
import type {Env} from '../platform/config.ts'
import {SERVICE_FLAGS} from '../stack/services.ts'

export interface ServiceProcess {
  readonly child: ChildProcess
  readonly pid: number
  /** Resolves when the process has ended. */
  readonly exited: Promise<unknown>
  readonly stop: () => Promise<void>
}

/** Node runs a service's `args` with `env`; no process is left behind when the bench fails or is interrupted. */
export function spawnService(
  args: readonly string[],
  env: Env,
  stdio: StdioOptions,
): ServiceProcess {
  // A session of its own, as with `npm start`: Linux shares the cores out among sessions, so services
  // in the session of the bench would have to share one part with its load.
  const child = spawn(process.execPath, [...SERVICE_FLAGS, ...args], {env, stdio, detached: true})
  const exited = once(child, 'exit')
  const end = (): void => void child.kill('SIGKILL')
  process.on('exit', end)
  void exited.then(() => process.off('exit', end))
  return {
    child,
    pid: child.pid!,
    exited,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await exited
    },
  }
}
