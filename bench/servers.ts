/** The servers under a bench: a stack of its own on free ports, or running ones. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {readStackConfig, SERVERS, type Connections, type ServerName} from '../stack/config.ts'
import {USUAL_COMPILER} from '../stack/server.ts'
import {sideEnv} from '../stack/side-stack.ts'
import {startStack} from '../stack/stack.ts'

export interface Servers {
  readonly connections: Connections
  /** Process ids of servers that run here; a server elsewhere has none. */
  readonly pids: Readonly<Partial<Record<ServerName, number>>>
  readonly isOwn: boolean
  /** For files of the run. */
  readonly folder: string
  close(): Promise<void>
}

/**
 * Opens what a bench needs. Servers that it does not need are ended: they would share its cores.
 * `BENCH_SERVERS=external` takes those of the connection variables; `BENCH_PIDS=postgres:1,kafka:2`
 * then says whose CPU time to count.
 */
export async function openServers(
  needs: readonly ServerName[],
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const remove = (): void => rmSync(folder, {recursive: true, force: true})
  if (process.env['BENCH_SERVERS'] === 'external') {
    const {connections} = readStackConfig({...process.env, STACK: 'external'})
    const pairs = (process.env['BENCH_PIDS'] ?? '').split(',').filter(pair => pair.includes(':'))
    const pids = Object.fromEntries(
      pairs.map(pair => [pair.split(':')[0]!, Number(pair.split(':')[1])]),
    )
    return {
      connections,
      pids,
      isOwn: false,
      folder,
      close: async () => await Promise.resolve(remove()),
    }
  }
  try {
    const jvmOptions = [...USUAL_COMPILER, process.env['STACK_JVM_OPTIONS'] ?? ''].join(' ')
    const env = {
      ...(await sideEnv(process.env, folder)),
      STACK_DURABLE: 'true',
      STACK_JVM_OPTIONS: jvmOptions,
    }
    let isClosing = false
    const stack = await startStack({
      config: readStackConfig(env),
      env: process.env,
      signal,
      progress: (who, text) => {
        if (who === 'stack') progress(text)
      },
      onServerEnd: (name, why) => {
        if (!isClosing && needs.includes(name)) console.error(`${name} ended: ${why}`)
      },
    })
    const spare = SERVERS.filter(name => !needs.includes(name))
    await Promise.all(spare.map(async name => await stack.server(name)?.stop()))
    const pids = Object.fromEntries(needs.map(name => [name, stack.server(name)!.pid]))
    return {
      connections: stack.connections,
      pids,
      isOwn: true,
      folder,
      async close() {
        isClosing = true
        await stack.stop()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}
