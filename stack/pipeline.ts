/**
 * The whole: servers, then what must stand in them, then the services.
 *
 * Guarantees    A start that fails leaves nothing running (INV-81).
 */
import {PROJECT_FOLDER} from '../platform/environment.ts'
import {byService, SERVERS, type Env, type ServerName, type StackConfig} from './config.ts'
import {createServices, type Services} from './services.ts'
import {startStack, type Stack} from './stack.ts'
import {removeState, serverPids, writeState, type StackState} from './state.ts'

export interface PipelineOptions {
  readonly config: StackConfig
  /** All settings, wherever they came from. */
  readonly env: Env
  /** Of them, what the checkout's other commands go by while this runs. */
  readonly settings: Env
  readonly progress: (who: string, text: string) => void
  /** Brings the servers up to date: schema, topics, subjects, keyspace. Each part waits for its servers only. */
  readonly prepare: (ready: ServerGate) => Promise<void>
  /** False: only the servers. */
  readonly withServices: boolean
  readonly signal: AbortSignal
}

/** Resolves when the server answers; rejects with what ended the start of the stack. */
export type ServerGate = (name: ServerName) => Promise<void>

export interface Pipeline {
  readonly stack: Stack
  stop(): Promise<void>
}

/** @throws StackError that a person can act on */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const {config, progress, signal} = options
  const ended: Partial<Record<ServerName, string>> = {}
  let stack: Stack | undefined
  let services: Services | undefined
  const save = (phase: StackState['phase']): void => {
    if (stack === undefined) return
    writeState(config, {
      phase,
      connections: config.connections,
      settings: options.settings,
      servers: serverPids(stack),
      external: config.external,
      ended,
      services: services?.state() ?? byService(() => []),
    })
  }
  let phase: StackState['phase'] = 'starting'
  const stop = async (): Promise<void> => {
    await services?.stop()
    removeState(config)
    await stack?.stop()
  }
  const gates = openGates()
  const unprepared = new AbortController()
  const preparing = options.prepare(gates.passed)
  preparing.catch(error => unprepared.abort(error))
  try {
    stack = await startStack({
      config,
      env: options.env,
      progress,
      signal: AbortSignal.any([signal, unprepared.signal]),
      onServerReady: gates.open,
      onServerEnd(name, why) {
        ended[name] = why
        progress(
          name,
          `ended by itself (${why})\n${name} is not started again: npm stop, npm start`,
        )
        save(phase)
      },
    })
  } catch (error) {
    gates.close(error)
    await preparing.catch(() => undefined)
    throw error
  }
  try {
    save(phase)
    await preparing
    signal.throwIfAborted()
    if (options.withServices) {
      services = createServices({
        config,
        env: options.env,
        starter: stack.starter,
        node: process.execPath,
        sources: PROJECT_FOLDER,
        progress,
        onChange: () => save(phase),
        signal,
      })
      await services.start()
    }
    phase = 'ready'
    save(phase)
    return {stack, stop}
  } catch (error) {
    await stop()
    throw error
  }
}

/** One gate a server: who waits passes when it opens. */
function openGates(): {
  readonly passed: ServerGate
  readonly open: (name: ServerName) => void
  readonly close: (why: unknown) => void
} {
  const gates = new Map(SERVERS.map(name => [name, Promise.withResolvers<void>()]))
  // Nobody may be waiting at one that closes.
  for (const {promise} of gates.values()) promise.catch(() => undefined)
  return {
    passed: async name => await gates.get(name)!.promise,
    open: name => gates.get(name)!.resolve(),
    close(why) {
      for (const {reject} of gates.values()) reject(why)
    },
  }
}
