/** Counts per day and type, as a table of days. Pure. */

export interface DayCount {
  readonly day: string
  readonly activity_type: string
  readonly count: number
}

export interface DayTable {
  /** Types, most frequent first. */
  readonly types: readonly string[]
  /** Days in UTC, newest first. */
  readonly rows: readonly {
    readonly day: string
    readonly total: number
    readonly counts: ReadonlyMap<string, number>
  }[]
}

/** Types that have a column of their own; what the others have is told together. */
export function pickTypes(
  {types, rows}: DayTable,
  most: number,
): {
  readonly shown: readonly string[]
  readonly otherOf?: (row: DayTable['rows'][number]) => number
} {
  // One type more takes the place that "other" would take.
  if (types.length <= most + 1) return {shown: types}
  const shown = types.slice(0, most)
  const others = new Map(
    rows.map(row => [
      row,
      shown.reduce((left, type) => left - (row.counts.get(type) ?? 0), row.total),
    ]),
  )
  return {shown, otherOf: row => others.get(row) ?? 0}
}

export function toDayTable(items: readonly DayCount[]): DayTable {
  const totals = new Map<string, number>()
  const days = new Map<string, Map<string, number>>()
  for (const {day, activity_type: type, count} of items) {
    totals.set(type, (totals.get(type) ?? 0) + count)
    const counts = days.get(day) ?? new Map<string, number>()
    days.set(day, counts.set(type, (counts.get(type) ?? 0) + count))
  }
  const types = [...totals]
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([type]) => type)
  const rows = [...days]
    .toSorted(([a], [b]) => (a < b ? 1 : -1))
    .map(([day, counts]) => ({
      day,
      counts,
      total: [...counts.values()].reduce((sum, n) => sum + n, 0),
    }))
  return {types, rows}
}

/** Daily totals without gaps from the first day to the last, seconds since 1970, for a chart. */
export function toDaySeries(table: DayTable): readonly [readonly number[], readonly number[]] {
  const byDay = new Map(table.rows.map(row => [Date.parse(`${row.day}T00:00:00Z`), row.total]))
  const times = [...byDay.keys()].toSorted((a, b) => a - b)
  const x: number[] = []
  const y: number[] = []
  const DAY = 86_400_000
  const DAYS_MAX = 1100
  const last = times.at(-1) ?? 0
  for (let day = Math.max(times[0] ?? 1, last - DAYS_MAX * DAY); day <= last; day += DAY) {
    x.push(day / 1000)
    y.push(byDay.get(day) ?? 0)
  }
  return [x, y]
}
