/** CSV (RFC 4180) of flat rows, safe to open in a spreadsheet. */

export interface Table {
  /** Also the header, so that it is there without any row. */
  readonly columns: readonly string[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** What a spreadsheet would take for a formula; a number below zero is none. */
const FORMULA = /^(?!-(\d+(\.\d+)?|Infinity)$)[=+\-@\t\r]/

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const inert = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

/** Objects and lists become JSON text. */
export function toCsv({columns, rows}: Table): string {
  const lines = [columns.map(toCell), ...rows.map(row => columns.map(name => toCell(row[name])))]
  return lines.map(cells => `${cells.join(',')}\r\n`).join('')
}

/** JSON of any kind as a cell: a text stays told from what is none. */
export const toJsonCell = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)

/** The fields that a schema of objects has, in its order. */
export const columnsOf = (schema: {readonly properties: object}): readonly string[] =>
  Object.keys(schema.properties)
