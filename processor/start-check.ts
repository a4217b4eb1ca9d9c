/** Whether a partition may be started where Kafka says it was left. Pure. */
import type {PartitionProgress} from './projections/projection.ts'
import type {Identity} from './partition-state.ts'

export interface StartFacts {
  readonly topic: string
  readonly partition: number
  /** Next offset to read as committed in Kafka; null when nothing was ever committed. */
  readonly committed: number | null
  /** First offset that is there, and the one after the last. */
  readonly begin: number
  readonly end: number
  readonly progress: PartitionProgress | null
  /** The record before the committed offset; null when it is gone or cannot be read. */
  readonly before: Identity | null
}

/** Why going on would make wrong numbers, for people; undefined when it may start. */
export function problemOfStart(facts: StartFacts): string | undefined {
  const {committed, begin, end, progress, before} = facts
  const where = `${facts.topic}/${facts.partition}`
  if (committed === null) return undefined
  if (committed < begin) {
    return (
      `${where} was left at offset ${committed}, but the log starts at ${begin}: ` +
      `${begin - committed} records were deleted before they were processed`
    )
  }
  if (committed > end) {
    return (
      `${where} was left at offset ${committed}, but the log ends at ${end}: ` +
      'the topic was made again or has lost its tail'
    )
  }
  if (progress === null || progress.offset !== committed) return undefined
  if (before === null || progress.outboxId === null) return undefined
  if (before.outboxId === progress.outboxId && before.createdAt === progress.createdAt) {
    return undefined
  }
  return (
    `${where} holds at offset ${committed - 1} the record of outbox row ${before.outboxId}, but ` +
    `row ${progress.outboxId} was processed there: the topic was made again`
  )
}
