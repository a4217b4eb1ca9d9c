/**
 * How many dead letters nobody has decided about.
 *
 * Those of topics stay in Kafka, with a mark in PostgreSQL: they are listed again only when their number or
 * the marks have changed.
 */
import type {Session} from '../database.ts'
import type {DeadLetters} from './dead-letters.ts'
import type {OpenLetters} from './facts.ts'

/** More than these are not told apart. */
const LISTED_MAX = 500

const MARKS =
  'SELECT count(*)::text AS n, max(marked_at)::text AS newest FROM api.dead_letter_marks'

export function createOpenLetters(
  db: Session,
  letters: Pick<DeadLetters, 'count' | 'list'>,
): () => Promise<OpenLetters> {
  let known: {readonly of: string; readonly topics: number; readonly atLeast: boolean} | undefined

  const openInTopics = async (total: number): Promise<Omit<OpenLetters, 'outbox'>> => {
    if (total === 0) return {topics: 0, atLeast: false}
    const {rows} = await db.query<{n: string; newest: string | null}>(MARKS)
    const of = JSON.stringify([total, rows[0]])
    if (known?.of !== of) {
      const listed = await letters.list(LISTED_MAX)
      const open = listed.filter(one => one.origin === 'topic' && one.resolution === null)
      known = {of, topics: open.length, atLeast: listed.length === LISTED_MAX}
    }
    return {topics: known.topics, atLeast: known.atLeast}
  }

  return async () => {
    const {outbox, topics} = await letters.count()
    if (outbox === null) throw new Error('the dead letters of the outbox cannot be read')
    if (topics === null) throw new Error('the topics of dead letters cannot be read')
    return {outbox, ...(await openInTopics(topics))}
  }
}
