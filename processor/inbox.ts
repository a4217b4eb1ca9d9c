/** A bounded queue of records between the fetching of a partition and its folding. */

export interface Inbox<T> {
  /** Resolves when there is room again: whoever pushes waits for it before pushing more. */
  push(items: readonly T[]): Promise<void>
  /** Waits for items; empty when the signal fired. */
  take(max: number, signal: AbortSignal): Promise<readonly T[]>
  readonly size: number
}

export function createInbox<T>(sizeMax: number): Inbox<T> {
  let items: T[] = []
  let onItems: (() => void) | undefined
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
    async push(more) {
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
      if (signal.aborted) {
        // Nobody takes any more: whoever pushes must not hang.
        items = []
        makeRoom()
        return []
      }
      const taken = items
      items = taken.length > max ? taken.splice(max) : []
      makeRoom()
      return taken
    },
  }
}
