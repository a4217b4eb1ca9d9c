/**
 * Whether the database is the one that rows were published from, or one of its past. Pure.
 *
 * A restored dump, an older disk, a promoted standby that lacks the tail, a sequence that was set back: in each of
 * them ids are given a second time, and readers would take what has one for a change that they had long ago.
 */

/** What the database says of itself when a lane is taken. */
export interface HistoryFacts {
  /** Server as the cursor knows it; null: not yet. */
  readonly knownSystem: string | null
  readonly knownTimeline: number | null
  readonly system: string
  readonly timeline: number
  /** Ids below may have been published, by what the database remembers. */
  readonly idsBelow: number
  /** The last id that was given. */
  readonly lastId: number
  /** The highest one that is remembered as published. */
  readonly highestId: number
}

/** What is remembered outside of the database. */
export interface Remembered {
  readonly idsBelow: number
  readonly highestId: number
}

export type HistoryVerdict =
  | {readonly kind: 'same'}
  /** Cursors say nothing any more: everything in the outbox is published again. */
  | {readonly kind: 'other'; readonly why: string}
  /** Only ids were given twice. */
  | {readonly kind: 'ids back'; readonly why: string}

export function judgeHistory(facts: HistoryFacts, remembered: Remembered): HistoryVerdict {
  const {knownSystem, knownTimeline, idsBelow, lastId} = facts
  if (knownSystem !== null && knownSystem !== facts.system) {
    return {kind: 'other', why: 'another database cluster'}
  }
  if (knownTimeline !== null && knownTimeline !== facts.timeline) {
    return {kind: 'other', why: 'another timeline after a failover'}
  }
  if (idsBelow < remembered.idsBelow) {
    const [here, outside] = [idsBelow, remembered.idsBelow]
    return {
      kind: 'other',
      why: `a state of the past: ids up to ${outside} may have been published, it knows of ${here}`,
    }
  }
  const highestId = Math.max(facts.highestId, remembered.highestId)
  if (lastId < highestId) return {kind: 'ids back', why: wentBack(lastId, highestId)}
  return {kind: 'same'}
}

export const wentBack = (lastId: number, highestId: number): string =>
  `the sequence of ids went back to ${lastId}, and ${highestId} was published`
