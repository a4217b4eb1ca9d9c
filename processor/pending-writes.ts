/**
 * Raw-row writes that are not durable yet, and what the registers hold with them.
 *
 * Guarantees    INV-32: the raw effect of u, d, r or a redelivered record waits until every
 *               aggregate it touched is durable, and everything later of its row behind it.
 * Does not      write: the owner takes groups of writes, and settles them once they are durable.
 */
import assert from 'node:assert/strict'
import type {EventId, RawWrite, Register} from '../readmodel/raw-table.ts'

interface Pending {
  readonly id: EventId
  readonly write: RawWrite
}

export interface WriteGroup {
  readonly writes: readonly RawWrite[]
  readonly taken: readonly Pending[]
}

const offsetOf = ({write}: Pending): number => write.offset

export class PendingWrites {
  /** Newest pending write of each row that has any. */
  readonly #newest = new Map<EventId, Pending>()
  readonly #immediate: Pending[] = []
  readonly #deferred: Pending[] = []
  readonly #inFlight = new Set<WriteGroup>()

  /** Writes that may go at once. */
  get immediateCount(): number {
    return this.#immediate.length
  }

  /** Writes that wait for aggregates. */
  get deferredCount(): number {
    return this.#deferred.length
  }

  /** The newest write of each row that has any. */
  newest(): IterableIterator<RawWrite> {
    return this.#newest.values().map(({write}) => write)
  }

  /** What the newest pending write of a row leaves there; undefined when nothing is pending of it. */
  registerAt(id: EventId): Register | undefined {
    const pending = this.#newest.get(id)
    if (pending === undefined) return undefined
    const {kind, event, isOutside, shown, outboxId, createdAt, processedAt, offset} = pending.write
    const register = {
      isOutside: isOutside === true,
      shown,
      outboxId,
      createdAt,
      processedAt,
      offset,
    }
    return {event: kind === 'delete' ? null : event, ...register}
  }

  /**
   * Adds the write of a record.
   *
   * @param isNew the record is an unannounced insert: it may go at once, unless a write is pending
   *   of its row; then it waits too, and clears the cells that it does not set
   */
  add(id: EventId, write: RawWrite, isNew: boolean): void {
    const last = this.#newest.get(id)
    assert(
      last === undefined || offsetOf(last) <= write.offset,
      'raw writes of a row come in the order of their records',
    )
    const pending = {
      id,
      write: last === undefined || !write.fresh ? write : {...write, fresh: false},
    }
    if (isNew && last === undefined) this.#immediate.push(pending)
    else this.#deferred.push(pending)
    this.#newest.set(id, pending)
  }

  /** Writes of new events, oldest first. */
  takeImmediate(max: number): WriteGroup {
    return this.#take(this.#immediate.splice(0, max))
  }

  /**
   * Deferred writes of records up to `offset`, whose aggregates the caller knows to be durable. Of
   * several of one row only the last is written.
   */
  takeDeferred(offset: number): WriteGroup {
    const end = this.#deferred.findIndex(pending => offsetOf(pending) > offset)
    return this.#take(this.#deferred.splice(0, end === -1 ? this.#deferred.length : end))
  }

  /** The writes are durable. */
  settle(group: WriteGroup): void {
    assert(this.#inFlight.delete(group), 'only writes in flight can be settled')
    for (const pending of group.taken) {
      if (this.#newest.get(pending.id) === pending) this.#newest.delete(pending.id)
    }
  }

  /** True when no write of a record up to `offset` is pending or in flight. */
  isDurable(offset: number): boolean {
    const isLater = (first: Pending | undefined): boolean =>
      first === undefined || offsetOf(first) > offset
    if (!isLater(this.#immediate[0]) || !isLater(this.#deferred[0])) return false
    for (const group of this.#inFlight) if (!isLater(group.taken[0])) return false
    return true
  }

  #take(taken: readonly Pending[]): WriteGroup {
    const last = new Map(taken.map(({id, write}) => [id, write]))
    const group = {taken, writes: [...last.values()]}
    this.#inFlight.add(group)
    return group
  }
}
