/** A bounded queue of records between the fetching of a partition and its folding. */

export interface Inbox<T> {
  /** Resolves when there is room again: whoever pushes waits for it before pushing more. */
  push(items: readonly T[]): Promise<void>
  /** Nobody takes any more: what waits is forgotten, whoever pushes goes on. */
  close(): void
  /** Waits for items; empty when the signal fired. */
  take(max: number, signal: AbortSignal): Promise<readonly T[]>
  readonly size: number
}

export function createInbox<T>(sizeMax: number): Inbox<T> {
  let items: T[] = []
  let onItems: (() => void) | undefined
  let isClosed = false
  let waiting: Array<() => void> = []
  const makeRoom = (): void => {
    if (items.length >= sizeMax) return
    const released = waiting
    waiting = []
    for (const release of released) release()
  }
  return {
    get size() {
      return items.length
    },
    close() {
      isClosed = true
      items = []
      makeRoom()
    },
    async push(more) {
      if (isClosed) return
      items = items.length === 0 ? [...more] : [...items, ...more]
      onItems?.()
      if (items.length < sizeMax) return
      const {promise, resolve} = Promise.withResolvers<void>()
      waiting.push(resolve)
      await promise
    },
    async take(max, signal) {
      if (items.length === 0 && !signal.aborted) {
        const {promise, resolve} = Promise.withResolvers<void>()
        const done = (): void => resolve()
        signal.addEventListener('abort', done)
        onItems = done
        await promise
        onItems = undefined
        signal.removeEventListener('abort', done)
      }
      if (signal.aborted) return []
      const taken = items
      items = taken.length > max ? taken.splice(max) : []
      makeRoom()
      return taken
    },
  }
}
