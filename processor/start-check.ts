/** Whether a partition may be started from where it was left. Pure. */
import type {Position} from '../readmodel/positions.ts'
import type {Identity} from './partition-state.ts'

/** What Kafka knows about a partition. */
export interface LogFacts {
  /** Next offset to read as committed in Kafka, looked at before the position was; null: nothing was. */
  readonly committed: number | null
  /** First offset that is there, and the one after the last, looked at after the position. */
  readonly begin: number
  readonly end: number
}

export type StartDecision =
  /** @param before the record that must stand at the offset before, at the start of a log at 0; null when unknown */
  | {readonly kind: 'start'; readonly next: number; readonly before: Identity | null}
  /** Going on would make wrong numbers: why, for people. */
  | {readonly kind: 'stand'; readonly cause: string}

/**
 * Where to go on: at the position, which was written last of all, or at the start of a log that has
 * all its records. What Kafka has as committed is a witness: it never was ahead of the position.
 *
 * @param position as it is stored; null when nothing is
 * @param space what the keyspace calls itself
 */
export function decideStart(
  {committed, begin, end}: LogFacts,
  position: Position | null,
  space: string,
): StartDecision {
  const stand = (cause: string): StartDecision => ({kind: 'stand', cause})
  const next = position?.offset ?? 0
  const had = position === null ? 'Cassandra has no position' : `Cassandra is at offset ${next}`
  if (position !== null && position.space !== space) {
    return stand(
      'the keyspace was made again while a processor went on: what that wrote into it since is not all that ' +
        'was there; drop it once more, with every processor stopped',
    )
  }
  if (committed !== null && committed > next) {
    return stand(
      `${had}, but ${committed} was committed: Cassandra was made again or restored, or somebody moved ` +
        "the group's offsets forward",
    )
  }
  if (next < begin) {
    return stand(
      `${had}, but the log starts at ${begin}: ${begin - next} records were deleted before they were ` +
        'processed, or the topic was made again',
    )
  }
  if (next > end) {
    return stand(
      `${had}, but the log ends at ${end}: the topic was made again or has lost its tail`,
    )
  }
  return {kind: 'start', next, before: beforeOf(position)}
}

/** The record that has to stand where a position was left; null when unknown. */
export function beforeOf(position: Position | null): Identity | null {
  const {outboxId = null, createdAt = null} = position ?? {}
  return outboxId === null || createdAt === null ? null : {outboxId, createdAt}
}

/** Why the record found before the start shows that the topic is another one; undefined when it fits. */
export function problemOfBefore(expected: Identity, found: Identity): string | undefined {
  if (found.outboxId === expected.outboxId && found.createdAt === expected.createdAt) {
    return undefined
  }
  return (
    `the record where it was left is that of outbox row ${found.outboxId}, but row ` +
    `${expected.outboxId} was read there: the topic was made again, or lost its tail`
  )
}
