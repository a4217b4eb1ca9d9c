/**
 * All chosen streams together, in their shares, in steps of time.
 *
 * Guarantees    the same options give the same rows at the same times, however fast they are asked for (INV-146).
 * Does not      look at a clock, or write.
 */
import type {Change, ContentRow, Source, StreamName, UserRow} from './changes.ts'
import {createLogs} from './logs.ts'
import {createOrders} from './orders.ts'
import {createLedger, type Ledger, type Planted} from './planted.ts'
import {createPopulation, type Population} from './population.ts'
import {createRegistrations, firstUsers} from './profiles.ts'
import {createReadings} from './readings.ts'
import {busyness} from './shape.ts'
import {createSittings, type Sittings} from './sittings.ts'

export interface FeedOptions {
  readonly streams: readonly StreamName[]
  readonly seed: number
  readonly startMs: number
  /** Rows a second, of all streams, in the mean of a week. */
  readonly rate: number
  readonly contents: number
  readonly users: number
  readonly products: number
  readonly devices: number
  /** Without anything planted. */
  readonly isCalm: boolean
}

export interface Feed {
  readonly contents: readonly ContentRow[]
  /** Rows of the first people. */
  firstUsers(): Iterable<UserRow>
  /** Up to when everything was given out. */
  atMs(): number
  /** What happens in the next STEP_MS. */
  step(): readonly Change[]
  /** Goes on at a later moment; what would have happened until then does not. */
  skipTo(atMs: number): void
  planted(): readonly Planted[]
}

export const STEP_MS = 50

/** Parts of the rate, in percent of all; those of the chosen streams share it out. */
export const SHARES: Readonly<Record<StreamName, number>> = {
  engagement: 30,
  activity: 15,
  readings: 30,
  logs: 17.5,
  orders: 7,
  users: 0.5,
}

/** Streams that follow the day and the week; the others are steady. */
const SHAPED: ReadonlySet<StreamName> = new Set(['users', 'orders', 'logs'])
/** Streams in which people come again, by where it shows best. */
const VISITED = ['activity', 'engagement', 'orders'] as const

interface Part {
  readonly source: Source
  readonly ratePerMs: number
  readonly isShaped: boolean
  due: number
}

export function createFeed(options: FeedOptions): Feed {
  const {streams, seed, startMs} = options
  const ledger = createLedger()
  const seenIn = VISITED.find(name => streams.includes(name)) ?? 'users'
  const population = createPopulation(ledger, {...options, seenIn})
  const sittings = createSittings(
    {population, ledger},
    {...options, isCalm: options.isCalm || !streams.includes('engagement')},
  )
  const parts = partsOf({ledger, population, sittings}, options)
  let nowMs = startMs
  return {
    contents: sittings.contents,
    firstUsers: () => firstUsers(population, {seed, startMs}),
    atMs: () => nowMs,
    step() {
      const changes = parts.flatMap(part => stepOf(part, nowMs))
      nowMs += STEP_MS
      return changes
    },
    skipTo(atMs) {
      nowMs = Math.max(nowMs, atMs)
    },
    planted: () => ledger.planted(),
  }
}

/** What is due of one part, spread over the step. */
function stepOf(part: Part, fromMs: number): readonly Change[] {
  part.due += part.ratePerMs * STEP_MS * (part.isShaped ? busyness(fromMs) : 1)
  const rows = Math.floor(part.due)
  const changes: Change[] = []
  // A basket may be more than is due: then less is due in the next step.
  for (let made = 0; made < rows;) {
    const some = part.source.next(fromMs + Math.floor((STEP_MS * made) / rows))
    changes.push(...some)
    // Silence takes its turn, too.
    const took = Math.max(1, some.length)
    made += took
    part.due -= took
  }
  return changes
}

interface Sources {
  readonly ledger: Ledger
  readonly population: Population
  readonly sittings: Sittings
}

/** Users first, so that whatever looks them up finds them. */
function partsOf({ledger, population, sittings}: Sources, options: FeedOptions): readonly Part[] {
  const {streams, rate} = options
  const all = streams.reduce((sum, name) => sum + SHARES[name], 0)
  const partOf = (names: readonly StreamName[], make: () => Source): readonly Part[] => {
    const chosen = names.filter(name => streams.includes(name))
    if (chosen.length === 0) return []
    const share = chosen.reduce((sum, name) => sum + SHARES[name], 0) / all
    const isShaped = chosen.every(name => SHAPED.has(name))
    return [{source: make(), ratePerMs: (rate * share) / 1000, isShaped, due: 0}]
  }
  return [
    ...partOf(['users'], () => createRegistrations(population, options.seed)),
    ...partOf(['engagement', 'activity'], () => onlyOf(sittings, streams)),
    ...partOf(['orders'], () => createOrders(population, options)),
    ...partOf(['readings'], () => createReadings(ledger, options)),
    ...partOf(['logs'], () => createLogs(ledger, options)),
  ]
}

/** A sitting is seen in both streams; whoever chose one sees that one. */
function onlyOf(sittings: Sittings, streams: readonly StreamName[]): Source {
  return {
    next(atMs) {
      for (;;) {
        const change = sittings.next(atMs)
        if (streams.includes(change.stream)) return [change]
      }
    },
  }
}
