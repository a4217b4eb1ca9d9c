/**
 * One open stream of server-sent events.
 *
 * Guarantees    INV-65: what waits for a slow reader is bounded; beyond the bound the stream ends
 *               with a last message that says why. A silent stream says it is alive.
 */
import {Readable} from 'node:stream'

export interface LiveMessage {
  /** Where to go on after a lost connection; comes back as Last-Event-ID. */
  readonly id?: string
  readonly event: string
  readonly data: unknown
}

export type DropReason = 'slow-reader' | 'server-stops' | 'too-long' | 'done'

export interface LiveStream {
  /** To be sent as the body of the answer. */
  readonly body: Readable
  /** False when the stream is over, or was ended because the reader is too slow. */
  send(message: LiveMessage): boolean
  /** Ends with a last message `dropped`. */
  drop(reason: DropReason): void
  readonly ended: boolean
  /** Whether any message was sent. */
  readonly begun: boolean
  /** Messages go to this reader from now on, not into the body. */
  readBy(reader: (message: LiveMessage) => void): void
  /** Called once when the stream is over, whoever ended it. */
  onEnd(listener: (reason: DropReason | 'client-left') => void): void
}

export interface StreamOptions {
  readonly bufferBytesMax: number
  readonly heartbeatMs: number
  /** After this long the client must come again: limits and keys are looked at anew. */
  readonly lifeMsMax: number
}

const ID = /^[\w.:,-]{0,400}$/

/** The text of one message. Line breaks cannot leave JSON, and ids of other forms are left out. */
export function formatMessage({id, event, data}: LiveMessage): string {
  const head = id === undefined || !ID.test(id) ? '' : `id: ${id}\n`
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** @param heard id of the message that the listener had last */
export function openLiveStream(options: StreamOptions, heard?: string): LiveStream {
  const listeners: ((reason: DropReason | 'client-left') => void)[] = []
  let reader: ((message: LiveMessage) => void) | undefined
  let latest = heard === '' ? undefined : heard
  let begun = false
  let over: DropReason | 'client-left' | undefined
  const body = new Readable({highWaterMark: options.bufferBytesMax, read() {}})
  const finish = (reason: DropReason | 'client-left'): void => {
    if (over !== undefined) return
    over = reason
    clearInterval(heartbeat)
    clearTimeout(life)
    for (const listener of listeners) listener(reason)
  }
  const stream: LiveStream = {
    body,
    get ended() {
      return over !== undefined
    },
    get begun() {
      return begun
    },
    send(message) {
      if (over !== undefined) return false
      // Figures as they were: heard before, or told by whoever looked first.
      if (message.id !== undefined && message.id === latest) return true
      // After anything else, such as that they are stale, they are news again.
      latest = message.id
      begun = true
      if (reader !== undefined) {
        reader(message)
        return true
      }
      body.push(formatMessage(message))
      if (body.readableLength <= options.bufferBytesMax) return true
      stream.drop('slow-reader')
      return false
    },
    drop(reason) {
      if (over !== undefined) return
      body.push(formatMessage({event: 'dropped', data: {reason}}))
      body.push(null)
      finish(reason)
    },
    readBy(one) {
      reader = one
      // What keeps the stream alive is not read by anybody then.
      body.resume()
    },
    onEnd: listener => void listeners.push(listener),
  }
  const heartbeat = setInterval(() => {
    if (body.readableLength <= options.bufferBytesMax) body.push(': alive\n\n')
    else stream.drop('slow-reader')
  }, options.heartbeatMs)
  const life = setTimeout(() => stream.drop('too-long'), options.lifeMsMax)
  for (const timer of [heartbeat, life]) timer.unref()
  body.once('close', () => finish('client-left'))
  // How long to wait before coming again, for browsers.
  body.push('retry: 1000\n\n')
  return stream
}
