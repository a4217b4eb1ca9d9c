/** The two shapes of things that live: resources, which are released, and loops, which run. */
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'

/** A long-running loop. `run` resolves after a clean stop and rejects when it cannot go on. */
export interface Loop {
  readonly name: string
  run(signal: AbortSignal): Promise<void>
}

/** Runs loops until one fails or the signal fires; then stops the others and waits for all. */
export async function runLoops(loops: readonly Loop[], signal: AbortSignal): Promise<void> {
  const local = new AbortController()
  const all = AbortSignal.any([signal, local.signal])
  const results = await Promise.allSettled(
    loops.map(async loop => {
      try {
        await loop.run(all)
      } finally {
        local.abort(new Error(`${loop.name} ended`))
      }
    }),
  )
  const failures = results.flatMap(r => (r.status === 'rejected' ? [r.reason as unknown] : []))
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, 'several loops failed')
}

/** Waits `ms`, or less when the signal fires; never rejects because of the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await sleep(Math.max(0, ms), undefined, {signal}).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

/** Resolves when the signal fires, or has. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

/** How long a service may take to stop before it is ended, milliseconds. */
const STOP_DEADLINE_MS = 10_000

/**
 * An abort signal that fires at SIGINT or SIGTERM. A second signal, or ten seconds, ends the
 * process at once with exit status 1.
 */
export function stopSignal(onSecond: () => void = () => process.exit(1)): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) return onSecond()
      stop.abort(new Error(name))
      setTimeout(onSecond, STOP_DEADLINE_MS).unref()
    })
  }
  return stop.signal
}
