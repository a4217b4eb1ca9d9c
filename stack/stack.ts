/**
 * Runs the servers: cleared remains, free ports, side-by-side start, health, ordered stop.
 *
 * Guarantees    Nothing that this started runs on after `stop`, nor after a start that failed
 *               (INV-81); what a killed launcher left is ended by the next start.
 * Does not      restart a server: a database that died is for a person to look at.
 */
import {existsSync, mkdirSync, renameSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {LAUNCHER_LOCK} from '../platform/environment.ts'
import {cassandra} from './cassandra.ts'
import {
  connectionVariable,
  SERVERS,
  SERVICES,
  serverPorts,
  servicePorts,
  type Connections,
  type ServerName,
  type StackConfig,
} from './config.ts'
import {StackError} from './errors.ts'
import {findJava, type Java} from './java.ts'
import {kafka} from './kafka.ts'
import {takeLock} from './lock.ts'
import {createFetcher} from './maven.ts'
import {endProcess, openPidRecords} from './pid-records.ts'
import {assertFree} from './ports.ts'
import {postgres} from './postgres.ts'
import {answers, isEncrypted} from './probe.ts'
import {
  createProcessStarter,
  exitText,
  tailOf,
  type ProcessStarter,
  type Running,
} from './processes.ts'
import {redis} from './redis.ts'
import {registry} from './registry.ts'
import type {Server, ServerContext} from './server.ts'

const BY_NAME: Readonly<Record<ServerName, Server>> = {postgres, kafka, registry, cassandra, redis}
const LOG_LINES = 12

export interface StackOptions {
  readonly config: StackConfig
  readonly env: Readonly<Record<string, string | undefined>>
  readonly progress: (who: string, text: string) => void
  /** It answers; one that runs elsewhere, too. */
  readonly onServerReady?: (name: ServerName) => void
  /** A server that was ready has ended by itself. */
  readonly onServerEnd: (name: ServerName, why: string) => void
  readonly signal?: AbortSignal
  /** Servers that run elsewhere, and nobody asks. */
  readonly unused?: readonly ServerName[]
}

export interface Stack {
  readonly connections: Connections
  readonly starter: ProcessStarter
  /** The process of a server, or undefined when it runs elsewhere. */
  server(name: ServerName): Running | undefined
  /** Starts a server again that was ended, at its old place. For fault tests. */
  restart(name: ServerName): Promise<void>
  /** Ends all servers; services must have ended before. */
  stop(): Promise<void>
}

export const lockPath = (config: StackConfig): string => join(config.folder, LAUNCHER_LOCK)
export const recordFolder = (config: StackConfig): string => join(config.folder, 'run')
export const logFile = (config: StackConfig, name: string): string =>
  join(config.folder, 'logs', `${name}.log`)

/**
 * Ends every recorded process and forgets it; resolves to their names.
 * Only the holder of the lock may call this: what is recorded then has no launcher any more.
 */
export async function clearRemains(config: StackConfig): Promise<readonly string[]> {
  const records = openPidRecords(recordFolder(config))
  const left = records.all()
  const isServer = (name: string): boolean => SERVERS.some(server => server === name)
  // Services first: they would only complain about servers that go away.
  for (const group of [left.filter(r => !isServer(r.name)), left.filter(r => isServer(r.name))]) {
    await Promise.all(group.map(endProcess))
    for (const record of group) records.remove(record.name)
  }
  return left.map(record => record.name)
}

/** @throws StackError that a person can act on; nothing is left running then */
export async function startStack(options: StackOptions): Promise<Stack> {
  const {config} = options
  mkdirSync(join(config.folder, 'logs'), {recursive: true})
  const lock = takeLock(lockPath(config))
  if (lock.kind === 'held') {
    throw new StackError(
      `a stack in ${config.folder} is running already (process ${lock.holder.pid}): ` +
        'stop it with npm stop, or set STACK_DIR and the ports for a second one',
    )
  }
  const running = new Map<ServerName, Running>()
  const stop = async (): Promise<void> => {
    const ending = [...running.values()]
    // Empty first: these ends are ours, nobody is told about them.
    running.clear()
    await Promise.all(ending.map(async process => await process.stop()))
    lock.release()
  }
  try {
    const remains = await clearRemains(config)
    keepOldLogs(config)
    if (remains.length > 0) options.progress('stack', `ended what was left: ${remains.join(', ')}`)
    return {...(await startServers(options, running)), stop}
  } catch (error) {
    await stop()
    throw error
  }
}

/** The logs of the last run are kept; what is shown after a failure belongs to this one. */
function keepOldLogs(config: StackConfig): void {
  for (const name of [...SERVERS, ...SERVICES]) {
    const log = logFile(config, name)
    if (existsSync(log)) renameSync(log, `${log}.old`)
  }
}

async function startServers(
  options: StackOptions,
  running: Map<ServerName, Running>,
): Promise<Omit<Stack, 'stop'>> {
  const {config} = options
  const local = SERVERS.filter(name => !config.external.includes(name))
  await assertFree([...local.flatMap(name => serverPorts(name, config)), ...servicePorts(config)])
  await assertReachable(options)

  const records = openPidRecords(recordFolder(config))
  const starter = createProcessStarter(records, name => logFile(config, name))
  const context = createContext(options)
  const start = async (name: ServerName, signal: AbortSignal): Promise<void> => {
    const progress = (text: string): void => options.progress(name, text)
    const program = await BY_NAME[name].prepare({...context, progress})
    signal.throwIfAborted()
    const process = starter.start(name, program)
    running.set(name, process)
    progress('starting')
    await waitReady(name, process, {...options, signal})
    progress('ready')
    options.onServerReady?.(name)
    void tellEnd(name, process)
  }
  const tellEnd = async (name: ServerName, process: Running): Promise<void> => {
    const exit = await process.exited
    if (running.get(name) !== process) return
    running.delete(name)
    options.onServerEnd(name, `${exitText(exit)}\n${tailOf(starter.logPath(name), LOG_LINES)}`)
  }
  await allOrNone(local, start, options.signal)
  return {
    connections: config.connections,
    starter,
    server: name => running.get(name),
    restart: async name => await start(name, options.signal ?? new AbortController().signal),
  }
}

/** Starts all side by side; the first failure calls the others off, and is thrown when all ended. */
async function allOrNone(
  names: readonly ServerName[],
  start: (name: ServerName, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const failed = new AbortController()
  const all = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])])
  const starting = names.map(async name => {
    try {
      await start(name, all)
    } catch (error) {
      failed.abort(error)
    }
  })
  await Promise.all(starting)
  all.throwIfAborted()
}

function createContext({config, env, progress}: StackOptions): Omit<ServerContext, 'progress'> {
  const path = env['PATH'] ?? ''
  let found: Java | undefined
  const java = (): Java => (found ??= findJava({...config.java, path}))
  const needsJava = SERVERS.some(name => name !== 'postgres' && !config.external.includes(name))
  const fetcher = createFetcher({
    cache: config.cache,
    // Maven runs on Java too, also for the one server here that does not.
    javaHome: needsJava ? java().home : '',
    path,
    progress: text => progress('stack', text),
  })
  return {config, java, fetcher, path}
}

/** @throws StackError naming every external server that does not answer, with its variable */
async function assertReachable(options: StackOptions): Promise<void> {
  const {config, env, signal, unused = []} = options
  const looked = config.external.filter(server => !unused.includes(server))
  const looks = looked.map(async server => {
    const variable = connectionVariable(server) as keyof Connections
    const connection = config.connections[variable]
    const until = performance.now() + 5000
    while (performance.now() < until) {
      signal?.throwIfAborted()
      if (await answers(server, connection, isEncrypted(server, {...env, ...config.connections})))
        return []
      await sleep(250)
    }
    const shown = connection.replace(/\/\/([^:@/]*):[^@/]*@/, '//$1:***@')
    return [`${server} does not answer at ${shown} (${variable})`]
  })
  const missing = (await Promise.all(looks)).flat()
  if (missing.length > 0) throw new StackError(missing.join('\n'))
  for (const server of looked) options.onServerReady?.(server)
}

async function waitReady(
  name: ServerName,
  process: Running,
  {config, signal}: StackOptions,
): Promise<void> {
  const connection = config.connections[connectionVariable(name) as keyof Connections]
  const log = logFile(config, name)
  const until = performance.now() + config.startTimeoutMs
  for (;;) {
    if (await answers(name, connection)) return
    signal?.throwIfAborted()
    const exit = process.exit()
    if (exit !== undefined) {
      throw new StackError(
        `${name} ended while it started (${exitText(exit)}):\n${tailOf(log, LOG_LINES)}\nAll of it: ${log}`,
      )
    }
    if (performance.now() > until) {
      throw new StackError(
        `${name} is not ready after ${config.startTimeoutMs / 1000} s:\n${tailOf(log, LOG_LINES)}\nAll of it: ${log}`,
      )
    }
    await sleep(100)
  }
}
