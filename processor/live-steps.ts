/** Which steps of windows a run has brought to Redis: readers are told, so that one that is evicted is missed. */
import type {StepNames} from '../readmodel/live-store.ts'
import type {WindowPlan} from '../readmodel/plan.ts'
import {BEHIND_S} from '../readmodel/step-table.ts'

/** Readers' clocks may be ahead, and say of what is dated ahead is heard before its time. */
const AHEAD_S = 120
/** Steps come into the window by time alone. */
const SAY_AGAIN_S = 10

interface StepRow {
  readonly projection: {readonly id: string}
  /** Start of the step, seconds since 1970. */
  readonly key: string
}

export interface LiveSteps {
  /** These rows are in Redis with the next call, steps among them. */
  note(rows: readonly StepRow[]): void
  /** What is to be said with the next call; null: what was said is true still. */
  names(nowS: number): StepNames | null
  /** A new run: nothing is there. */
  clear(): void
}

export function createLiveSteps(windows: readonly Pick<WindowPlan, 'id' | 'seconds'>[]): LiveSteps {
  const starts = new Map(windows.map(({id}) => [id, new Set<number>()]))
  let isNew = false
  let saidS = Number.NEGATIVE_INFINITY
  return {
    note(rows) {
      for (const {projection, key} of rows) {
        const known = starts.get(projection.id)
        const start = Number(key)
        if (known === undefined || known.has(start)) continue
        known.add(start)
        isNew = true
      }
    },
    names(nowS) {
      if (!isNew && nowS - saidS < SAY_AGAIN_S) return null
      isNew = false
      saidS = nowS
      const names = windows.map(({id, seconds}) => {
        const known = starts.get(id)!
        for (const start of known) if (start < nowS - seconds - BEHIND_S) known.delete(start)
        return [id, [...known].filter(start => start < nowS + AHEAD_S)]
      })
      return Object.fromEntries(names) as StepNames
    },
    clear() {
      for (const known of starts.values()) known.clear()
      isNew = true
    },
  }
}
