/**
 * An answer of the API as state of a page: loading, there, or failed; kept while it is asked again.
 *
 * Guarantees    INV-91: after a failure it asks again by itself until the server answers.
 */
import {useEffect, useRef, useState} from 'preact/hooks'
import type {Address} from './address.ts'
import {isFinal, requestAnew, RequestError, type Answer} from './request.ts'

export interface Resource<T> {
  /** The latest answer, also while a newer one is asked for. */
  readonly data: T | undefined
  readonly error: RequestError | undefined
  readonly loading: boolean
  /** When the latest answer came, milliseconds since 1970. */
  readonly heardAt: number | undefined
  readonly reload: () => void
}

const RETRY_MS = 2000

interface State<T> {
  readonly path: string | undefined
  readonly data: T | undefined
  readonly error: RequestError | undefined
  readonly loading: boolean
  readonly heardAt: number | undefined
}

/**
 * @param path undefined: nothing to ask yet
 * @param refreshMs ask again after this long; left out: only on `reload`
 */
export function useResource<T>(path: Address<T> | undefined, refreshMs?: number): Resource<T> {
  const [state, setState] = useState<State<T>>({
    path,
    data: undefined,
    error: undefined,
    loading: path !== undefined,
    heardAt: undefined,
  })
  const [round, setRound] = useState(0)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const known = useRef<{readonly path: string; readonly answer: Answer<T>} | undefined>(undefined)

  useEffect(() => {
    if (path === undefined) return undefined
    const abort = new AbortController()
    setState(old =>
      old.path === path
        ? {...old, loading: true}
        : {path, data: undefined, error: undefined, loading: true, heardAt: undefined},
    )
    const again = (waitMs: number): void => {
      timer.current = setTimeout(() => setRound(n => n + 1), waitMs)
    }
    const ask = async (): Promise<void> => {
      try {
        const old = known.current?.path === path ? known.current.answer : undefined
        const answer = await requestAnew<T>(path, old, {signal: abort.signal})
        known.current = {path, answer}
        const {data} = answer
        setState({path, data, error: undefined, loading: false, heardAt: Date.now()})
        if (refreshMs !== undefined) again(document.hidden ? refreshMs * 5 : refreshMs)
      } catch (cause) {
        if (abort.signal.aborted) return
        const error = cause instanceof RequestError ? cause : new RequestError(0, String(cause))
        setState(old => ({...old, error, loading: false}))
        if (!isFinal(error)) again(RETRY_MS)
      }
    }
    void ask()
    return () => {
      abort.abort()
      clearTimeout(timer.current)
    }
  }, [path, round, refreshMs])

  const current = state.path === path
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: path !== undefined && (!current || state.loading),
    heardAt: current ? state.heardAt : undefined,
    reload: () => setRound(n => n + 1),
  }
}
