/** Commands of this project as processes of their own: what takes long, or much memory, holds up nobody here. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import type {Env} from '../platform/config.ts'
import {PROJECT_FOLDER} from '../platform/environment.ts'
import type {RunCommand} from '../schedule/job.ts'

/** Of each output so much is kept: its end. */
const OUTPUT_MAX = 1_000_000
/** From the request to end to the end that nobody refuses. */
const KILL_AFTER_MS = 5000

/** @param env all settings, wherever they came from */
export function createCommand(env: Env): RunCommand {
  return async (args, {env: changes = {}, signal}) => {
    const child = spawn(process.execPath, args, {
      cwd: PROJECT_FOLDER,
      env: {...env, ...changes, ENV_FILE: 'none'},
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const end = (): void => {
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref()
    }
    if (signal.aborted) end()
    signal.addEventListener('abort', end, {once: true})
    const output = {stdout: '', stderr: ''}
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-OUTPUT_MAX)
      })
    }
    try {
      const [status] = (await once(child, 'close')) as [number | null]
      return {status, ...output}
    } finally {
      signal.removeEventListener('abort', end)
    }
  }
}
