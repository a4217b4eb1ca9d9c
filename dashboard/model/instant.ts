/**
 * Times of forms and addresses. A field is in the viewer's zone; the address is in UTC and says so,
 * so that whoever has the link asks the same.
 */

const toText = (ms: number): string | undefined =>
  Number.isFinite(ms) ? new Date(ms).toISOString().replace(/\.000Z$/, 'Z') : undefined

/** What was typed, for the address; undefined for none. */
export const toInstant = (local: string | undefined): string | undefined =>
  local === undefined ? undefined : toText(Date.parse(local))

const HAS_ZONE = /(?:Z|[+-]\d\d:?\d\d)$/i

/** What stands in an address. Without a zone it is UTC, whoever reads it. */
export const readInstant = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : toText(Date.parse(HAS_ZONE.test(text) ? text : `${text}Z`))

const pad = (value: number, length = 2): string => String(value).padStart(length, '0')

/** The value of a field of date and time, in the viewer's zone. */
export function toField(instant: string | undefined): string | undefined {
  const known = readInstant(instant)
  if (known === undefined) return undefined
  const at = new Date(known)
  const day = `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
  const seconds = at.getSeconds() === 0 ? '' : `:${pad(at.getSeconds())}`
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}${seconds}`
}
