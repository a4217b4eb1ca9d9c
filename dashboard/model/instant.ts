/** A local time of a form's field as the API wants it; undefined for none. */
export function toInstant(local: string | undefined): string | undefined {
  const ms = local === undefined ? Number.NaN : Date.parse(local)
  return Number.isFinite(ms) ? new Date(ms).toISOString() : undefined
}
