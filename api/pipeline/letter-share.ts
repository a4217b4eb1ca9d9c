/** How much was put aside of what passed in the last hour and day. */
import {topicName} from '../../contracts/topics.ts'
import type {Stream} from '../../contracts/stream.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {RecordReader} from '../../platform/kafka-reader.ts'
import type {Session} from '../database.ts'
import type {DeadLetterShares} from '../schemas/dead-letters.ts'

const HOUR_MS = 3_600_000
/** Asked every second by a page; the answer changes slowly. */
const LIFE_MS = 10_000

const LETTERS = `
SELECT count(*) FILTER (WHERE origin = 'outbox')::float8 AS outbox,
       count(*) FILTER (WHERE origin = 'topic')::float8 AS topics
  FROM api.dead_letters WHERE failed_at > $1`

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : Math.min(1, part / whole))

export function createLetterShare(
  deps: {
    readonly db: Session
    readonly admin: () => Promise<Pick<KafkaAdmin, 'offsets'>>
    readonly reader: Pick<RecordReader, 'offsetsAt'>
    readonly streams: readonly Stream[]
  },
  options: {readonly topicPrefix: string; readonly now: () => number},
): () => Promise<DeadLetterShares> {
  const topics = deps.streams.map(({topic}) => topicName(options.topicPrefix, topic))

  const recordsSince = async (topic: string, since: number): Promise<number> => {
    const admin = await deps.admin()
    const [offsets, starts] = await Promise.all([
      admin.offsets(topic),
      deps.reader.offsetsAt(topic, since),
    ])
    return offsets.reduce((sum, {partition, end}) => sum + end - (starts.get(partition) ?? end), 0)
  }
  const sharesSince = async (since: number) => {
    const [{rows}, counts] = await Promise.all([
      deps.db.query<{outbox: number; topics: number}>(LETTERS, [new Date(since).toISOString()]),
      Promise.all(topics.map(topic => recordsSince(topic, since))),
    ])
    const {outbox = 0, topics: inTopics = 0} = rows[0] ?? {}
    const records = counts.reduce((sum, n) => sum + n, 0)
    // A row that was put aside became no record.
    return {outbox: ratio(outbox, outbox + records), topics: ratio(inTopics, records)}
  }
  const unknown = {outbox: null, topics: null}
  let latest: {readonly at: number; readonly shares: Promise<DeadLetterShares>} | undefined
  return async () => {
    const now = options.now()
    if (latest === undefined || now - latest.at > LIFE_MS) {
      const [hour, day] = [HOUR_MS, 24 * HOUR_MS].map(ms =>
        sharesSince(now - ms).catch(() => unknown),
      )
      const shares = Promise.all([hour!, day!]).then(([h, d]) => ({hour: h, day: d}))
      latest = {at: now, shares}
    }
    return await latest.shares
  }
}
