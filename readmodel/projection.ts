/**
 * What a projection is: a fold of one stream's events into rows, and where those rows are kept.
 *
 * The partition owner (`processor/`) knows only this: it loads rows lazily, folds each record once, and
 * saves absolute, fenced values. A fold does no I/O, reads no clock and keeps whole numbers, so that taking
 * an event out is the inverse of adding it. States are mutated in place: their owner is the only one who
 * holds them, and each knows up to which record it counts.
 */
import type {Fields} from './fields.ts'
import type {StateTable} from './rows.ts'

/** Something that could not be taken out exactly, and has to be computed again. */
export interface StaleBucket {
  /** `total`, or a level of time. */
  readonly level: string
  /** Seconds since 1970; 0 of a total. */
  readonly start: number
}

/** A stale part of a row, as an owner keeps it in mind. */
export interface StaleRow extends StaleBucket {
  readonly projection: string
  readonly key: string
}

/** A part that somebody found wrong, and the times of the oldest and newest event of its row, if they are known. */
export interface DoubtedRow extends StaleRow {
  /** Microseconds since 1970. */
  readonly oldestUs: number | null
  readonly newestUs: number | null
}

/** What is to be mended, and how far its owner is. */
export interface MendAt extends StaleBucket {
  readonly key: string
  readonly partition: number
  /** Of the owner at any moment. */
  readonly foldedOffset: () => number
  /** Of the last record that changed a raw row and no number. */
  readonly unfoldedOffset: () => number
}

/** Reads for long: each read is repeated by itself when a store does not answer. */
export type Patient = <T>(read: () => Promise<T>) => Promise<T>

/** What has to be looked for among the events of all entities: by many parts in one reading. */
export interface Scan {
  /** Starts of slices, seconds since 1970; null: events without a time. */
  readonly slices: readonly (number | null)[]
  /**
   * Takes an event of one of them, of its own key; what lies elsewhere is passed over.
   *
   * @param offset of the record that it is of
   */
  add(event: Fields, offset: number): void
}

/** One computation of a stale part that was begun. */
export interface Mending {
  /** Counts are computed, too: each raw row has to be met once. */
  readonly isRecount?: boolean
  /** To be read after `collect`; absent: nothing. */
  readonly scan?: Scan | undefined
  /**
   * Reads what is stored. What was folded before it was begun is durable. What is read may be read again.
   *
   * @returns what it is made of that is stale itself, taken as it is, so that this stays stale, too; null: something
   *   includes what is not folded yet, so later
   */
  collect(patient: Patient): Promise<readonly StaleBucket[] | null>
  /** Takes over what was computed. @returns false when something was taken out meanwhile: it is stale still */
  adopt(): boolean
  /** Ends it, adopted or not. */
  end(): void
}

/** What is written to Redis of a row: fields of one hash. */
export interface LiveValue {
  readonly key: string
  /** How long it is kept, seconds. */
  readonly ttlS: number
  /** Names and values, one after the other. */
  readonly fields: readonly (string | Buffer)[]
  /** False: fields of others stand in the same hash; it is neither cleared nor tagged as a whole. */
  readonly isWhole: boolean
}

export interface LiveMoment {
  readonly partition: number
  /** The first write of this run: all of it, not only what changed. */
  readonly isFirst: boolean
  readonly nowMs: number
}

export interface Projection<State extends object = object> {
  /** Unique among all streams: names rows in stores, metrics and logs. */
  readonly id: string
  /** Keys of the rows that the event belongs to; of the event alone. */
  keysOf(event: Fields): readonly string[]
  create(key: string): State
  /** Makes sure that what the event is folded into is there. @returns true when some must be loaded first */
  prepare?(state: State, event: Fields): boolean
  /**
   * Adds the event that the stream's inputs were read from.
   *
   * @returns false when everything of the row includes the record already
   */
  apply(state: State, event: Fields, offset: number): boolean
  /** Takes it out again. */
  retract(state: State, event: Fields, offset: number): boolean
  /** What is stale in the row as far as it is in memory. Absent: never anything. */
  staleOf?(state: State): readonly StaleBucket[]
  /**
   * Begins to compute a stale part again; null when it is not stale, or not in memory (see `want`); `early`
   * while it includes more than its owner has folded: its raw rows are not what it counts yet.
   */
  mend?(state: State, at: MendAt): Mending | 'early' | null
  /** Makes sure that a stale part is in memory, or wanted. @returns false when it must be loaded */
  want?(state: State, bucket: StaleBucket): boolean
  /**
   * A part was found wrong: it counts as stale, its numbers too, until it was computed again. It is in memory (see
   * `want`). Absent: nothing is computed again of it.
   */
  doubt?(state: State, part: DoubtedRow, offset: number): void
  bytesOf(state: State): number
  readonly table: StateTable<State>
  /** None when nothing is to be written: it is too old to be looked at. */
  liveOf(key: string, state: State, moment: LiveMoment): readonly LiveValue[]
  /**
   * Keys of stored rows that readers of the moment take as missing when they are not in Redis: an owner
   * writes them at the beginning of a run. Absent: none.
   */
  seedsOf?(partition: number, nowMs: number): AsyncIterable<readonly string[]>
}
