/** What is sent to the other system. Pure. */
import {createHash} from 'node:crypto'
import {Webhook} from 'standardwebhooks'
import type {SinkEvent} from './event.ts'

/** `batch`: an object with a list of events. `event`: an event is a request of its own. */
export const BODIES = ['batch', 'event'] as const
export type Body = (typeof BODIES)[number]

export interface SinkRequest {
  /** The same for the same events. */
  readonly id: string
  readonly body: string
}

const ID_CHARACTERS = 32

/** Of one event its own; of several one that is made of theirs. */
export function requestIdOf(ids: readonly string[]): string {
  if (ids.length === 1) return ids[0]!
  const hash = createHash('sha256').update(ids.join(' ')).digest('hex')
  return `batch-${hash.slice(0, ID_CHARACTERS)}`
}

export function toRequest(
  stream: string,
  events: readonly SinkEvent[],
  {body, print}: {readonly body: Body; readonly print: (event: SinkEvent) => string},
): SinkRequest {
  const id = requestIdOf(events.map(event => event.id))
  const texts = events.map(print)
  if (body === 'event') return {id, body: texts.join('')}
  const about = JSON.stringify({id, stream}).slice(0, -1)
  return {id, body: `${about},"events":[${texts.join(',')}]}`}
}

export interface Credentials {
  /** Of Standard Webhooks; without one requests are not signed. */
  readonly secret?: string
  /** Value of the header `authorization`. */
  readonly authorization?: string
}

export type ToHeaders = (request: SinkRequest, nowMs: number) => Readonly<Record<string, string>>

/**
 * Headers of one attempt: the id is that of every attempt, the time and the signature are its own.
 *
 * @throws when the secret is none of Standard Webhooks
 */
export function createHeaders({secret, authorization}: Credentials): ToHeaders {
  const webhook = secret === undefined ? undefined : new Webhook(secret)
  return ({id, body}, nowMs) => {
    const at = new Date(nowMs)
    return {
      'content-type': 'application/json',
      'idempotency-key': id,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(nowMs / 1000)),
      ...(webhook === undefined ? {} : {'webhook-signature': webhook.sign(id, at, body)}),
      ...(authorization === undefined ? {} : {authorization}),
    }
  }
}
