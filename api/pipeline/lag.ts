/**
 * How far the stores are behind what is committed: rows of the outbox, records in Kafka.
 *
 * One look at a time, shared by all who ask within its short life.
 */
import {readLag} from '../../platform/kafka-lag.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {Session} from '../database.ts'
import type {PartitionLag} from '../schemas/admin.ts'

export interface LagView {
  /** When it was looked at, milliseconds since 1970. */
  readonly at: number
  readonly outboxUnpublished: number | null
  readonly outboxOldestSeconds: number | null
  readonly partitions: readonly (PartitionLag & {
    /** First offset that is still there. */
    readonly begin: number
  })[]
  /** Null when Kafka could not be asked. */
  readonly records: number | null
}

export interface LagWatch {
  /** @param notBefore only a look that began later serves, milliseconds since 1970 */
  read(notBefore?: number): Promise<LagView>
}

/**
 * @param topics of counted streams, with their prefix
 * @param groupOf the group that folds a topic into what is served
 */
export function createLagWatch(
  deps: {
    readonly db: Session
    readonly admin: () => Promise<Pick<KafkaAdmin, 'offsets' | 'groupOffsets'>>
  },
  options: {
    readonly topics: readonly string[]
    readonly groupOf: (topic: string) => Promise<string>
    readonly lifeMs: number
  },
): LagWatch {
  let latest: {readonly at: number; readonly view: Promise<LagView>} | undefined

  const readTopic = async (topic: string): Promise<LagView['partitions']> => {
    const [admin, group] = await Promise.all([deps.admin(), options.groupOf(topic)])
    return (await readLag(admin, group, topic)).map(one => ({topic, ...one}))
  }
  const readOutbox = async (): Promise<{rows: number; oldest: number | null} | null> => {
    const {rows} = await deps.db.query<{rows: string; age: string | null}>(
      'SELECT rows, extract(epoch FROM now() - oldest) AS age FROM cdc.unpublished()',
    )
    const row = rows[0]
    if (row === undefined) return null
    return {rows: Number(row.rows), oldest: row.age === null ? null : Number(row.age)}
  }
  const look = async (): Promise<LagView> => {
    const at = Date.now()
    // The outbox first: a row that is published meanwhile is in one of them, or in both.
    const outbox = await readOutbox().catch(() => null)
    const topics = await Promise.all(options.topics.map(readTopic)).catch(() => null)
    const partitions = topics?.flat() ?? []
    return {
      at,
      outboxUnpublished: outbox?.rows ?? null,
      outboxOldestSeconds: outbox?.oldest ?? null,
      partitions,
      records: topics === null ? null : partitions.reduce((sum, {lag}) => sum + lag, 0),
    }
  }
  return {
    async read(notBefore = 0) {
      const at = latest?.at ?? Number.NEGATIVE_INFINITY
      if (latest === undefined || at <= notBefore || Date.now() - at > options.lifeMs) {
        latest = {at: Date.now(), view: look()}
      }
      return await latest.view
    },
  }
}
