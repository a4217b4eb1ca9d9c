/** A stack of a test's own, started and stopped by the commands. */
import {execFile} from 'node:child_process'
import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect} from 'vitest'
import {holderOf} from '../../platform/process-identity.ts'
import {readStackConfig, serverPorts, SERVERS, type Env} from '../../stack/config.ts'
import {assertFree} from '../../stack/ports.ts'
import {sideEnv} from '../../stack/side-stack.ts'
import {lockPath} from '../../stack/stack.ts'

/** The servers alone come up and down in this file; what flows through them has tests of its own. */
export const SERVERS_ONLY = ['scripts/start.ts', '--servers', '--detach'] as const
export const START_MS = 120_000

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export async function run(args: readonly string[], env: Env): Promise<Outcome> {
  const {promise, resolve} = Promise.withResolvers<Outcome>()
  execFile(
    process.execPath,
    [...args],
    {env: {...env}, timeout: START_MS},
    (error, stdout, stderr) => {
      resolve({status: error === null ? 0 : Number(error.code ?? 1), stdout, stderr})
    },
  )
  return await promise
}

/** A folder and ports of its own; durable as in `npm start`, since restarts are what this is about. */
export async function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'stack-own-'))
  const env = {...(await sideEnv(process.env, folder)), STACK_DURABLE: 'true'}
  const config = readStackConfig(env)
  const serverPids = async (): Promise<readonly number[]> => {
    const {stdout} = await run(['scripts/status.ts', '--json'], env)
    const {servers} = JSON.parse(stdout) as {servers: Record<string, {pid: number}>}
    return Object.values(servers).map(({pid}) => pid)
  }
  const expectNothingLeft = async (): Promise<void> => {
    const ports = SERVERS.filter(name => !config.external.includes(name)).flatMap(name =>
      serverPorts(name, config),
    )
    await expect(assertFree(ports)).resolves.toBeUndefined()
    const records = join(folder, 'run')
    expect(existsSync(records) ? readdirSync(records) : []).toEqual([])
    expect(holderOf(lockPath(config))).toBeUndefined()
  }
  const remove = (): void => rmSync(folder, {recursive: true, force: true})
  return {env, config, serverPids, expectNothingLeft, remove}
}
