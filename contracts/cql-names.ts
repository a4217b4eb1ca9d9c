/** Names that tables and columns have in Cassandra without quotes, so that people can look into them. Pure. */

/** `reserved_keywords.txt` of Cassandra 5.0. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'add allow alter and apply asc authorize batch begin by columnfamily create delete desc describe drop entries ' +
    'execute from full grant if in index infinity insert into is keyspace limit materialized modify nan norecursive ' +
    'not null of on or order primary rename revoke schema select set table to token truncate unlogged update use ' +
    'using view where with'
  ).split(' '),
)

export const isReserved = (name: string): boolean => RESERVED.has(name)

/** Small letters, digits and _, a letter first, and no word of CQL. */
export const isCqlName = (name: string): boolean =>
  /^[a-z][a-z0-9_]*$/.test(name) && !isReserved(name)

/** A name in tables, keys and metrics: of a looked-up column, without its point. */
export const toName = (name: string): string => name.replaceAll('.', '_')

/** What a table is called that is named after any text, such as a topic. */
export function toTableName(text: string): string {
  const name = text.toLowerCase().replaceAll(/[^a-z0-9_]+/g, '_')
  return isCqlName(name) ? name : `events_${name}`
}
