/** What a page shows when it has nothing, nothing yet, or something went wrong. */
import type {ComponentChildren, JSX} from 'preact'
import {useEffect, useState} from 'preact/hooks'
import {formatAgo} from '../model/format.ts'
import type {LiveStatus} from '../net/live.ts'
import {isFinal} from '../net/request.ts'
import type {Meta} from '../net/types.ts'
import type {Live} from '../net/use-live.ts'
import type {Resource} from '../net/use-resource.ts'

export function Loading({lines = 3}: {readonly lines?: number}): JSX.Element {
  return (
    <div class="state" role="status">
      <span class="hidden-label">Loading</span>
      {Array.from({length: lines}, (_, i) => (
        <svg key={i} class="skeleton" width={200 - (i % 3) * 40} height="12" aria-hidden="true" />
      ))}
    </div>
  )
}

export function Empty({
  title,
  children,
}: {
  readonly title: string
  readonly children?: ComponentChildren
}): JSX.Element {
  return (
    <div class="state">
      <strong>{title}</strong>
      {children === undefined ? null : <span>{children}</span>}
    </div>
  )
}

export function Failed({
  message,
  onRetry,
}: {
  readonly message: string
  readonly onRetry: () => void
}): JSX.Element {
  return (
    <div class="state" role="alert">
      <strong>That did not work</strong>
      <span class="breaks">{message}</span>
      <button class="button" type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  )
}

/** The answer when it is there; else that it is coming, or why not. An old answer stays, marked. */
export function Await<T>({
  from,
  children,
  lines,
}: {
  readonly from: Resource<T>
  readonly children: (data: T) => ComponentChildren
  readonly lines?: number
}): JSX.Element {
  const {data, error, reload} = from
  if (data === undefined) {
    if (error !== undefined) return <Failed message={error.message} onRetry={reload} />
    return <Loading {...(lines === undefined ? {} : {lines})} />
  }
  return (
    <>
      {error === undefined ? null : (
        <p class="notice" role="status">
          Not up to date: {error.message}
        </p>
      )}
      {children(data)}
    </>
  )
}

/** Why a stream brings nothing: in the place of what it would bring, or above what it brought. */
export function LiveProblem({
  live: {error, reopen},
  hasData,
}: {
  readonly live: Pick<Live<unknown>, 'error' | 'reopen'>
  readonly hasData: boolean
}): JSX.Element | null {
  if (error === undefined) return null
  if (!hasData) return <Failed message={error.message} onRetry={reopen} />
  // A server that is just away is told by the sign, and comes back by itself.
  if (error.status === 0) return null
  return (
    <p class="notice" role="status">
      Not up to date: {error.message}
    </p>
  )
}

const WORDS: Readonly<Record<LiveStatus, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Stale, reconnecting',
  refused: 'Not live',
}

/** Whether what one sees is live; when it is not, since when. */
export function LiveSign({
  status,
  heardAt,
  error,
}: Pick<Live<unknown>, 'status' | 'heardAt'> & Partial<Pick<Live<unknown>, 'error'>>): JSX.Element {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (status !== 'stale') return undefined
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [status])
  const since =
    status === 'stale' && heardAt !== undefined
      ? ` · last ${formatAgo(Math.max(now - heardAt, 1000))}`
      : ''
  return (
    <span class={`live ${status}`} role="status" data-live={status} title={error?.message}>
      {WORDS[status]}
      <span aria-hidden="true">{since}</span>
    </span>
  )
}

/** The same of what is asked again and again. */
export function PollSign({
  of: {data, error, heardAt},
}: {
  readonly of: Pick<Resource<unknown>, 'data' | 'error' | 'heardAt'>
}): JSX.Element {
  const status = data === undefined ? 'connecting' : 'live'
  const failed = error !== undefined && isFinal(error) ? 'refused' : 'stale'
  return <LiveSign status={error === undefined ? status : failed} heardAt={heardAt} error={error} />
}

/** What an answer says about itself: that it lacks something, or is not as new as it could be. */
export function Notes({meta}: {readonly meta: Meta | undefined}): JSX.Element | null {
  if (meta === undefined || meta.notes.length === 0) return null
  return (
    <p class="notice" role="status">
      <span class="breaks">{meta.notes.join('. ')}</span>
    </p>
  )
}
