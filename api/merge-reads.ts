/** Many small reads that are asked for at about the same time become one. */

/**
 * Keys that are asked for within one turn of the event loop are read together, each once. A read
 * begins after it was asked for, so whoever has waited for a fact before asking finds it.
 *
 * @param read values by key; a key that is missing has none
 */
export function mergeReads<V>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
): (key: string) => Promise<V | undefined> {
  let waiting: Map<string, PromiseWithResolvers<V | undefined>> | undefined

  const readAll = async (
    batch: ReadonlyMap<string, PromiseWithResolvers<V | undefined>>,
  ): Promise<void> => {
    try {
      const found = await read([...batch.keys()])
      for (const [key, {resolve}] of batch) resolve(found.get(key))
    } catch (error) {
      for (const {reject} of batch.values()) reject(error)
    }
  }

  return async key => {
    if (waiting === undefined) {
      const batch = (waiting = new Map())
      setImmediate(() => {
        waiting = undefined
        void readAll(batch)
      })
    }
    let one = waiting.get(key)
    if (one === undefined) waiting.set(key, (one = Promise.withResolvers()))
    return await one.promise
  }
}
