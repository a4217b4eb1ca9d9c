/** CSV of what one sees (RFC 4180), safe to open in a spreadsheet. */

export type Cell = string | number | boolean | null | undefined

/** A spreadsheet would run text that begins like this; an apostrophe keeps it text. */
const FORMULA = /^[=+\-@\t\r]/

function formatCell(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell !== 'string') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function toCsv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map(row => `${row.map(formatCell).join(',')}\r\n`).join('')
}
