/**
 * Decides what a record does at which raw-row locations. Pure.
 *
 * Guarantees    INV-30 (one rule for c, u, d and r), INV-31 (a correction retracts what is stored).
 * Does not      look anything up: the caller brings the register.
 */
import type {RecordMeta} from '../contracts/record.ts'
import type {Register} from './projections/projection.ts'

/** What a record wants at one location. */
export interface Effect<Event> {
  readonly kind: 'put' | 'delete'
  readonly event: Event
  readonly location: string
}

/** What happens at the location once its register is known. */
export type Decision<Event> =
  | {readonly kind: 'stale'}
  | {readonly kind: 'change'; readonly retract: Event | null; readonly apply: Event | null}

/** An insert that nobody announced as repeated is new: no register needs to be read for it. */
export function isFresh(meta: RecordMeta): boolean {
  return meta.op === 'c' && !meta.redelivered
}

/**
 * The effects of a record, in order. `before` only tells where to look: an update that moves its
 * event is a delete at the old place and a put at the new one.
 */
export function effectsOf<Event>(
  meta: RecordMeta,
  event: Event,
  before: Event | null,
  locationOf: (event: Event) => string,
): readonly Effect<Event>[] {
  const location = locationOf(event)
  if (meta.op === 'd') return [{kind: 'delete', event, location}]
  const put: Effect<Event> = {kind: 'put', event, location}
  if (meta.op !== 'u' || before === null) return [put]
  const old = locationOf(before)
  return old === location ? [put] : [{kind: 'delete', event: before, location: old}, put]
}

/** True when the register was written by this record or a later one of its source row. */
export function isNotOlder(
  stored: Pick<Register<unknown>, 'outboxId' | 'createdAt'>,
  meta: Pick<RecordMeta, 'outbox_id' | 'created_at'>,
): boolean {
  if (stored.outboxId !== meta.outbox_id) return stored.outboxId > meta.outbox_id
  return stored.createdAt >= meta.created_at
}

/** The one rule: not older, nothing; otherwise retract exactly what is stored, then apply. */
export function decide<Event>(
  effect: Effect<Event>,
  meta: RecordMeta,
  stored: Omit<Register<Event>, 'derived'> | null,
): Decision<Event> {
  if (stored !== null && isNotOlder(stored, meta)) return {kind: 'stale'}
  return {
    kind: 'change',
    retract: stored?.event ?? null,
    apply: effect.kind === 'put' ? effect.event : null,
  }
}
