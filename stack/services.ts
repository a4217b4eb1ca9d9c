/**
 * Keeps the services running: starts them, waits until they are ready, starts them again when they
 * end, and stops them in the order in which data flows.
 *
 * Guarantees    A service that ended is started again with growing waits; five restarts in a minute
 *               make it unhealthy (INV-82).
 */
import {setTimeout as sleep} from 'node:timers/promises'
import {instancePort, localAddress} from '../platform/environment.ts'
import {byService, SERVICES, type Env, type ServiceName, type StackConfig} from './config.ts'
import {messageOf, StackError} from './errors.ts'
import {
  exitText,
  tailOf,
  type Exit,
  type ProcessStarter,
  type Program,
  type Running,
} from './processes.ts'
import {isFlapping, restartDelayMs} from './restart-policy.ts'

/** Ends before it was ever ready that fail the start of the whole stack. */
const FIRST_TRIES = 3
const READY_TIMEOUT_MS = 60_000
const LOG_LINES = 16

export interface ServiceState {
  readonly url: string
  readonly pid: number | null
  readonly flapping: boolean
  readonly restarts: number
}

export interface Services {
  /** Resolves when all are ready. @throws StackError when one cannot be started */
  start(): Promise<void>
  state(): Readonly<Record<ServiceName, readonly ServiceState[]>>
  stop(): Promise<void>
}

export interface ServicesDeps {
  readonly config: StackConfig
  readonly starter: ProcessStarter
  /** All settings, wherever they came from: services ask nowhere else. */
  readonly env: Env
  /** Node 24 and the folder with the sources. */
  readonly node: string
  readonly sources: string
  readonly progress: (who: string, text: string) => void
  /** Something changed that `state` shows. */
  readonly onChange: () => void
  readonly signal?: AbortSignal
}

interface Instance {
  readonly name: ServiceName
  readonly label: string
  readonly url: string
  readonly program: Program
  readonly restartsAtMs: number[]
  process: Running | undefined
}

const PORT_OF = {
  ingestor: 'relay',
  processor: 'processor',
  worker: 'worker',
  api: 'api',
} as const

export function createServices(deps: ServicesDeps): Services {
  const instances = SERVICES.flatMap(name =>
    Array.from({length: deps.config.counts[name]}, (_, index) => describe(name, index, deps)),
  )
  const stopping = new AbortController()
  const signals = deps.signal === undefined ? [] : [deps.signal]
  const keeping: Promise<void>[] = []
  return {
    async start() {
      const ready = instances.map(async instance => {
        const first = await startFirst(
          instance,
          deps,
          AbortSignal.any([stopping.signal, ...signals]),
        )
        keeping.push(keepRunning(instance, first, {...deps, signal: stopping.signal}))
      })
      const failure = (await Promise.allSettled(ready)).find(r => r.status === 'rejected')
      if (failure !== undefined) throw failure.reason
      deps.onChange()
    },
    state() {
      const now = Date.now()
      const of = (name: ServiceName): readonly ServiceState[] =>
        instances
          .filter(instance => instance.name === name)
          .map(({url, process, restartsAtMs}) => ({
            url,
            pid: process === undefined || process.exit() !== undefined ? null : process.pid,
            flapping: isFlapping(restartsAtMs, now),
            restarts: restartsAtMs.length,
          }))
      return byService(of)
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      await Promise.all(instances.map(async ({process}) => await process?.stop()))
      await Promise.all(keeping)
      // One that was being started again while we stopped.
      await Promise.all(instances.map(async ({process}) => await process?.stop()))
    },
  }
}

/** Batches die young: with room for several of them the collector copies few, a tenth of a service's time. */
export const SERVICE_FLAGS = ['--max-semi-space-size=64'] as const

function describe(
  name: ServiceName,
  index: number,
  {config, env, node, sources}: ServicesDeps,
): Instance {
  const {port, variable} = config.ports[PORT_OF[name]]
  const own = instancePort(port, index)
  return {
    name,
    label: config.counts[name] > 1 ? `${name}-${index + 1}` : name,
    url: `http://127.0.0.1:${own}`,
    program: {
      file: node,
      args: [...SERVICE_FLAGS, `${name}/main.ts`],
      cwd: sources,
      env: {
        API_RELAY_URLS: localAddress('API_RELAY_URLS', env),
        API_PROCESSOR_URLS: localAddress('API_PROCESSOR_URLS', env),
        API_WORKER_URLS: localAddress('API_WORKER_URLS', env),
        ...env,
        ...config.connections,
        [variable]: String(own),
        ENV_FILE: 'none',
      },
      stopSignal: 'SIGTERM',
      graceMs: 15_000,
    },
    restartsAtMs: [],
    process: undefined,
  }
}

/** Starts until it is ready once; a service that cannot start has a reason that a person must see. */
async function startFirst(
  instance: Instance,
  {starter, progress}: ServicesDeps,
  signal: AbortSignal,
): Promise<Running> {
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted()
    progress(instance.label, 'starting')
    const process = starter.start(instance.label, instance.program)
    instance.process = process
    const exit = await waitReady(instance, process, signal)
    if (exit === undefined) {
      progress(instance.label, 'ready')
      return process
    }
    if (tried === FIRST_TRIES) throw new StackError(endText(instance, exit, starter))
    await sleep(restartDelayMs([], 0), undefined, {signal})
  }
}

function endText({label}: Instance, exit: Exit, starter: ProcessStarter): string {
  const log = starter.logPath(label)
  // Killed from outside: its last words have nothing to do with it.
  if (exit.signal !== null) return `${label} ended (${exitText(exit)})`
  return `${label} ended (${exitText(exit)}):\n${tailOf(log, LOG_LINES)}\nAll of it: ${log}`
}

/** Undefined when it is ready, else how it ended. */
async function waitReady(
  {label, url}: Instance,
  process: Running,
  signal: AbortSignal,
): Promise<Exit | undefined> {
  const until = performance.now() + READY_TIMEOUT_MS
  let reason = 'no answer'
  while (performance.now() < until) {
    signal.throwIfAborted()
    const exit = process.exit()
    if (exit !== undefined) return exit
    try {
      const response = await fetch(`${url}/health/ready`, {signal: AbortSignal.timeout(2000)})
      reason = await response.text()
      if (response.ok) return undefined
    } catch (error) {
      reason = messageOf(error)
    }
    await sleep(50)
  }
  throw new StackError(`${label} is not ready after ${READY_TIMEOUT_MS / 1000} s: ${reason}`)
}

async function keepRunning(
  instance: Instance,
  first: Running,
  deps: ServicesDeps & {readonly signal: AbortSignal},
): Promise<void> {
  const {starter, progress, onChange, signal} = deps
  let process = first
  for (;;) {
    const exit = await process.exited
    if (signal.aborted) return
    progress(instance.label, endText(instance, exit, starter))
    onChange()
    const delayMs = restartDelayMs(instance.restartsAtMs, Date.now())
    await sleep(delayMs, undefined, {signal}).catch(() => undefined)
    if (signal.aborted) return
    instance.restartsAtMs.push(Date.now())
    if (isFlapping(instance.restartsAtMs, Date.now())) progress(instance.label, 'keeps ending')
    progress(instance.label, 'starting again')
    process = starter.start(instance.label, instance.program)
    instance.process = process
    onChange()
  }
}
