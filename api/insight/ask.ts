/** Questions of insight: asked as everybody asks, planned and refused alike. */
import {planQuestion, type QuestionDeps} from '../query/question.ts'
import type {QueryResult} from '../query/read.ts'
import type {Answered, Reads} from '../reads/reads.ts'
import type {QueryBody} from '../schemas/query.ts'

export type Ask = (body: QueryBody) => Promise<Answered<QueryResult>>

export const createAsk =
  ({reads, ...deps}: QuestionDeps & {readonly reads: Pick<Reads, 'query'>}): Ask =>
  async body =>
    await reads.query(await planQuestion(deps, body))

/** So many questions are asked at a time: the API has others to answer. */
const AT_ONCE = 8

/** Answers in the order of the questions. */
export async function askAll<T>(
  questions: readonly T[],
  answer: (question: T) => Promise<Answered<QueryResult>>,
): Promise<readonly Answered<QueryResult>[]> {
  const answers: Answered<QueryResult>[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < questions.length) {
      const at = next++
      answers[at] = await answer(questions[at]!)
    }
  }
  await Promise.all(Array.from({length: AT_ONCE}, lane))
  return answers
}
