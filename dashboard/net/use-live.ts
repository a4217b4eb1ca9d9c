import {useEffect, useReducer, useRef, useState} from 'preact/hooks'
import {openLive, type LiveStatus} from './live.ts'
import type {RequestError} from './request.ts'

export interface LiveMessage {
  readonly event: string
  readonly data: unknown
}

export interface Live<S> {
  readonly state: S
  readonly status: LiveStatus
  /** When the last message came, milliseconds since 1970. */
  readonly heardAt: number | undefined
  /** Why it is not live, as far as that is known. */
  readonly error: RequestError | undefined
  readonly reopen: () => void
}

interface Inner<S> {
  readonly state: S
  readonly heardAt: number | undefined
}

/** At most this often is a page drawn anew, however fast messages come. */
const DRAW_MS = 250

/**
 * Folds the messages of a stream into state, drawn at most four times a second.
 *
 * @param path undefined: closed; another path starts from `initial` again
 */
export function useLive<S>(
  path: string | undefined,
  options: {
    readonly events: readonly string[]
    readonly initial: S
    readonly fold: (state: S, message: LiveMessage) => S
    readonly expectMs?: number
  },
): Live<S> {
  const {events, initial, fold, expectMs} = options
  const [status, setStatus] = useState<LiveStatus>('connecting')
  const [error, setError] = useState<RequestError | undefined>(undefined)
  const [round, reopen] = useReducer<number, void>(n => n + 1, 0)
  const [, draw] = useReducer<number, void>(n => n + 1, 0)
  const inner = useRef<Inner<S>>({state: initial, heardAt: undefined})
  const foldRef = useRef(fold)
  foldRef.current = fold

  useEffect(() => {
    inner.current = {state: initial, heardAt: undefined}
    setError(undefined)
    draw()
    if (path === undefined) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let waiting = false
    const close = openLive(path, {
      events,
      ...(expectMs === undefined ? {} : {expectMs}),
      onStatus(next) {
        setStatus(next)
        if (next === 'live') setError(undefined)
      },
      onProblem: setError,
      onMessage(event, data) {
        inner.current = {
          state: foldRef.current(inner.current.state, {event, data}),
          heardAt: Date.now(),
        }
        // The first message of a while is drawn at once, those close behind it together.
        if (timer !== undefined) {
          waiting = true
          return
        }
        draw()
        const drawn = (): void => {
          timer = undefined
          if (!waiting) return
          waiting = false
          draw()
          timer = setTimeout(drawn, DRAW_MS)
        }
        timer = setTimeout(drawn, DRAW_MS)
      },
    })
    return () => {
      clearTimeout(timer)
      close()
    }
    // The other options are constants of the page.
  }, [path, round])

  return {...inner.current, status, error, reopen: () => reopen()}
}
