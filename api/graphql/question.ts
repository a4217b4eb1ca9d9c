/** `query`: a question of `POST /v1/query` over GraphQL, checked, planned and answered as there. */
import type {IResolvers} from 'mercurius'
import {createBodyCheck} from '../plugins/validation.ts'
import {planQuestion, toAnswer, type QuestionDeps} from '../query/question.ts'
import type {Reads} from '../reads/reads.ts'
import {QueryBody} from '../schemas/query.ts'

export function questionResolvers(
  deps: QuestionDeps & {readonly reads: Pick<Reads, 'query'>},
): IResolvers {
  const check = createBodyCheck(QueryBody)
  return {
    Query: {
      async query(_root, args: Readonly<Record<string, unknown>>) {
        // What is null was left out.
        const body = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null))
        const problem = check(body)
        if (problem !== undefined) throw problem
        const question = body as unknown as QueryBody
        const plan = await planQuestion(deps, question)
        return toAnswer(question, plan, await deps.reads.query(plan))
      },
    },
  }
}
