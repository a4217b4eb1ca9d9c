/** A resource that may not be there yet: opened when it is first needed, again after a failure. */

export interface Late<T> {
  /** @throws what opening it failed with; not tried again before `retryMs` are over */
  get(): Promise<T>
  /** The resource when it is open. */
  readonly present: T | undefined
}

export function createLate<T>(open: () => Promise<T>, retryMs = 1000): Late<T> {
  let present: T | undefined
  let opening: Promise<T> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  const openOnce = async (): Promise<T> => {
    try {
      present = await open()
      return present
    } catch (error) {
      failedAt = performance.now()
      throw error
    }
  }
  return {
    get present() {
      return present
    },
    async get() {
      if (present !== undefined) return present
      if (opening !== undefined && performance.now() - failedAt < retryMs) return await opening
      if (opening === undefined || failedAt > 0) {
        failedAt = Number.NEGATIVE_INFINITY
        opening = openOnce()
      }
      return await opening
    },
  }
}
