/** Cuts events into requests. Pure. */

/**
 * In their order, each of at most so many events and bytes; an event that is larger goes alone.
 *
 * @param bytesOf of one event
 */
export function* toChunks<T>(
  events: readonly T[],
  bytesOf: (event: T) => number,
  {eventsMax, bytesMax}: {readonly eventsMax: number; readonly bytesMax: number},
): IterableIterator<readonly T[]> {
  let chunk: T[] = []
  let bytes = 0
  for (const event of events) {
    const more = bytesOf(event)
    if (chunk.length >= eventsMax || (chunk.length > 0 && bytes + more > bytesMax)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(event)
    bytes += more
  }
  if (chunk.length > 0) yield chunk
}
