/** CSV (RFC 4180) of a list of flat objects, safe to open in a spreadsheet. */

/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const inert = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

/** One level of nesting becomes `outer_inner`; deeper values are JSON text. */
export function flatten(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const flat: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(row)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, item] of Object.entries(value)) flat[`${key}_${inner}`] = item
    } else {
      flat[key] = value
    }
  }
  return flat
}

export function toCsv(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const flat = rows.map(flatten)
  const header = [...new Set(flat.flatMap(row => Object.keys(row)))]
  const lines = [header.map(toCell), ...flat.map(row => header.map(name => toCell(row[name])))]
  return lines.map(cells => `${cells.join(',')}\r\n`).join('')
}
