/**
 * Who stays and who leaves, from the weeks in which each user did something. Pure.
 *
 * Defined in docs/INSIGHT.md#who-stays-who-leaves.
 */

/** Of each user the weeks with something, by their number, counted from any Monday; each once, in any order. */
export type Weeks = ReadonlyMap<string, readonly number[]>

export interface Cohort {
  /** The week in which they were first here. */
  readonly week: number
  readonly users: number
  /** How many of them were here in that week and in each one after it, up to the present one. */
  readonly active: readonly number[]
}

/** Nothing for so many whole weeks: somebody may leave, has left. */
export const AT_RISK_WEEKS = 2
export const CHURNED_WEEKS = 4

export const STANDINGS = ['new', 'active', 'reactivated', 'at_risk', 'churned'] as const
export type Standing = (typeof STANDINGS)[number]

/**
 * @param present the week that is still running
 * @param count of the latest cohorts, the present one among them
 */
export function cohortsOf(users: Weeks, present: number, count: number): readonly Cohort[] {
  const cohorts = new Map<number, {users: number; active: number[]}>()
  const first = present - count + 1
  for (const weeks of users.values()) {
    const week = Math.min(...weeks)
    if (week < first || week > present) continue
    const cohort = cohorts.get(week) ?? {
      users: 0,
      active: Array.from({length: present - week + 1}, () => 0),
    }
    cohort.users += 1
    for (const one of weeks) {
      if (one <= present) cohort.active[one - week] = (cohort.active[one - week] ?? 0) + 1
    }
    cohorts.set(week, cohort)
  }
  return [...cohorts].toSorted(([a], [b]) => a - b).map(([week, cohort]) => ({week, ...cohort}))
}

/**
 * How somebody stands in the present week, which is still running: so whole weeks of nothing are those before it.
 *
 * @param weeks at least one, none after `present`
 */
export function standingOf(weeks: readonly number[], present: number): Standing {
  const sorted = weeks.toSorted((a, b) => b - a)
  const last = sorted[0]!
  const quiet = present - last - 1
  if (quiet >= CHURNED_WEEKS) return 'churned'
  if (quiet >= AT_RISK_WEEKS) return 'at_risk'
  if (sorted.length === 1 && last === present) return 'new'
  // The latest return after a long absence, as long as it is no older than a week.
  const back = sorted.findIndex((week, i) => week - (sorted[i + 1] ?? week) - 1 >= CHURNED_WEEKS)
  return back >= 0 && present - sorted[back]! <= 1 ? 'reactivated' : 'active'
}
