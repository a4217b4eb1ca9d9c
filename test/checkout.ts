/** A checkout of its own with servers of its own: commands write files there, and start and stop what they need. */
import {execFile} from 'node:child_process'
import {cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, relative, resolve} from 'node:path'
import {readStackConfig, type Env} from '../stack/config.ts'
import {sideEnv} from '../stack/side-stack.ts'

export const COMMAND_MS = 600_000

export interface Outcome {
  readonly status: number
  readonly said: string
}

export interface Checkout {
  readonly folder: string
  readonly env: Env
  readonly databaseUrl: string
  /** Any program, in its folder. */
  readonly exec: (program: string, ...args: readonly string[]) => Promise<Outcome>
  /** A command of `scripts/`. */
  readonly run: (script: string, ...args: readonly string[]) => Promise<Outcome>
  [Symbol.asyncDispose](): Promise<void>
}

const LEFT_OUT = /^(\.git|\.stack|node_modules|test\/results|test\/attach-)/

/** Started, without the sample. */
export async function openCheckout(name: string): Promise<Checkout> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`))
  const here = resolve('.')
  cpSync(here, folder, {recursive: true, filter: from => !LEFT_OUT.test(relative(here, from))})
  symlinkSync(realpathSync('node_modules'), join(folder, 'node_modules'))
  const cache = readStackConfig(process.env).cache
  const env = {
    ...(await sideEnv(process.env, join(folder, '.stack'))),
    STACK_CACHE: resolve(cache),
  }
  const exec: Checkout['exec'] = async (program, ...args) => {
    const {promise, resolve: end} = Promise.withResolvers<Outcome>()
    execFile(
      program,
      [...args],
      {cwd: folder, env, timeout: COMMAND_MS, maxBuffer: 64 * 1024 * 1024},
      (error, stdout, stderr) => {
        end({status: error === null ? 0 : Number(error.code ?? 1), said: stdout + stderr})
      },
    )
    return await promise
  }
  const run: Checkout['run'] = async (script, ...args) =>
    await exec(process.execPath, `scripts/${script}.ts`, ...args)
  const dispose = async (): Promise<void> => {
    await run('stop')
    rmSync(folder, {recursive: true, force: true})
  }
  const started = await run('start', '--detach', '--no-sample')
  if (started.status !== 0) {
    await dispose()
    throw new Error(started.said)
  }
  const databaseUrl = readStackConfig(env).connections.DATABASE_URL
  return {folder, env, databaseUrl, exec, run, [Symbol.asyncDispose]: dispose}
}
