/**
 * What a projection is: a pure fold of one stream's events into rows of aggregates.
 *
 * The partition owner (`processor/`) knows only these interfaces; it loads rows lazily, folds each
 * record once per row (guarded by the row's `srcOffset`), and saves absolute, fenced values. A
 * projection does no I/O, reads no clock and keeps integers only, so that `retract` is the exact
 * inverse of `apply`. States are mutated in place: the owner is the only one who holds them.
 *
 * Stores are built in `readmodel/` and fit these interfaces by their shape.
 */

/**
 * A fold of events into rows. Methods, not function properties: the owner holds projections of
 * different states in one list, and method parameters are compared bivariantly.
 */
export interface Projection<Event, State> {
  /** Unique among all projections; names the rows in stores, metrics and logs. */
  readonly name: string
  /** `Stream.name` of the stream that is folded. */
  readonly stream: string
  /**
   * Keys of the rows the event belongs to; none when it counts for nothing here. Depends on the
   * event alone. Two projections may use equal keys.
   */
  keysOf(event: Event): readonly string[]
  create(key: string): State
  apply(state: State, event: Event): void
  /**
   * Takes `event` out again: exactly what `apply` added. What cannot be taken out (minimum, maximum,
   * last-n, uniques) stays as it is and marks the state stale.
   */
  retract(state: State, event: Event): void
  /** True when a part of the state must be computed again from raw rows. Absent: never. */
  isStale?(state: State): boolean
  /**
   * Replaces the parts that cannot be retracted by those of `fresh`, a state into which all raw rows
   * of the key (`RegisterStore.scan`) and every event since were applied, some of them twice: adopt
   * only what is not changed by applying an event again. Clears stale; the owner calls
   * `markStale` afterwards when another retraction came meanwhile.
   */
  adopt?(state: State, fresh: State): void
  markStale?(state: State): void
  /** Roughly how much memory the state takes, bytes. */
  bytesOf(state: State): number
  /**
   * For rows of one period: the period's start in seconds since 1970. Rows of a period later than
   * all that were ever folded cannot exist yet, so they are created without a look-up. Absent or
   * undefined: always looked up.
   */
  periodOf?(key: string): number | undefined
}

/** A row of aggregates on its way to a store. */
export interface AggregateRow {
  readonly projection: string
  readonly key: string
  readonly state: unknown
}

/** Which write wins: the one of the higher offset, at equal offsets the one of the higher generation. */
export interface Fence {
  readonly partition: number
  /** Last offset that the written values include. */
  readonly offset: number
  /** Grows with every owner of the partition: below 2^20. */
  readonly generation: number
}

export interface LoadedState {
  readonly state: unknown
  /** Every record of the partition up to this offset is included. */
  readonly srcOffset: number
}

/** The aggregates of one stream in Cassandra. */
export interface AggregateStore {
  /** Rows that exist, by key. `partition` is the source partition: part of the key of split rows. */
  load(
    projection: string,
    keys: readonly string[],
    partition: number,
  ): Promise<ReadonlyMap<string, LoadedState>>
  /**
   * Writes all columns of every row USING TIMESTAMP 2^20 * offset + generation, with `src_partition`
   * and `src_offset`. States are turned into parameters before the first await: the owner goes on
   * folding. Resolves when all are durable; after a rejection any part may have been written.
   */
  save(rows: readonly AggregateRow[], fence: Fence): Promise<void>
  /** Every row that belongs in Redis (see `LiveStore`), in pages: for seeding. */
  scanLive(
    partition: number,
  ): AsyncIterable<readonly (AggregateRow & {readonly srcOffset: number})[]>
}

/** What a raw-row location holds: the event as last applied, and by which record. */
export interface Register<Event, Derived = unknown> {
  readonly event: Event
  /** As it was computed when the row was written. */
  readonly derived: Derived | null
  readonly outboxId: number
  /** Microseconds since 1970. */
  readonly createdAt: number
}

/** A change of one raw row. Every write at a location has a higher fence than the one before. */
export interface RawWrite<Event, Derived> {
  readonly kind: 'put' | 'delete'
  /** For `delete` only its key columns count. */
  readonly event: Event
  /** What was computed with metadata; null for `delete`. */
  readonly derived: Derived | null
  readonly outboxId: number
  readonly createdAt: number
  /** First write of a new event: cells without value stay unset. Otherwise they are written as null. */
  readonly fresh: boolean
  /** An earlier owner may have written the row, with other metadata: what is derived is cleared. */
  readonly mayRepeat?: boolean
  readonly fence: Fence
  /** Milliseconds since 1970 when the owner took the record. */
  readonly processedAt: number
}

/** A raw row with what identifies its last write. */
export interface StoredRow<Event> {
  readonly event: Event
  readonly outboxId: number
  /** Microseconds since 1970. */
  readonly createdAt: number
  /** Milliseconds since 1970. */
  readonly processedAt: number
  readonly offset: number
}

/** Raw rows that were written before the metadata they are computed with was there. */
export interface LateRows<Event, Derived> {
  /** Those of a content, in pages; the range is in seconds since 1970, its end exclusive. */
  scan(
    contentId: string,
    range: {readonly from: number; readonly to: number},
  ): AsyncIterable<readonly StoredRow<Event>[]>
  /**
   * Sets what is derived, at each row's own offset, under a generation newer than that of the row:
   * later writes of the row win.
   */
  patch(
    rows: readonly (StoredRow<Event> & {readonly derived: Derived})[],
    generation: number,
  ): Promise<void>
}

/** The raw rows of one stream: registers for the processor, events for readers. */
export interface RegisterStore<Event, Derived> {
  /** The full primary key of the event's raw row as text: equal texts are one location. Pure. */
  locationOf(event: Event): string
  /** Registers at the events' locations, in their order; null where there is none. */
  read(events: readonly Event[]): Promise<readonly (Register<Event, Derived> | null)[]>
  /** Resolves when all are durable. Parameters are taken before the first await. */
  write(writes: readonly RawWrite<Event, Derived>[]): Promise<void>
  /** All raw events of an aggregate row, in pages; a full recomputation of what cannot be retracted. */
  scan(projection: string, key: string, partition: number): AsyncIterable<readonly Event[]>
  /** Absent for a stream that is not enriched. */
  readonly late?: LateRows<Event, Derived>
}

/** A hash per event in Redis, replaced whole, guarded by `outboxId` and `generation`. */
export interface LiveEvent<Event, Derived> {
  readonly kind: 'put' | 'delete'
  readonly event: Event
  readonly derived: Derived | null
  readonly outboxId: number
  /** Of the owner that says so: of two hashes of one record that of the later owner stands. */
  readonly generation: number
  readonly createdAt: number
  readonly offset: number
  /** False: it gets no hash, for there is a backlog; readers find it in Cassandra. */
  readonly withHash?: boolean
}

/** The lease `ready:{p}`: readers use a partition's keys only while it stands. */
export interface Lease {
  readonly runId: string
  readonly generation: number
  /** Everything up to this offset is in Redis. */
  readonly offset: number
}

/** A row whose value includes everything up to `offset`: the guard of its key or field. */
export interface LiveRow extends AggregateRow {
  readonly offset: number
}

export interface LiveFlush<Event, Derived> {
  readonly fence: Fence
  readonly events: readonly LiveEvent<Event, Derived>[]
  readonly rows: readonly LiveRow[]
  /**
   * When the lease ends, milliseconds since 1970: an absolute time (PXAT), so that a call which a
   * frozen server runs late does not revive it. 0 while seeding: values are written, no lease is.
   */
  readonly leaseUntilMs: number
  /**
   * Without a new lease: the one that stands ends then and says what it said. 0 or absent: it ends when
   * it would have ended. Only with `renew`.
   */
  readonly extendUntilMs?: number
  /** True when the owner held the lease at its last flush: it must still be there. */
  readonly renew: boolean
  /** The run id the owner seeded. */
  readonly runId: string
}

/**
 * The live values of one stream in Redis: absolute, each guarded by its offset, every key of a
 * partition in one hash tag.
 */
export interface LiveStore<Event, Derived> {
  /** Names of the projections that have live values. */
  readonly projections: ReadonlySet<string>
  /** The server's run id. */
  runId(): Promise<string>
  lease(partition: number): Promise<Lease | null>
  /** Removes the lease, and the partition's keys where they could be wrong: before seeding. */
  revoke(partition: number, generation: number): Promise<void>
  /**
   * One pipeline or script. A value is written unless its key holds a higher offset. `lost`: the
   * server is another one than `runId`, or the lease is held by a newer generation, or it is not
   * there although `renew`: the owner seeds again. Nothing is promised about what was written then.
   * `awaited`: applied, and a reader waits until the aggregates are durable too.
   */
  flush(flush: LiveFlush<Event, Derived>): Promise<'applied' | 'awaited' | 'lost'>
}

/** Content metadata as the `content` topic said last. */
export interface ContentMetadata {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly content_type: string | null
  readonly length_seconds: number | null
  readonly publish_ts: number
  readonly outboxId: number
  readonly createdAt: number
  readonly deleted: boolean
  /** Its insert: cells without value stay unset. */
  readonly fresh?: boolean
}

/** Content metadata in Cassandra (and Redis, if readers want it there): newer `outboxId` wins. */
export interface ContentStore {
  load(ids: readonly string[]): Promise<ReadonlyMap<string, ContentMetadata>>
  /** Fenced by USING TIMESTAMP from the record's `outboxId`: an older record never wins. */
  save(contents: readonly ContentMetadata[]): Promise<void>
}

export interface EpochRow {
  readonly lanes: number
  readonly lane: number
  readonly epoch: number
  readonly offset: number
}

export interface PartitionProgress {
  /** Next offset to read: everything below is durable. */
  readonly offset: number
  /** Identity of the record at `offset - 1`, or null at the start. */
  readonly outboxId: number | null
  readonly createdAt: number | null
  readonly epochs: readonly EpochRow[]
  /** Latest period (see `Projection.periodOf`) folded so far, seconds since 1970. */
  readonly maxPeriod: number
  /** Rows that wait for recomputation. */
  readonly stale: readonly {readonly projection: string; readonly key: string}[]
  /** Contents whose events wait for metadata. */
  readonly late?: readonly LateContent[]
}

/** A content and the seconds since 1970 that its events lie in, the end exclusive. */
export interface LateContent {
  readonly id: string
  readonly from: number
  readonly to: number
}

/** What an owner finds when it takes a partition. */
export interface Ownership {
  /** Higher than every one before; below 2^20. */
  readonly generation: number
  /** No earlier owner has written a value that includes a later offset than this; -1 at first. */
  readonly ceiling: number
}

/**
 * Who owns a partition and how far it is, in Cassandra. `take`, `renew` and `hold` are
 * lightweight transactions on one row per partition and agree on one order.
 */
export interface PartitionStore {
  take(topic: string, partition: number): Promise<Ownership>
  /** A new generation for the present owner; null when there is a newer owner already. */
  renew(topic: string, partition: number, owner: Ownership): Promise<Ownership | null>
  /**
   * Says that the owner may write values up to `ceiling` (which never shrinks). False when there is a
   * newer generation: the caller has lost the partition and must not write any more.
   */
  hold(topic: string, partition: number, owner: Ownership): Promise<boolean>
  load(topic: string, partition: number): Promise<PartitionProgress | null>
  /** Fenced like an aggregate row. */
  save(topic: string, progress: PartitionProgress, fence: Fence): Promise<void>
}
