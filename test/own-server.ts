/** One server that a test may stop, kill or copy; all others are those of the test run. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {connectionVariable, SERVERS, type ServerName} from '../stack/config.ts'
import {sideConfig} from '../stack/side-stack.ts'
import {startStack, type Stack} from '../stack/stack.ts'
import {connectionEnv} from './connections.ts'

export interface OwnServer {
  /** The variable that leads to it, for services and clients. */
  readonly connection: Readonly<Record<string, string>>
  readonly folder: string
  /** Ends it in an orderly way. */
  stop(): Promise<void>
  kill(): Promise<void>
  /** At its old place, with its old data. */
  startAgain(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** @param prepare fills the folder before the start */
export async function openOwnServer(
  name: ServerName,
  prepare: (folder: string) => Promise<void> = async () => await Promise.resolve(),
): Promise<OwnServer> {
  // The name is known to the test servers' clean-up after a killed run.
  const folder = mkdtempSync(join(tmpdir(), `stack-test-${name}-`))
  await prepare(folder)
  const shared = connectionEnv()
  const elsewhere = SERVERS.filter(server => server !== name).map(connectionVariable)
  const config = await sideConfig(
    {STACK_JVM_OPTIONS: '-XX:TieredStopAtLevel=1', ...process.env},
    folder,
    Object.fromEntries(elsewhere.map(variable => [variable, shared[variable]])),
  )
  let stack: Stack
  try {
    stack = await startStack({
      config,
      env: process.env,
      progress: () => undefined,
      onServerEnd: () => undefined,
      unused: SERVERS.filter(server => server !== name),
    })
  } catch (error) {
    rmSync(folder, {recursive: true, force: true})
    throw error
  }
  const variable = connectionVariable(name)
  return {
    connection: {[variable]: Object(stack.connections)[variable] as string},
    folder,
    stop: async () => await stack.server(name)?.stop(),
    async kill() {
      const running = stack.server(name)!
      running.signal('SIGKILL')
      await running.exited
    },
    startAgain: async () => await stack.restart(name),
    async [Symbol.asyncDispose]() {
      await stack.stop()
      rmSync(folder, {recursive: true, force: true})
    },
  }
}
