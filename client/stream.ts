/**
 * A stream of server-sent events that comes back by itself.
 *
 * Guarantees    What breaks after it was open once is opened again, after the last message that was
 *               heard, until its signal fires or the server says that there is no more.
 * Does not      make up for what the server has forgotten meanwhile: it says how much that was.
 */
import {createEventParser, type EventParser, type RawMessage} from './event-stream.ts'
import {
  drawChance,
  nextTryMs,
  parseRetryAfter,
  pause,
  spreadMs,
  TIMER_MS_MAX,
  type Chance,
  type RetryLimits,
} from './retry.ts'

/** How a connection ended. */
export type ConnectionEnd =
  /** The server has said everything. */
  | {readonly kind: 'done'}
  | {readonly kind: 'closed'}
  | {readonly kind: 'broken'; readonly error: unknown}
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly retryAfter: string | null
      readonly error: unknown
    }
  /** It was no stream of events, or none that can be read. */
  | {readonly kind: 'unreadable'; readonly error: unknown}

/** What came before the end of a connection. */
export interface Listened {
  /** Whether any connection was open. */
  readonly opened: boolean
  /** Connections since the last one that was open, this one included. */
  readonly failures: number
  readonly elapsedMs: number
  readonly retryMs: number
}

export type NextStep =
  | {readonly kind: 'end'}
  | {readonly kind: 'fail'; readonly error: unknown}
  | {readonly kind: 'reopen'; readonly waitMs: number}

/** What the server asks for unless it says otherwise. */
const REOPEN_MS = 1000
const REOPEN_MS_MAX = 30_000
/** Three times what the API lets pass without a sign of life. */
const SILENT_MS = 45_000

/** What follows the end of a connection. */
export function afterConnection(
  end: ConnectionEnd,
  listened: Listened,
  limits: RetryLimits,
  chance: Chance,
): NextStep {
  if (end.kind === 'done') return {kind: 'end'}
  if (end.kind === 'unreadable') return {kind: 'fail', error: end.error}
  if (!listened.opened && end.kind !== 'closed') {
    // As any request: an address that nobody answers at should be told soon.
    const outcome =
      end.kind === 'refused' ? ({...end, kind: 'answered'} as const) : ({kind: 'failed'} as const)
    const tried = {attempts: listened.failures, elapsedMs: listened.elapsedMs, repeatable: true}
    const waitMs = nextTryMs(outcome, tried, limits, chance)
    return waitMs === undefined ? {kind: 'fail', error: end.error} : {kind: 'reopen', waitMs}
  }
  if (end.kind === 'refused') {
    if (end.status !== 429 && end.status < 500) return {kind: 'fail', error: end.error}
    const told = parseRetryAfter(end.retryAfter, chance.now)
    if (told !== undefined) return {kind: 'reopen', waitMs: spreadMs(told, chance.random)}
  }
  const ms = Math.min(REOPEN_MS_MAX, listened.retryMs * 2 ** Math.min(listened.failures, 10))
  return {kind: 'reopen', waitMs: spreadMs(Math.max(ms, listened.retryMs), chance.random)}
}

/** The API's last message on a connection says why it ends. */
function isLast(data: string): boolean {
  try {
    return (JSON.parse(data) as {readonly reason?: unknown}).reason === 'done'
  } catch {
    return false
  }
}

interface Connection {
  readonly open: (lastEventId: string, signal: AbortSignal) => Promise<Response>
  /** What is told of an answer that is no success. */
  readonly errorOf: (answer: Response) => Promise<unknown>
  readonly onOpen: () => void
  readonly signal: AbortSignal | undefined
  readonly silentMs: number
}

async function judge(
  answer: Response,
  errorOf: Connection['errorOf'],
): Promise<ConnectionEnd | undefined> {
  const {status, headers} = answer
  if (!answer.ok) {
    const error = await errorOf(answer)
    return {kind: 'refused', status, retryAfter: headers.get('retry-after'), error}
  }
  if (status === 204) return {kind: 'done'}
  const type = headers.get('content-type')
  if (answer.body !== null && type?.startsWith('text/event-stream') === true) return undefined
  return {kind: 'unreadable', error: new TypeError(`no stream of events but ${type ?? 'nothing'}`)}
}

/** The messages of one connection; returns how it ended. */
async function* hear(
  parser: EventParser,
  {open, errorOf, onOpen, signal, silentMs}: Connection,
): AsyncGenerator<RawMessage, ConnectionEnd, undefined> {
  const own = new AbortController()
  const stop = (): void => own.abort(signal?.reason)
  signal?.addEventListener('abort', stop, {once: true})
  const soon = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setTimeout(
      () => own.abort(new Error(`nothing was heard for ${silentMs} ms`)),
      Math.min(silentMs, TIMER_MS_MAX),
    )
    try {
      return await work
    } finally {
      clearTimeout(timer)
    }
  }
  try {
    const answer = await soon(open(parser.lastEventId, own.signal))
    const end = await soon(judge(answer, errorOf))
    if (end !== undefined) return end
    onOpen()
    const reader = answer.body!.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const {done, value} = await soon(reader.read())
      if (done) return {kind: 'closed'}
      for (const message of parser.push(decoder.decode(value, {stream: true}))) {
        if (message.event !== 'dropped') yield message
        else if (isLast(message.data)) return {kind: 'done'}
      }
    }
  } catch (error) {
    return {kind: error instanceof RangeError ? 'unreadable' : 'broken', error}
  } finally {
    signal?.removeEventListener('abort', stop)
    own.abort()
  }
}

export interface ListenOptions extends Pick<Connection, 'open' | 'errorOf'> {
  readonly limits: RetryLimits
  readonly signal?: AbortSignal | undefined
  readonly lastEventId?: string | undefined
  readonly silentMs?: number | undefined
  readonly onReconnect?:
    | ((lost: {readonly error: unknown; readonly waitMs: number}) => void)
    | undefined
}

/** @throws what the API refused with, or what kept the first connection from being opened */
export async function* listen(options: ListenOptions): AsyncGenerator<RawMessage, void, undefined> {
  const {signal, limits, silentMs = SILENT_MS, onReconnect} = options
  const begun = performance.now()
  let heard = options.lastEventId ?? ''
  let retryMs = REOPEN_MS
  let opened = false
  let failures = 0
  const onOpen = (): void => {
    opened = true
    failures = -1
  }
  const isOver = (): boolean => signal?.aborted === true
  while (!isOver()) {
    const parser = createEventParser(heard)
    const end = yield* hear(parser, {...options, signal, silentMs, onOpen})
    if (isOver()) return
    heard = parser.lastEventId
    retryMs = parser.retryMs ?? retryMs
    failures++
    const listened = {opened, failures, elapsedMs: performance.now() - begun, retryMs}
    const next = afterConnection(end, listened, limits, drawChance())
    if (next.kind === 'end') return
    if (next.kind === 'fail') throw next.error
    onReconnect?.({error: 'error' in end ? end.error : undefined, waitMs: next.waitMs})
    // Rejected by the signal alone, and that ends the stream.
    await pause(next.waitMs, signal).catch(() => undefined)
  }
}
