/** Instants as text and as microseconds since 1970. */

/** RFC 3339 with microseconds, UTC. */
export function toIso(micros: number): string {
  const ms = Math.floor(micros / 1000)
  const rest = String(micros - ms * 1000).padStart(3, '0')
  return `${new Date(ms).toISOString().slice(0, -1)}${rest}Z`
}

export const isoOrNull = (micros: number | null | undefined): string | null =>
  micros === null || micros === undefined ? null : toIso(micros)

export const msToIso = (ms: number): string => toIso(Math.round(ms) * 1000)

/** Whole milliseconds of what is not known more exactly. */
export const wholeMs = (ms: number | null): number | null => (ms === null ? null : Math.round(ms))

const RFC3339 =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/

/** Microseconds of an RFC 3339 text, or undefined when it names no instant. */
export function toMicros(text: string): number | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [, date, time, fraction = '', zone] = match
  // A leap second is the first moment after it, as in PostgreSQL.
  const leap = time!.endsWith(':60')
  const seconds = leap ? `${time!.slice(0, 6)}59` : time!
  const ms = Date.parse(`${date}T${seconds}${zone!.toUpperCase()}`)
  const start = Date.parse(`${date}T00:00:00Z`)
  if (!Number.isFinite(ms) || !Number.isFinite(start)) return undefined
  if (new Date(start).toISOString().slice(0, 10) !== date) return undefined
  return ms * 1000 + (leap ? 1_000_000 : Number(fraction.slice(0, 6).padEnd(6, '0')))
}
