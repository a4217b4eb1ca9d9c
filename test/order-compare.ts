/** Compares answers with SQL: sentences about what differs. */
import type {Static} from 'typebox'
import type {StreamTop} from '../api/schemas/streams.ts'
import type {Figures, Value} from './order-sql.ts'

/** How far a figure may be off, as a share of it; the others are equal. */
function errorOf(name: string): number {
  if (name === 'buyers') return 0.03
  if (name.startsWith('amounts_p')) return 0.05
  // PostgreSQL divides and roots decimals.
  return name === 'price' || name === 'spread' || name === 'returning' ? 1e-9 : 0
}

export function isNear(name: string, expected: Value, actual: Value | undefined): boolean {
  if (expected === actual) return true
  if (typeof expected !== 'number' || typeof actual !== 'number') return false
  const most = Math.abs(expected) * errorOf(name)
  return Math.abs(expected - actual) <= (name === 'buyers' ? Math.ceil(most) : most)
}

/** Sentences about what differs. */
export type Report = string[]

export function compareFigures(
  report: Report,
  where: string,
  expected: Figures,
  actual: object,
): void {
  const found = new Map<string, Value>(Object.entries(actual))
  for (const [name, value] of found) {
    const wanted = expected[name]
    if (wanted !== undefined && isNear(name, wanted, value)) continue
    report.push(`${where} ${name}: SQL ${wanted}, answered ${value}`)
  }
}

export const toText = (value: unknown): string => JSON.stringify(value)

export function compareTexts(
  report: Report,
  where: string,
  expected: unknown,
  actual: unknown,
): void {
  if (toText(expected) === toText(actual)) return
  report.push(`${where}: SQL ${toText(expected)}, answered ${toText(actual)}`)
}

export const byText = (a: unknown, b: unknown): number => (toText(a) < toText(b) ? -1 : 1)

export interface Ranked {
  readonly key: readonly Value[]
  readonly value: Value
}

/** Every key that has any of it, highest first, as near as the metric is. */
export function compareTop(
  report: Report,
  where: string,
  {
    metric,
    rows,
    items,
  }: {
    readonly metric: string
    readonly rows: readonly Ranked[]
    readonly items: Static<typeof StreamTop>['items']
  },
): void {
  const expected = new Map(
    rows
      .filter(({value}) => value !== null && value !== 0)
      .map(one => [toText(one.key), one.value]),
  )
  const actual = items.map(one => [toText(one.key), one.value] as const)
  compareTexts(
    report,
    where,
    [...expected.keys()].toSorted(),
    actual.map(([key]) => key).toSorted(),
  )
  for (const [i, [key, value]] of actual.entries()) {
    if (!isNear(metric, expected.get(key)!, value as Value)) {
      report.push(`${where} ${key}: SQL ${expected.get(key)}, answered ${value}`)
    }
    const before = actual[i - 1]?.[1] ?? value
    if (items[i]!.rank !== i + 1 || before! < value!) report.push(`${where}: ${key} is misplaced`)
  }
}
