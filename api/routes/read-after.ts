/** Read-your-writes for routes: read with the event that the caller names, or say how far it is. */
import type {FastifyReply} from 'fastify'
import type {Static} from 'typebox'
import {refuse} from '../problem.ts'
import {parseId} from '../reads/events.ts'
import type {Stores} from '../reads/stores.ts'
import type {Pending} from '../schemas/common.ts'
import type {AwaitedEvent, WaitedStore, WaitOutcome, Waits} from '../waits.ts'

export interface AfterEvent {
  readonly after_event?: string | undefined
  readonly wait_ms?: number | undefined
}

const FIELD = 'after_event'
const PLAIN = 'engagement'

/**
 * `stream:id`; plain `7` means engagement.
 *
 * @throws 422 for a stream that is not counted, or an id that none of its rows can have
 */
function parseAwaited(text: string, findPlan: Stores['findPlan']): AwaitedEvent {
  const colon = text.indexOf(':')
  const stream = colon < 0 ? PLAIN : text.slice(0, colon)
  const plan = findPlan(stream)
  if (plan === undefined) throw refuse('query', FIELD, text, `no stream ${stream} is counted`)
  return {stream, id: parseId(plan, text.slice(colon + 1), FIELD)}
}

export interface ReadAfter {
  /**
   * What is read with the awaited event in it: again, when a store has lost meanwhile what it had.
   * Undefined: the time was up, and a 202 is sent.
   */
  <T extends object>(
    query: AfterEvent,
    stores: readonly WaitedStore[],
    reply: FastifyReply,
    read: () => Promise<T>,
  ): Promise<T | undefined>
}

export interface LagFacts {
  /** Whether PostgreSQL has the event; undefined when it cannot be asked. */
  committed(event: AwaitedEvent): Promise<boolean | undefined>
  /** Rows of the outbox that are not published. */
  unpublished(): Promise<number | null>
}

export function createReadAfter(
  waits: Waits,
  findPlan: Stores['findPlan'],
  lag: LagFacts,
): ReadAfter {
  const pendingOf = async (
    text: string,
    event: AwaitedEvent,
    outcome: WaitOutcome,
  ): Promise<Static<typeof Pending>> => {
    const [committed, unpublished] = await Promise.all([lag.committed(event), lag.unpublished()])
    const reason = outcome.seen
      ? 'the event is known, but what is before it is not all in the store that answers'
      : committed === false
        ? 'PostgreSQL has no such event (yet)'
        : 'the event has not come through the pipeline yet'
    return {
      status: 'pending',
      after_event: text,
      reason,
      waited_ms: Math.round(outcome.waitedMs),
      lag: {
        event_committed: committed ?? false,
        outbox_unpublished: unpublished,
        records: outcome.behind,
      },
    }
  }
  return async (query, stores, reply, read) => {
    if (query.after_event === undefined) return await read()
    const event = parseAwaited(query.after_event, findPlan)
    const end = performance.now() + (query.wait_ms ?? 2000)
    for (;;) {
      const outcome = await waits.until(event, stores, Math.max(0, end - performance.now()))
      if (!outcome.reached) {
        const pending = await pendingOf(query.after_event, event, outcome)
        await reply.code(202).header('retry-after', '1').send(pending)
        return undefined
      }
      const answer = await read()
      if (await outcome.stands()) return answer
    }
  }
}
