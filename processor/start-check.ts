/** Whether a partition may be started where Kafka says it was left. Pure. */
import type {TopicPartition} from '../platform/kafka.ts'
import type {Position} from '../readmodel/positions.ts'
import {nameOf, type Identity} from './partition-state.ts'

/** What Kafka knows about a partition. */
export interface StartFacts {
  /** Next offset to read as committed in Kafka; null when nothing was ever committed. */
  readonly committed: number | null
  /** First offset that is there, and the one after the last. */
  readonly begin: number
  readonly end: number
}

/** Why going on would make wrong numbers, for people; undefined when it may start. */
export function problemOfStart(facts: StartFacts & TopicPartition): string | undefined {
  const {committed, begin, end} = facts
  const where = nameOf(facts)
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
  return undefined
}

/** The record that must stand before the offset where a partition is started, if that is known. */
export function expectedBefore(next: number, position: Position | null): Identity | null {
  if (position === null || position.offset !== next) return null
  const {outboxId, createdAt} = position
  return outboxId === null || createdAt === null ? null : {outboxId, createdAt}
}

/** Why the record found before the start shows that the topic is another one; undefined when it fits. */
export function problemOfBefore(expected: Identity, found: Identity): string | undefined {
  if (found.outboxId === expected.outboxId && found.createdAt === expected.createdAt) {
    return undefined
  }
  return (
    `the record before its offset is that of outbox row ${found.outboxId}, but row ` +
    `${expected.outboxId} was processed there: the topic was made again`
  )
}
