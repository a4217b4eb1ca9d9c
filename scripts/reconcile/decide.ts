/**
 * Decides of places that differed at first sight: most differ only because changes are on their way.
 *
 * Guarantees    a difference was seen at two common points. What is being computed again, or could not be compared
 *               at one point, is undecided.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import type {CommonPoint} from './common-point.ts'
import type {Compared, Difference, Place} from './differences.ts'
import {nameOfPlace, placesOf, readPlaces} from './look-again.ts'
import {chunksOf, timeName} from './rollups.ts'

export interface Decided {
  readonly differences: readonly Difference[]
  readonly undecided: readonly Difference[]
  /** Why some could not be compared at one point. */
  readonly reason: string | undefined
}

/** Waits before looks that hold nothing. */
const LOOKS_MS = [200, 1_000]
/** Holds that lead to nothing, one after the other, until it is given up. */
const HOLDS_MAX = 8
/** Publishing is let go for so many times as long as it was held, at least for so long. */
const LET_GO_FACTOR = 2
const LET_GO_MS = 300
/** After so many holds that were too short it is held for twice as long: still too short for a relay to be stalled. */
const PATIENT_FROM = 2
/** Looks at common points: a difference has to be seen in two of them. */
const SEEN = 2
const LOOKS_MAX = 3
/** Waits for what is being computed again. */
const STALE_MS = [500, 1_000, 2_000, 4_000, 8_000]
const PLACES_AT_ONCE = 2_000

export interface DecideDeps {
  readonly point: Pick<CommonPoint, 'compare'>
  /** Told how far it is, in a line. */
  readonly say: (line: string) => void
}

interface Looked {
  readonly differences: readonly Difference[]
  readonly missed: readonly Place[]
  readonly reason: string | undefined
}

const nothing: Looked = {differences: [], missed: [], reason: undefined}

/** All of the places, at as many points as it takes. */
async function lookAtPoints({point, say}: DecideDeps, places: readonly Place[]): Promise<Looked> {
  const differences: Difference[] = []
  let missed = places
  let reason: string | undefined
  for (let failures = 0; missed.length > 0 && failures < HOLDS_MAX;) {
    const times = failures >= PATIENT_FROM ? 2 : 1
    const round = await point.compare(missed, one => void differences.push(one), times)
    const done = new Set(round.compared.map(nameOfPlace))
    missed = missed.filter(place => !done.has(nameOfPlace(place)))
    reason = round.reason
    const held = `${(round.heldMs / 1000).toFixed(1)} s`
    say(
      `${missed.length} of ${places.length} left to compare${reason === undefined ? '' : `: ${reason}`}, publishing was held for ${held}`,
    )
    failures = done.size > 0 ? 0 : failures + 1
    if (missed.length > 0) await sleep(Math.max(LET_GO_MS, LET_GO_FACTOR * round.heldMs))
  }
  return {differences, missed, reason}
}

async function look(at: Compared, places: readonly Place[]): Promise<readonly Difference[]> {
  const found: Difference[] = []
  const of = {...at, report: (one: Difference): void => void found.push(one)}
  const judge = await readPlaces(of, places, Math.floor(Date.now() / 1000))
  await judge()
  return found
}

/** Waits between looks at lists. */
const LISTS_MS = [500, 1_500, 4_000, 8_000, 12_000]

/**
 * Lists of events that change between two looks are looked at again, and nothing is held for it: what happened some
 * time ago comes to rest by itself, where a hold would have to be long enough to read all of it.
 */
async function settleLists(at: Compared, places: readonly Place[]): Promise<readonly Place[]> {
  const settled = places.filter(({kind}) => kind !== 'list')
  let moving: readonly Place[] = places.filter(({kind}) => kind === 'list')
  let before = new Map<string, string>()
  for (const ms of LISTS_MS) {
    if (moving.length === 0) break
    await sleep(ms)
    const found = await look(at, moving)
    const textOf = ({expected, actual}: Difference): string => JSON.stringify([expected, actual])
    const now = new Map(found.map(one => [one.what, textOf(one)]))
    const isStill = ({what}: Difference): boolean => before.get(what) === now.get(what)
    settled.push(...placesOf(found.filter(isStill)))
    moving = placesOf(found.filter(one => !isStill(one)))
    before = now
  }
  return [...settled, ...moving]
}

async function decideSome(
  at: Compared,
  deps: DecideDeps,
  suspects: readonly Place[],
): Promise<Decided> {
  let places = suspects
  for (const ms of LOOKS_MS) {
    if (places.length === 0) break
    await sleep(ms)
    places = placesOf(await look(at, places))
  }
  places = await settleLists(at, places)
  const seen = new Map<string, number>()
  let last = nothing
  const missed: Place[] = []
  const missAlso = (looked: Looked): Looked => {
    missed.push(...looked.missed)
    return looked
  }
  const isSure = ({what}: Difference): boolean => (seen.get(what) ?? 0) >= SEEN
  for (let i = 0; i < LOOKS_MAX && places.length > 0; i++) {
    last = missAlso(await lookAtPoints(deps, places))
    for (const {what} of last.differences) seen.set(what, (seen.get(what) ?? 0) + 1)
    places = placesOf(last.differences.filter(one => one.isStale !== true && !isSure(one)))
    // What is sure is looked at once more with what is not, so that one list has both.
    if (places.length > 0) places = placesOf(last.differences)
  }
  const differences = last.differences.filter(one => one.isStale !== true && isSure(one))
  let stale = last.differences.filter(one => one.isStale === true)
  let reason = missed.length > 0 ? last.reason : undefined
  for (const ms of STALE_MS) {
    if (stale.length === 0) break
    await sleep(ms)
    const looked = missAlso(await lookAtPoints(deps, placesOf(stale)))
    const known = new Set(differences.map(({what}) => what))
    // Computed again, and different still.
    differences.push(
      ...looked.differences.filter(({isStale, what}) => isStale !== true && !known.has(what)),
    )
    stale = looked.differences.filter(one => one.isStale === true)
    if (looked.missed.length > 0) reason = looked.reason
  }
  return {differences, undecided: [...stale, ...untold(at, missed, reason)], reason}
}

/** Places that could not be compared. */
const untold = (
  at: Compared,
  places: readonly Place[],
  reason = 'unknown',
): readonly Difference[] =>
  places.map(place => ({
    what: textOfPlace(at, place),
    expected: 'a common point',
    actual: reason,
    place,
  }))

/** As differences call it. */
function textOfPlace({plan, stream}: Compared, place: Place): string {
  switch (place.kind) {
    case 'rollup': {
      const {id} = plan.rollups[place.rollup]!
      const time = place.level === 'total' ? '' : ` ${timeName(place.start)}`
      return `stored ${id} ${place.key} ${place.level}${time}`
    }
    case 'hash':
      return `redis hash ${plan.rollups[place.rollup]!.hash} ${place.key}`
    case 'event':
    case 'stray':
      return `raw ${stream.name} event ${place.id}`
    case 'list':
      return `stored ${stream.name} events of ${place.key}`
    case 'special':
      return `stored ${stream.name} ${stream.special[place.special]!.kind} ${place.key}`
    case 'window':
      return `stored ${place.window}`
    case 'run':
      return `redis ${stream.name} partition ${place.partition}`
    default:
      return place satisfies never
  }
}

/** Decides of places in the order in which they were found. */
export async function decide(
  at: Compared,
  deps: DecideDeps,
  suspects: readonly Place[],
): Promise<Decided> {
  const differences: Difference[] = []
  const undecided: Difference[] = []
  let reason: string | undefined
  for (const some of chunksOf(suspects, PLACES_AT_ONCE)) {
    // What stood in the way of these stands in the way of the others.
    if (reason !== undefined) {
      undecided.push(...untold(at, some, reason))
      continue
    }
    const decided = await decideSome(at, deps, some)
    differences.push(...decided.differences)
    undecided.push(...decided.undecided)
    reason = decided.reason
  }
  return {differences, undecided, reason}
}
