/** Names in SQL, whatever characters are in them. Pure. */

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** @param table `schema.name`, as streams name their tables */
export function quoteTable(table: string): string {
  const dot = table.indexOf('.')
  return `${quote(table.slice(0, dot))}.${quote(table.slice(dot + 1))}`
}
