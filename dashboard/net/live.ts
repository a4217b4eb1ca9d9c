/**
 * A stream of server-sent events that comes back by itself, and says when it is stale.
 *
 * Guarantees    INV-91: whatever ends a stream (server away, refused for now, silent), it is opened again.
 *               Only what is refused for good, such as figures of what does not exist, is not asked again.
 * Does not      keep messages: the listener folds them.
 */
import {askWhy, isFinal, RequestError} from './request.ts'

export type LiveStatus = 'connecting' | 'live' | 'stale' | 'refused'

export interface LiveOptions {
  /** Names of the events to listen to; `stale` is told as the status, until the next other one. */
  readonly events: readonly string[]
  onMessage(event: string, data: unknown): void
  onStatus(status: LiveStatus): void
  /** Why it is not live. */
  onProblem?(error: RequestError): void
  /** A stream that promises messages is stale after this long without one. */
  readonly expectMs?: number
}

const REOPEN_MS = 1000
const REOPEN_MS_MAX = 5000
/** A page that nobody looks at lets the stream go after this long. */
const HIDDEN_MS = 30_000
const CHECK_MS = 1000

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Opens a stream. The function returned closes it. */
export function openLive(path: string, options: LiveOptions): () => void {
  let source: EventSource | undefined
  let status: LiveStatus | undefined
  let over = false
  let failures = 0
  let heardAt = performance.now()
  let hiddenAt: number | undefined
  let reopenTimer: ReturnType<typeof setTimeout> | undefined

  const say = (next: LiveStatus): void => {
    if (next === status) return
    status = next
    options.onStatus(next)
  }
  const close = (): void => {
    clearTimeout(reopenTimer)
    source?.close()
    source = undefined
  }
  const open = (): void => {
    close()
    heardAt = performance.now()
    const opened = new EventSource(path)
    source = opened
    opened.addEventListener('open', () => {
      failures = 0
      heardAt = performance.now()
      if (options.expectMs === undefined) say('live')
    })
    opened.addEventListener('error', () => {
      say('stale')
      // The browser gives up for good when the server answers with an error; we do not.
      if (opened.readyState === EventSource.CLOSED) void explain(opened)
      else options.onProblem?.(new RequestError(0, 'the server does not answer'))
    })
    opened.addEventListener('dropped', () => reopen())
    for (const event of options.events) {
      opened.addEventListener(event, message => {
        heardAt = performance.now()
        const data = parse((message as MessageEvent<string>).data)
        if (event === 'stale') {
          const {reason} = (data ?? {}) as {readonly reason?: unknown}
          if (typeof reason === 'string') options.onProblem?.(new RequestError(0, reason))
          return say('stale')
        }
        if (data === undefined) return
        say('live')
        options.onMessage(event, data)
      })
    }
  }
  const explain = async (refused: EventSource): Promise<void> => {
    const error = await askWhy(path)
    if (source !== refused) return
    if (error !== undefined) options.onProblem?.(error)
    if (error === undefined || !isFinal(error)) return reopen()
    over = true
    close()
    say('refused')
  }
  const reopen = (): void => {
    close()
    const waitMs = Math.min(REOPEN_MS * 2 ** failures, REOPEN_MS_MAX)
    failures++
    reopenTimer = setTimeout(open, waitMs)
  }
  const check = (): void => {
    if (over) return
    const now = performance.now()
    if (hiddenAt !== undefined && now - hiddenAt > HIDDEN_MS) return close()
    if (options.expectMs === undefined || source === undefined) return
    if (now - heardAt > options.expectMs) say('stale')
    // Silent though connected: a broken way in between shows like this.
    if (now - heardAt > options.expectMs * 5) reopen()
  }
  const onVisibility = (): void => {
    hiddenAt = document.hidden ? performance.now() : undefined
    if (!document.hidden && source === undefined && !over) open()
  }

  say('connecting')
  open()
  const timer = setInterval(check, CHECK_MS)
  document.addEventListener('visibilitychange', onVisibility)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', onVisibility)
    close()
  }
}
