/** The answer to one question, and what it says about itself. */
import type {EventType} from '../../contracts/engagement.ts'
import type {Database} from '../database.ts'
import type {QueryPlan} from '../query-plan.ts'
import {answerQuestion} from './question.ts'
import type {Reads} from './reads.ts'
import {fromStored, metaOf, type Stores} from './stores.ts'

export async function readQuestion(
  {
    db,
    stores,
    counted,
  }: {
    readonly db: Database
    readonly stores: Stores
    readonly counted: readonly EventType[]
  },
  plan: QueryPlan,
): ReturnType<Reads['query']> {
  return await fromStored('query', stores, async ({content: reads}) => {
    const {rows, total, newest} = await answerQuestion(plan, {db, reads}, counted)
    const ageMs = stores.ageMs('cassandra', 'engagement')
    return {value: {rows, total}, meta: metaOf('cassandra', {newestMicros: newest, ageMs})}
  })
}
