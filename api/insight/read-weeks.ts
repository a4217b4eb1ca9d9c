/** In which weeks each user did something, read by one question. */
import type {Subject} from '../query/subject.ts'
import type {Answered} from '../reads/reads.ts'
import type {Ask} from './ask.ts'
import type {Weeks} from './cohorts.ts'
import {DAY_MS, toRange} from './spans.ts'

const WEEK_MS = 7 * DAY_MS
/** The first Monday since 1970. */
const MONDAY_MS = Date.parse('1970-01-05T00:00:00Z')

/** Number of the week (UTC, from Monday) of an instant, and back. */
export const weekOf = (ms: number): number => Math.floor((ms - MONDAY_MS) / WEEK_MS)
export const startOfWeek = (week: number): number => MONDAY_MS + week * WEEK_MS

/** Who was here before that comes for the first time. */
export const WEEKS_BACK = 104
/** All rows are wanted: the question is refused where there are more groups than may be. */
const ALL = 1_000_000

export interface UserWeeks {
  readonly weeks: Weeks
  /** How much each did in all. */
  readonly counts: ReadonlyMap<string, number>
}

/** @throws 422 where no rollup by user keeps days, or there are more user weeks than may be read at once */
export async function readWeeks(
  ask: Ask,
  subject: Subject,
  {metric, by}: {readonly metric: string; readonly by: string},
  now: number,
): Promise<Answered<UserWeeks>> {
  const present = weekOf(now)
  const {value, meta} = await ask({
    stream: subject.plan.stream.name,
    metrics: [metric],
    dimensions: [by, 'time:week'],
    date_range: toRange({
      from: startOfWeek(present - WEEKS_BACK + 1),
      to: startOfWeek(present + 1),
    }),
    pagination: {limit: ALL},
  })
  const weeks = new Map<string, number[]>()
  const counts = new Map<string, number>()
  for (const {dimensions, metrics} of value.rows) {
    const [user, start] = dimensions
    const count = Number(metrics[0])
    // What was deleted leaves a row of nothing.
    if (user === null || user === undefined || !(count > 0)) continue
    const name = String(user)
    const own = weeks.get(name) ?? []
    own.push(weekOf(Date.parse(String(start))))
    weeks.set(name, own)
    counts.set(name, (counts.get(name) ?? 0) + count)
  }
  return {value: {weeks, counts}, meta}
}
