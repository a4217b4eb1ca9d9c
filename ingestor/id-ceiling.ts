/**
 * Which ids may have been published, kept outside of PostgreSQL, too: a database that is put back to an older state
 * has forgotten it.
 *
 * Guarantees    INV-108: an id is published only after a higher one stands in PostgreSQL, durably, and in Kafka.
 */
import {idCeilingTopic} from '../contracts/topics.ts'
import {PipelineError} from '../platform/errors.ts'
import type {Publisher} from '../platform/kafka.ts'
import type {RecordReader} from '../platform/kafka-reader.ts'
import {classifyPostgresError, type Pool} from '../platform/postgres.ts'

export interface IdCeiling {
  /** Ids below may have been published, as far as this process knows. */
  known(): number
  /** Reads what stands in Kafka. @throws `TOPIC_UNKNOWN`, `UPSTREAM_UNAVAILABLE` (retry) */
  look(): Promise<void>
  /** Allows more ids; resolves to the first that is not allowed. */
  raise(publisher: Publisher, lane: number): Promise<number>
}

const READ = {bytesMax: 1_000_000, waitMs: 0} as const

interface Ceiling {
  readonly ids_below: number
}

export function createIdCeiling(
  {pool, openReader}: {readonly pool: Pool; readonly openReader: () => RecordReader},
  {topicPrefix}: {readonly topicPrefix: string},
): IdCeiling {
  const topic = idCeilingTopic(topicPrefix)
  let known = 0

  async function look(): Promise<void> {
    const reader = openReader()
    try {
      for (let offset = 0; ;) {
        const [answer] = await reader.fetch([{topic, partition: 0, offset}], READ)
        if (answer === undefined) return
        for (const {value} of answer.records) {
          if (value !== null) known = Math.max(known, idsBelowOf(value))
        }
        offset = answer.isGone ? answer.begin : answer.next
        if (offset >= answer.end) return
      }
    } catch (error) {
      throw explain(error, topic)
    } finally {
      await reader.close()
    }
  }

  return {
    known: () => known,
    look,
    async raise(publisher, lane) {
      const below = await raiseInDatabase(pool)
      const value = Buffer.from(JSON.stringify({ids_below: below} satisfies Ceiling))
      const record = {partition: 0, key: `lane ${lane}`, value}
      try {
        await publisher.send([{topic, records: [record]}])
      } catch (error) {
        throw explain(error, topic)
      }
      known = Math.max(known, below)
      return below
    },
  }
}

/** What somebody else wrote into the topic says nothing. */
function idsBelowOf(value: Buffer): number {
  try {
    const {ids_below: below} = JSON.parse(value.toString()) as Partial<Ceiling>
    return Number.isSafeInteger(below) ? below! : 0
  } catch {
    return 0
  }
}

async function raiseInDatabase(pool: Pool): Promise<number> {
  try {
    const {rows} = await pool.query<{below: string}>('SELECT cdc.raise_ids() AS below')
    return Number(rows[0]!.below)
  } catch (error) {
    throw classifyPostgresError(error)
  }
}

function explain(error: unknown, topic: string): unknown {
  if (!(error instanceof PipelineError) || error.code !== 'TOPIC_UNKNOWN') return error
  return new PipelineError('TOPIC_UNKNOWN', `no topic ${topic}: run npm run init`, {
    disposition: 'retry',
    cause: error,
  })
}
