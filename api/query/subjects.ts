/** What can be asked, by the names of streams. */
import {invalid} from '../problem.ts'
import type {Stores} from '../reads/stores.ts'
import {subjectOf, type KeyFacts, type Subject} from './subject.ts'

/** What a question is about that does not say it. */
const USUAL = 'engagement'

/** @param where a request names the stream */
export type Subjects = (stream: string | undefined, where: 'body' | 'query') => Subject

export function createSubjects(
  stores: Pick<Stores, 'findPlan'>,
  streams: readonly string[],
  facts: KeyFacts | undefined,
): Subjects {
  const known = new Map<string, Subject>()
  return (stream = USUAL, where) => {
    const found = known.get(stream)
    if (found !== undefined) return found
    const plan = stores.findPlan(stream)
    if (plan !== undefined) {
      const subject = subjectOf(plan, facts?.stream === stream ? facts : undefined)
      known.set(stream, subject)
      return subject
    }
    const field = where === 'body' ? '/stream' : 'stream'
    throw invalid(where, field, stream, `must be one of ${streams.join(', ')}`)
  }
}
