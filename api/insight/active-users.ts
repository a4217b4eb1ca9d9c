/** How many were here in a day, a week, a month, day by day: distinct, read by questions. */
import type {Subject} from '../query/subject.ts'
import type {Answered} from '../reads/reads.ts'
import {askAll, type Ask} from './ask.ts'
import {DAY_MS, toRange} from './spans.ts'

export interface ActiveDay {
  /** Its begin, milliseconds since 1970, UTC. */
  readonly day: number
  /** Of the day, of the seven and of the thirty days that end with it. */
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
}

/** Days that each figure looks back on. */
const WIDTHS = [1, 7, 30] as const

/** @returns the days, the latest last; the last one is still running */
export async function readActiveUsers(
  ask: Ask,
  subject: Subject,
  {metric, days}: {readonly metric: string; readonly days: number},
  now: number,
): Promise<Answered<readonly ActiveDay[]>> {
  const today = Math.floor(now / DAY_MS) * DAY_MS
  const starts = Array.from({length: days}, (_, i) => today - (days - 1 - i) * DAY_MS)
  const questions = starts.flatMap(day =>
    WIDTHS.map(width => ({from: day - (width - 1) * DAY_MS, to: day + DAY_MS})),
  )
  const answers = await askAll(questions, span =>
    ask({
      stream: subject.plan.stream.name,
      metrics: [metric],
      date_range: toRange(span),
    }),
  )
  const figures = answers.map(({value}) => Number(value.rows[0]?.metrics[0] ?? 0))
  const value = starts.map((day, i): ActiveDay => {
    const [daily = 0, weekly = 0, monthly = 0] = figures.slice(i * WIDTHS.length)
    return {day, daily, weekly, monthly}
  })
  return {value, meta: answers.at(-1)!.meta}
}
