/** What a bench is, and the one form in which every result is stored. */
import type {Env} from '../platform/config.ts'
import type {Servers} from './servers.ts'

export const RESULT_SCHEMA = 1

/** Values by name; the unit is the end of the name (`_ms`, `_us`, `_per_s`, `_pct`). */
export type Figures = Readonly<Record<string, number>>

/** One repetition of one case. */
export interface Round {
  /** What was varied, such as the client or the rate. */
  readonly label: string
  readonly figures: Figures
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface CaseSummary {
  readonly label: string
  readonly rounds: number
  readonly figures: Readonly<Record<string, Spread>>
}

export interface BenchEnvironment {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
  readonly servers: Readonly<Record<string, string>>
  /** Load average of the minute before: a shared machine measures its neighbours too. */
  readonly loadBefore: number
}

export interface BenchResult {
  readonly schema: typeof RESULT_SCHEMA
  readonly bench: string
  readonly what: string
  readonly at: string
  readonly commit: string
  /** True when files differed from the commit. */
  readonly isModified: boolean
  readonly command: string
  readonly environment: BenchEnvironment
  readonly configuration: Readonly<Record<string, string | number | boolean>>
  readonly summary: readonly CaseSummary[]
  readonly rounds: readonly Round[]
}

export interface BenchContext {
  readonly servers: Servers
  /** Settings of this run: the bench's defaults, changed by `--set`. */
  readonly settings: Readonly<Record<string, number>>
  /** Variables for services under test. */
  readonly env: Env
  readonly folder: string
  readonly progress: (text: string) => void
  /** Stores one repetition; shown at once. */
  readonly record: (round: Round) => void
}

export interface Bench {
  readonly name: string
  /** One line: what is measured, and how. */
  readonly what: string
  readonly needs: readonly ('postgres' | 'kafka' | 'registry' | 'cassandra' | 'redis')[]
  /** Every number that may be set, with its default. */
  readonly settings: Readonly<Record<string, number>>
  run(context: BenchContext): Promise<void>
}

const median = (sorted: readonly number[]): number => {
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Rounds of one label together: median and extremes of every figure. */
export function summarize(rounds: readonly Round[]): readonly CaseSummary[] {
  const labels = [...new Set(rounds.map(round => round.label))]
  return labels.map(label => {
    const mine = rounds.filter(round => round.label === label)
    const names = [...new Set(mine.flatMap(round => Object.keys(round.figures)))]
    const figures = names.map(name => {
      const values = mine
        .map(round => round.figures[name])
        .filter(value => value !== undefined)
        .toSorted((a, b) => a - b)
      return [name, {median: median(values), min: values[0]!, max: values.at(-1)!}] as const
    })
    return {label, rounds: mine.length, figures: Object.fromEntries(figures)}
  })
}

/** The value below which a share of the sorted values lies. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}
