/** Refusals of a question that was made of something else, told by the fields of that. */
import {Problem, type ProblemDetail} from '../problem.ts'

/** Fields of whoever asks, by those of the question. */
export type OwnFields = readonly (readonly [ofQuestion: RegExp, own: string])[]

function toOwn(one: ProblemDetail, where: string, fields: OwnFields): ProblemDetail {
  // A store that is away is none of its fields.
  if (one.in === 'store') return one
  const own = fields.find(([pattern]) => pattern.test(one.field))?.[1]
  return {...one, in: where, field: own ?? one.field}
}

/** @throws what the question is refused with, in the words of `fields` */
export async function byOwnFields<T>(
  where: 'body' | 'query',
  fields: OwnFields,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const {kind, retryAfterSeconds} = error
    const errors = error.errors.map(one => toOwn(one, where, fields))
    const words = error.errors.reduce(
      (text, one, i) => text.replaceAll(one.field, errors[i]!.field),
      error.message,
    )
    throw new Problem(kind, words, {
      errors,
      ...(retryAfterSeconds === undefined ? {} : {retryAfterSeconds}),
      cause: error,
    })
  }
}
