/** What a stream brings to the processor; the loop knows nothing else about it. */
import type {StreamRecord} from '../contracts/record.ts'
import type {Stream} from '../contracts/stream.ts'
import type {
  AggregateStore,
  ContentMetadata,
  LiveStore,
  Projection,
  RegisterStore,
} from './projections/projection.ts'

/** The pure part of a stream. Adding a stream is adding one of these and its stores. */
export interface StreamFold<Row, Event, Derived> {
  readonly stream: Stream
  /** The event of a decoded row; parses what projections need. Never throws. */
  toEvent(row: Row): Event
  /**
   * Why the record can never be accepted, or undefined. It depends on the record alone: read again
   * next year, it is judged as today.
   */
  problemOf(record: StreamRecord<Row>): string | undefined
  /** When it happened, microseconds since 1970; null when that is not known. */
  timeOf(event: Event): number | null
  /** The content whose metadata the event is enriched with, or null when there is none. */
  contentOf(event: Event): string | null
  derive(event: Event, metadata: ContentMetadata | null): Derived
  readonly projections: readonly Projection<Event, unknown>[]
}

/** Where a stream's rows go. */
export interface StreamStores<Event, Derived> {
  readonly aggregates: AggregateStore
  readonly registers: RegisterStore<Event, Derived>
  readonly live: LiveStore<Event, Derived>
}

/** A stream with everything bound: what the composition root hands to the loop. */
export interface BoundStream<Row, Event, Derived> {
  readonly fold: StreamFold<Row, Event, Derived>
  readonly stores: StreamStores<Event, Derived>
}
