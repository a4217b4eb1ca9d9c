/** What questions about what stands out have in common. */
import {refuse} from '../problem.ts'
import type {OwnFields} from '../query/own-fields.ts'
import type {QuestionDeps} from '../query/question.ts'
import type {Reads} from '../reads/reads.ts'

export interface InsightAsked extends QuestionDeps {
  readonly reads: Pick<Reads, 'query' | 'content' | 'retention'>
  readonly now: () => number
  /** What takes many questions is answered the same for so long. */
  readonly keptMs: number
}

/** Fields of a request by those of the question that is made of it: what is asked by, and the time, is a matter of `by`. */
export const FIELDS: OwnFields = [
  [/^\/metrics(\/0)?$/, 'metric'],
  [/^(\/dimensions(\/\d)?|\/date_range|from|to)$/, 'by'],
]

/** @throws 422 when the metric is none of these, or there is none */
export function metricOf(
  given: string | undefined,
  known: readonly string[],
  what: string,
): string {
  const metric = given ?? known[0]
  if (metric !== undefined && known.includes(metric)) return metric
  const detail =
    known.length === 0 ? `the stream has no ${what}` : `must be a ${what}: ${known.join(', ')}`
  throw refuse('query', 'metric', given ?? null, detail)
}
