/**
 * The servers of the integration tests: one stack on free ports for the whole run, whatever suites
 * take part, gone with it. `TEST_SERVERS=external` uses those of the connection variables instead.
 */
import {existsSync, globSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestProject} from 'vitest/node'
import {readStackConfig, type Connections} from '../stack/config.ts'
import {sideConfig} from '../stack/side-stack.ts'
import {holderOf} from '../platform/process-identity.ts'
import {lockPath, startStack, type Stack} from '../stack/stack.ts'
import {stopStack} from '../stack/stop.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly connections: Connections
  }
}

const FOLDER_PREFIX = 'stack-test-'

interface Opened {
  readonly connections: Connections
  readonly close: () => Promise<void>
}

interface Shared {
  readonly opening: Promise<Opened>
  users: number
}

/** Each suite loads this file anew: what they share hangs on the process. */
const KEY = Symbol.for('pipeline.test.servers')
const shelf = globalThis as {[KEY]?: Shared | undefined}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (shelf[KEY] ??= {opening: openServers(), users: 0})
  shared.users += 1
  const {connections, close} = await shared.opening
  project.provide('connections', connections)
  return async () => {
    shared.users -= 1
    if (shared.users > 0) return
    shelf[KEY] = undefined
    await close()
  }
}

/** Servers of a test run that was killed: nobody else would ever end them. */
async function endAbandoned(): Promise<void> {
  for (const folder of globSync(join(tmpdir(), `${FOLDER_PREFIX}*`))) {
    const config = readStackConfig({STACK_DIR: folder})
    // Not yet locked: that run is just beginning.
    if (!existsSync(lockPath(config)) || holderOf(lockPath(config)) !== undefined) continue
    await stopStack(config)
    rmSync(folder, {recursive: true, force: true})
  }
}

async function openServers(): Promise<Opened> {
  if (process.env['TEST_SERVERS'] === 'external') {
    const {connections} = readStackConfig({...process.env, STACK: 'external'})
    return {connections, close: async () => await Promise.resolve()}
  }
  await endAbandoned()
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX))
  const remove = (): void => rmSync(folder, {recursive: true, force: true})
  let stack: Stack
  try {
    stack = await startStack({
      config: await sideConfig(
        // Compiled less, ready sooner: tests run for minutes, not for days.
        {STACK_JVM_OPTIONS: '-XX:TieredStopAtLevel=1', ...process.env},
        folder,
      ),
      env: process.env,
      progress: (who, text) => {
        if (who === 'stack') console.log(`test servers: ${text}`)
      },
      onServerEnd: (name, why) => console.error(`test servers: ${name} ended: ${why}`),
    })
  } catch (error) {
    remove()
    throw error
  }
  // A run that is interrupted never gets to the tear-down.
  const stopAtOnce = (): void => void stack.stop().finally(() => process.exit(130))
  process.once('SIGTERM', stopAtOnce)
  process.once('SIGHUP', stopAtOnce)
  return {
    connections: stack.connections,
    async close() {
      process.off('SIGTERM', stopAtOnce)
      process.off('SIGHUP', stopAtOnce)
      await stack.stop()
      remove()
    },
  }
}
