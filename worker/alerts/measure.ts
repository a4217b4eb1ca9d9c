/** Asks for the values of a rule; those of past days are kept while they cannot have changed much. */
import {questionsOf, type AlertQuestion} from '../../contracts/alerts.ts'
import type {Figures, Found} from './figures.ts'
import type {Rows, Values} from './judge.ts'
import type {StoredRule} from './rule-table.ts'

export type Measured =
  | {readonly kind: 'values'; readonly values: Values}
  | {readonly kind: 'notJudged'; readonly reason: string}

interface Kept {
  readonly version: string
  readonly until: number
  readonly past: readonly Rows[]
}

const MINUTE_MS = 60_000

/** How long the past of a rule is not asked for again: a tenth of its window, a minute at least. */
const keepMs = ({window_minutes: minutes}: StoredRule): number =>
  Math.max(MINUTE_MS, minutes * 6000)

export interface Measure {
  measure(rule: StoredRule, signal: AbortSignal): Promise<Measured>
  /** Keeps nothing of rules that are gone. */
  retain(ids: ReadonlySet<string>): void
}

export function createMeasure(figures: Figures, now: () => number): Measure {
  const kept = new Map<string, Kept>()

  const askAll = async (
    questions: readonly AlertQuestion[],
    signal: AbortSignal,
  ): Promise<readonly Rows[] | Extract<Found, {kind: 'notJudged'}>> => {
    const all: Rows[] = []
    for (const question of questions) {
      const found = await figures.ask(question, signal)
      if (found.kind === 'notJudged') return found
      all.push(found.rows)
    }
    return all
  }

  return {
    async measure(rule, signal) {
      const at = now()
      const {present, past} = questionsOf(rule, at)
      const found = await figures.ask(present, signal)
      if (found.kind === 'notJudged') return found
      const known = kept.get(rule.id)
      // What is compared minute by minute moves with the present.
      const isKept = rule.kind !== 'change' && known?.version === rule.version && known.until > at
      const before = isKept ? known.past : await askAll(past, signal)
      if ('kind' in before) return before
      if (!isKept && past.length > 0) {
        kept.set(rule.id, {version: rule.version, until: at + keepMs(rule), past: before})
      }
      return {kind: 'values', values: {present: found.rows, past: before}}
    },
    retain(ids) {
      for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id)
    },
  }
}
