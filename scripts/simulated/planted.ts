/**
 * What a simulation plants on purpose, so that one can look whether it was found. It begins after a number of
 * steps, not of seconds: the same seed plants the same, however fast rows are written.
 */
import {momentOf, type StreamName} from './changes.ts'
import type {Random} from './random.ts'

export const PLANTED_KINDS = [
  'hit',
  'churn',
  'drop-off',
  'spike',
  'stuck',
  'shift',
  'drop-out',
  'error burst',
  'new message',
] as const

export type PlantedKind = (typeof PLANTED_KINDS)[number]

export interface Planted {
  readonly stream: StreamName
  readonly what: PlantedKind
  /** A content, a device and sensor, a service and message, how many people. */
  readonly where: string
  /** Of its first row, where it has rows. */
  readonly from: string
  /** Of its last row; null: it goes on. */
  readonly until: string | null
  /** Rows that it made, changed or took away. */
  readonly rows: number
  /** Who or what exactly, where `where` does not say it. */
  readonly ids?: readonly string[]
}

/** Something planted that is under way. */
export interface Planting {
  /** One row more. */
  row(atMs: number): void
  /** It is over with its last row. */
  end(): void
}

export interface Ledger {
  begin(what: Pick<Planted, 'stream' | 'what' | 'where' | 'ids'>, atMs: number): Planting
  /** The newest ones, by when they began. */
  planted(): readonly Planted[]
}

/** Entries that a ledger keeps. */
const KEPT = 1000

export function createLedger(): Ledger {
  const entries: (() => Planted)[] = []
  return {
    begin(what, beginsMs) {
      let [fromMs, lastMs, rows, isOver] = [beginsMs, beginsMs, 0, false]
      entries.push(() => ({
        ...what,
        from: momentOf(fromMs),
        until: isOver ? momentOf(lastMs) : null,
        rows,
      }))
      if (entries.length > KEPT) entries.shift()
      return {
        row(atMs) {
          if (rows === 0) fromMs = atMs
          lastMs = atMs
          rows += 1
        },
        end() {
          isOver = true
        },
      }
    },
    planted: () => entries.map(entry => entry()),
  }
}

export interface Occasions {
  /** Whether the next one is now; to be asked once a step. */
  isNow(): boolean
}

/** Steps before the first one, and about how many from one to the next. */
export interface OccasionsOptions {
  readonly first: number
  readonly every: number
}

export function createOccasions(random: Random, {first, every}: OccasionsOptions): Occasions {
  let wait = first
  return {
    isNow() {
      if (wait > 0) {
        wait -= 1
        return false
      }
      wait = Math.round(every * (0.5 + random()))
      return true
    },
  }
}

/** Occasions of a simulation in which nothing is planted. */
export const NEVER: Occasions = {isNow: () => false}
