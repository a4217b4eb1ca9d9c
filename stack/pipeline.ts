/**
 * The whole: servers, then what must stand in them, then the services.
 *
 * Guarantees    A start that fails leaves nothing running (INV-81).
 */
import {PROJECT_FOLDER} from '../platform/environment.ts'
import type {Env, ServerName, StackConfig} from './config.ts'
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
  /** Brings the servers up to date: schema, topics, subjects, keyspace. */
  readonly prepare: (stack: Stack) => Promise<void>
  /** False: only the servers. */
  readonly withServices: boolean
  readonly signal: AbortSignal
}

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
      services: services?.state() ?? {ingestor: [], processor: [], api: []},
    })
  }
  let phase: StackState['phase'] = 'starting'
  const stop = async (): Promise<void> => {
    await services?.stop()
    removeState(config)
    await stack?.stop()
  }
  stack = await startStack({
    config,
    env: options.env,
    progress,
    signal,
    onServerEnd(name, why) {
      ended[name] = why
      progress(name, `ended by itself (${why})\n${name} is not started again: npm stop, npm start`)
      save(phase)
    },
  })
  try {
    save(phase)
    await options.prepare(stack)
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
