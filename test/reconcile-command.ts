/** Runs `npm run reconcile` as people do. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import type {PipelineWorld} from './pipeline-world.ts'

export interface Reconciled {
  readonly status: number | null
  /** Everything it printed. */
  readonly said: string
}

/** @param killAt text at which it is killed, as an operator or a reboot would */
export async function runReconcile(
  env: PipelineWorld['env'],
  args: readonly string[] = [],
  killAt?: string,
): Promise<Reconciled> {
  const child = spawn(process.execPath, ['scripts/reconcile.ts', ...args], {
    env: {...env, PATH: process.env['PATH']},
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const hear = (text: unknown): void => {
    said += String(text)
    if (killAt !== undefined && said.includes(killAt)) child.kill('SIGKILL')
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const [status] = (await once(child, 'close')) as [number | null]
  return {status, said}
}
