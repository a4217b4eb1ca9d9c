/** What questions about what stands out have in common. */
import {LRUCache} from 'lru-cache'
import type {Ask} from '../insight/ask.ts'
import {refuse} from '../problem.ts'
import type {OwnFields} from '../query/own-fields.ts'
import type {QuestionDeps} from '../query/question.ts'
import type {Reads} from '../reads/reads.ts'

export interface InsightAsked extends Pick<QuestionDeps, 'subjects'> {
  readonly ask: Ask
  readonly reads: Pick<Reads, 'content' | 'retention'>
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

/**
 * Answers that take many questions: the same to everybody who asks the same within `keptMs`.
 *
 * @param key tells questions apart
 */
export function keepAnswers<Asked, Answer extends object>(
  {keptMs, max}: {readonly keptMs: number; readonly max: number},
  read: (asked: Asked) => Promise<Answer>,
): (key: readonly unknown[], asked: Asked) => Promise<Answer> {
  const kept = new LRUCache<string, Answer, Asked>({
    max,
    ttl: keptMs,
    // Who asked gets the answer, also when another question took its place.
    ignoreFetchAbort: true,
    fetchMethod: async (_key, _stale, {context}) => await read(context),
  })
  // What its options are depends on the type of the context, which is not known here.
  const fetch = kept.fetch.bind(kept) as (
    key: string,
    options: {readonly context: Asked},
  ) => Promise<Answer | undefined>
  return async (key, asked) => (await fetch(JSON.stringify(key), {context: asked}))!
}
