/**
 * Decides what a record does to which raw rows. Pure.
 *
 * Guarantees    INV-30: one rule for c, u, d and r, and a correction retracts what is stored.
 * Does not      look anything up: the caller brings the register.
 */
import type {RecordMeta} from '../contracts/record.ts'
import type {Fields} from '../readmodel/fields.ts'
import type {EventId, Register} from '../readmodel/raw-table.ts'
import {identityOf, type Identity} from './partition-state.ts'

/** What a record wants of one raw row. */
export interface Effect {
  readonly kind: 'put' | 'delete'
  readonly event: Fields
  readonly id: EventId
}

/** A record, and where it stands in the log. */
export interface Arrival {
  readonly offset: number
  readonly record: RecordMeta
  /** What it takes out may be kept no longer. */
  readonly isTooOld: boolean
}

type Stored = Pick<Register, 'event' | 'isOutside' | 'offset'> & Identity

/** What happens to the row once its register is known. */
export type Decision =
  | {readonly kind: 'stale'}
  | {
      readonly kind: 'change'
      readonly retract: Fields | null
      readonly apply: Fields | null
      /** No number changes, now or by what comes later of the row, until it is deleted. */
      readonly isOutside: boolean
    }

/** An insert that nobody announced as repeated is new: no register needs to be read for it. */
export function isFresh(meta: RecordMeta): boolean {
  return meta.op === 'c' && !meta.redelivered
}

/**
 * The effects of a record, in order. `before` only tells where to look: an update of the id is a delete of
 * the old row and a put of the new one.
 */
export function effectsOf(
  meta: RecordMeta,
  event: Fields,
  before: Fields | null,
  idOf: (event: Fields) => EventId,
): readonly Effect[] {
  const id = idOf(event)
  if (meta.op === 'd') return [{kind: 'delete', event, id}]
  const put: Effect = {kind: 'put', event, id}
  if (meta.op !== 'u' || before === null) return [put]
  const old = idOf(before)
  return old === id ? [put] : [{kind: 'delete', event: before, id: old}, put]
}

/**
 * The effects of a record that breaks a rule: its event is nowhere from then on, and what comes later of it
 * applies as ever. A new one was nowhere before.
 */
export const effectsOfRefused: typeof effectsOf = (meta, event, before, idOf) =>
  isFresh(meta)
    ? []
    : effectsOf(meta, event, before, idOf).map(effect => ({...effect, kind: 'delete'}))

/** True when `one` was written to the outbox after `other`. */
export function isNewer(one: Identity, other: Identity): boolean {
  if (one.outboxId !== other.outboxId) return one.outboxId > other.outboxId
  return one.createdAt > other.createdAt
}

/**
 * Whether what is stored includes the record. Records of a row come in the order of its changes, so one that
 * was not announced as repeated is newer than whatever came before it: ids of the outbox go back when the
 * database is restored. A repeated one is told by its outbox row.
 */
function isIncluded({offset, record}: Arrival, stored: Stored): boolean {
  return record.redelivered ? !isNewer(identityOf(record), stored) : stored.offset >= offset
}

/**
 * The one rule: not older, nothing; otherwise retract exactly what is stored, then apply. What is too old
 * to be taken out cannot be put elsewhere, either: it would count twice.
 */
export function decide(effect: Effect, arrival: Arrival, stored: Stored | null): Decision {
  if (stored !== null && isIncluded(arrival, stored)) return {kind: 'stale'}
  if (arrival.isTooOld || stored?.isOutside === true) {
    return {kind: 'change', retract: null, apply: null, isOutside: true}
  }
  return {
    kind: 'change',
    retract: stored?.event ?? null,
    apply: effect.kind === 'put' ? effect.event : null,
    isOutside: false,
  }
}
