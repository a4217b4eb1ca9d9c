/**
 * Raw-row writes that are not durable yet, and what the registers hold with them.
 *
 * Guarantees    INV-32: the raw effect of u, d, r or a redelivered record waits until every
 *               aggregate it touched is durable, and everything later at its location behind it.
 * Does not      write: the owner takes groups of writes, and settles them once they are durable.
 */
import assert from 'node:assert/strict'
import type {RawWrite, Register} from './projections/projection.ts'

interface Pending<Event, Derived> {
  readonly location: string
  readonly write: RawWrite<Event, Derived>
}

/** What the newest pending write at a location leaves there. */
export interface PendingRegister<Event, Derived = unknown> {
  /** Null when it deletes the row. */
  readonly register: Register<Event, Derived> | null
}

export interface WriteGroup<Event, Derived> {
  readonly writes: readonly RawWrite<Event, Derived>[]
  readonly taken: readonly Pending<Event, Derived>[]
}

const offsetOf = ({write}: Pending<unknown, unknown>): number => write.fence.offset

export class PendingWrites<Event, Derived> {
  /** Newest pending write of each location that has any. */
  readonly #newest = new Map<string, Pending<Event, Derived>>()
  #immediate: Pending<Event, Derived>[] = []
  #deferred: Pending<Event, Derived>[] = []
  readonly #inFlight = new Set<WriteGroup<Event, Derived>>()

  /** Writes that may go at once. */
  get immediateCount(): number {
    return this.#immediate.length
  }

  /** Writes that wait for aggregates. */
  get deferredCount(): number {
    return this.#deferred.length
  }

  /** What the location holds once everything is written; undefined when nothing is pending there. */
  registerAt(location: string): PendingRegister<Event, Derived> | undefined {
    const pending = this.#newest.get(location)
    if (pending === undefined) return undefined
    const {write} = pending
    if (write.kind === 'delete') return {register: null}
    const {event, derived, outboxId, createdAt} = write
    return {register: {event, derived, outboxId, createdAt}}
  }

  /**
   * Adds the write of a record.
   *
   * @param isNew the record is an unannounced insert: it may go at once, unless a write is pending
   *   at its location; then it waits too, and clears the cells that it does not set
   */
  add(location: string, write: RawWrite<Event, Derived>, isNew: boolean): void {
    const last = this.#newest.get(location)
    assert(
      last === undefined || offsetOf(last) <= write.fence.offset,
      'raw writes of a location come in the order of their records',
    )
    const pending = {
      location,
      write: last === undefined || !write.fresh ? write : {...write, fresh: false},
    }
    if (isNew && last === undefined) this.#immediate.push(pending)
    else this.#deferred.push(pending)
    this.#newest.set(location, pending)
  }

  /** Writes of new events, oldest first. */
  takeImmediate(max: number): WriteGroup<Event, Derived> {
    const taken = this.#immediate
    this.#immediate = taken.length > max ? taken.splice(max) : []
    return this.#take(taken)
  }

  /**
   * Deferred writes of records up to `offset`, whose aggregates the caller knows to be durable. Of
   * several at one location only the last is written.
   */
  takeDeferred(offset: number): WriteGroup<Event, Derived> {
    const end = this.#deferred.findIndex(pending => offsetOf(pending) > offset)
    const taken = this.#deferred
    this.#deferred = end === -1 ? [] : taken.splice(end)
    return this.#take(taken)
  }

  /** The writes are durable. */
  settle(group: WriteGroup<Event, Derived>): void {
    assert(this.#inFlight.delete(group), 'only writes in flight can be settled')
    for (const pending of group.taken) {
      if (this.#newest.get(pending.location) === pending) this.#newest.delete(pending.location)
    }
  }

  /** True when no write of a record up to `offset` is pending or in flight. */
  isDurable(offset: number): boolean {
    const isLater = (first: Pending<Event, Derived> | undefined): boolean =>
      first === undefined || offsetOf(first) > offset
    if (!isLater(this.#immediate[0]) || !isLater(this.#deferred[0])) return false
    for (const group of this.#inFlight) if (!isLater(group.taken[0])) return false
    return true
  }

  #take(taken: readonly Pending<Event, Derived>[]): WriteGroup<Event, Derived> {
    const last = new Map(taken.map(({location, write}) => [location, write]))
    const group = {taken, writes: [...last.values()]}
    if (taken.length > 0) this.#inFlight.add(group)
    return group
  }
}
