/**
 * When records that can never succeed are too many.
 *
 * Guarantees    INV-42: a record is put aside before the partition is committed past it; too many unreadable
 *               ones in a row stop the partition instead of draining it.
 */
import {PipelineError} from '../platform/errors.ts'
import type {DeadLetter} from '../readmodel/dead-letters.ts'

/** The record was read, and cannot be accepted. */
export const RULE_BROKEN = 'RULE_BROKEN'

export interface Breaker {
  /**
   * Counts outcomes in their order. A record that breaks a rule could be read: the topic is what it should be.
   *
   * @throws `LIMIT_REACHED` when too many in a row could not be read
   */
  note(outcome: 'ok' | DeadLetter): void
}

export function createBreaker(inARowMax: number): Breaker {
  let inARow = 0
  return {
    note(outcome) {
      if (outcome === 'ok' || outcome.reason === RULE_BROKEN) {
        inARow = 0
        return
      }
      inARow += 1
      if (inARow <= inARowMax) return
      const {source, reason, message} = outcome
      throw new PipelineError(
        'LIMIT_REACHED',
        `${inARow} records in a row cannot be read; ` +
          `the last, at offset ${source.offset}: ${reason} ${message}`,
        {disposition: 'stop'},
      )
    },
  }
}
