/**
 * Sends events to a system that is not ours, over HTTP.
 *
 * Guarantees    INV-161: see platform/guarded-fetch.ts. INV-163: an event is put aside only when it was refused
 *               alone, while others are taken.
 * Does not      know partitions: whoever delivers sends those of one after the other.
 */
import {messageOf} from '../../platform/errors.ts'
import type {GuardedFetch} from '../../platform/guarded-fetch.ts'
import {pause} from '../../platform/lifecycle.ts'
import {retryDelayMs} from '../../platform/retry.ts'
import type {Breaker} from './breaker.ts'
import {toChunks} from './chunks.ts'
import type {Delivery, Destination, Refusal} from './destination.ts'
import type {SinkEvent} from './event.ts'
import {toRequest, type Body, type SinkRequest, type ToHeaders} from './http-request.ts'
import type {SinkMetrics} from './metrics.ts'
import {outcomeOf, type Outcome} from './outcome.ts'

export interface HttpDestinationDeps {
  readonly call: GuardedFetch
  readonly breaker: Breaker
  readonly headersOf: ToHeaders
  /** By the topic that events come from. */
  readonly printerOf: (topic: string) => {
    readonly stream: string
    readonly print: (event: SinkEvent) => string
  }
  readonly metrics: SinkMetrics
  readonly now: () => number
  /** 0..1 */
  readonly random: () => number
}

export interface HttpDestinationOptions {
  readonly url: string
  readonly body: Body
  readonly batchEventsMax: number
  readonly batchBytesMax: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

export function createHttpDestination(
  deps: HttpDestinationDeps,
  options: HttpDestinationOptions,
): Destination {
  const {call, breaker, metrics, now, random} = deps
  const {url, body, batchBytesMax, firstDelayMs, maxDelayMs} = options
  const eventsMax = body === 'event' ? 1 : options.batchEventsMax

  const post = async (request: SinkRequest, signal: AbortSignal): Promise<Outcome> => {
    const headers = deps.headersOf(request, now())
    const beganMs = now()
    try {
      const init = {method: 'POST', headers, body: request.body, signal}
      return outcomeOf(await call(url, init), now())
    } catch (error) {
      if (signal.aborted) throw error
      return {kind: 'again', why: messageOf(error), afterMs: null}
    } finally {
      metrics.requestSeconds.observe((now() - beganMs) / 1000)
    }
  }

  /** One attempt, when the system may be asked. The breaker hears how it ended. */
  const attempt = async (
    request: SinkRequest,
    isSingle: boolean,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    await breaker.enter(signal)
    signal.throwIfAborted()
    const outcome = await post(request, signal).catch((error: unknown) => {
      breaker.left()
      throw error
    })
    metrics.requests.inc({outcome: outcome.kind})
    if (outcome.kind === 'taken') breaker.taken()
    else if (outcome.kind === 'again') breaker.failed(outcome.afterMs)
    else if (!isSingle) breaker.left()
    else if (!breaker.refused()) {
      breaker.failed(null)
      const why = `it refuses everything: ${outcome.why}`
      return {kind: 'again', why, afterMs: null}
    }
    return outcome
  }

  const deliver = async (
    events: readonly SinkEvent[],
    delivery: Delivery,
  ): Promise<readonly Refusal[]> => {
    const {signal, onWait} = delivery
    const [first] = events
    const {stream, print} = deps.printerOf(first!.source.topic)
    const request = toRequest(stream, events, {body, print})
    for (let tries = 1; ; tries++) {
      const outcome = await attempt(request, events.length === 1, signal)
      if (outcome.kind === 'taken') return []
      if (outcome.kind === 'refused') {
        if (events.length === 1) {
          return [{event: first!, reason: 'UPSTREAM_REFUSED', message: outcome.why}]
        }
        // One of them is meant: the others are taken without it.
        const half = Math.ceil(events.length / 2)
        const before = await deliver(events.slice(0, half), delivery)
        return [...before, ...(await deliver(events.slice(half), delivery))]
      }
      metrics.retries.inc({destination: 'http'})
      onWait(outcome.why)
      await pause(retryDelayMs(tries, {firstDelayMs, maxDelayMs, random}), signal)
    }
  }

  return {
    name: 'http',
    chunksOf: events =>
      toChunks(events, ({source}) => 2 * (source.value?.length ?? 0), {
        eventsMax,
        bytesMax: batchBytesMax,
      }),
    deliver,
  }
}
