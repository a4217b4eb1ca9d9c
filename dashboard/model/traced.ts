/** Which event of which stream is traced, as an address and a form say it. Pure. */

const EVENT = /^(?:([a-z][a-z0-9_]{0,62}):)?(.{1,200})$/su

/** What stands in an address: `activity:9`, or an id alone. */
export function parseEvent(text: string | undefined): {
  readonly stream: string | undefined
  readonly id: string | undefined
} {
  const [, stream, id] = EVENT.exec(text ?? '') ?? []
  return {stream, id}
}

/**
 * What was typed, for the address: an id of the stream chosen, or one that names its stream.
 *
 * @param known streams: what an id begins with is no stream unless it is one of them
 */
export function formatEvent(
  typed: string,
  chosen: string | undefined,
  known: readonly string[],
): string | undefined {
  const {stream, id} = parseEvent(typed)
  if (id === undefined) return undefined
  if (stream !== undefined && known.includes(stream)) return typed
  return chosen === undefined ? typed : `${chosen}:${typed}`
}
