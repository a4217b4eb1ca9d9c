/** Figures by value, of one content or of two side by side. Pure. */

interface Figures {
  readonly events: number
  readonly engagement_seconds: number
}

interface Item {
  readonly value: string | null
  readonly metrics: Figures
}

export interface Row {
  readonly value: string | null
  /** Of each content; undefined where it has none of the value. */
  readonly of: readonly (Figures | undefined)[]
}

/** A row for each value that one of the contents has, by what the first has of it. */
export const joinItems = (lists: readonly (readonly Item[])[]): readonly Row[] =>
  [...new Set(lists.flat().map(({value}) => value))]
    .map(value => ({
      value,
      of: lists.map(list => list.find(item => item.value === value)?.metrics),
    }))
    .filter(({of}) => of.some(metrics => (metrics?.events ?? 0) > 0))
    .toSorted((a, b) => (b.of[0]?.events ?? 0) - (a.of[0]?.events ?? 0))

/** Events of the content at a place, over all values. */
export const totalOf = (rows: readonly Row[], at: number): number =>
  rows.reduce((sum, {of}) => sum + (of[at]?.events ?? 0), 0)

export const shareOf = (row: Row, at: number, total: number): number | null =>
  total === 0 ? null : (row.of[at]?.events ?? 0) / total
