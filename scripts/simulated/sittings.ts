/** What people look at, how far they get, on what device: engagement and activity, a step at a time. */
import {
  momentOf,
  type Change,
  type ContentRow,
  type EngagementRow,
  type PageViewRow,
} from './changes.ts'
import {makeContents} from './contents.ts'
import {createHits, type Hits} from './hits.ts'
import type {Ledger, Planting} from './planted.ts'
import {DEVICES, type Person, type Population} from './population.ts'
import {anyOf, createRandom, seedOf, type Random} from './random.ts'

export type SittingChange = Extract<Change, {readonly stream: 'engagement' | 'activity'}>

export interface Sittings {
  readonly contents: readonly ContentRow[]
  /** What happens next, anywhere. */
  next(atMs: number): SittingChange
}

export interface SittingsDeps {
  readonly population: Population
  readonly ledger: Ledger
}

export interface SittingsOptions {
  readonly seed: number
  readonly startMs: number
  readonly contents: number
  /** Without hits and points at which people leave. */
  readonly isCalm: boolean
}

/** People who are at it at the same time; their steps interleave. */
const SITTINGS = 200
const ANONYMOUS = 0.15
/** Of the contents, those in which people leave at one point; of those who get there, who leaves. */
const WITH_DROP_OFF = 1 / 30
const LEAVING = 0.7
const LEAVING_WITHIN_MS = 3000

interface DropOff {
  readonly positionMs: number
  readonly planting: Planting
}

type Step =
  | {readonly stream: 'engagement'; readonly row: Omit<EngagementRow, 'event_ts'>}
  | {readonly stream: 'activity'; readonly row: Omit<PageViewRow, 'occurred_at'>}

export function createSittings(deps: SittingsDeps, options: SittingsOptions): Sittings {
  const random = createRandom(options.seed)
  const contents = makeContents(options.seed, options.contents)
  const hits = createHits(deps.ledger, contents, options)
  const dropOffs = options.isCalm
    ? new Map<string, DropOff>()
    : plantDropOffs(deps, contents, options)
  const sittings: Step[][] = []
  return {
    contents,
    next(atMs) {
      while (sittings.length < SITTINGS) {
        sittings.push(begin({random, contents, hits, dropOffs, population: deps.population}, atMs))
      }
      const index = Math.floor(random() * sittings.length)
      const sitting = sittings[index]!
      const step = sitting.shift()!
      if (sitting.length === 0) sittings.splice(index, 1)
      return timed(step, momentOf(atMs))
    },
  }
}

function timed(step: Step, at: string): SittingChange {
  return step.stream === 'engagement'
    ? {stream: 'engagement', op: 'insert', row: {...step.row, event_ts: at}}
    : {stream: 'activity', op: 'insert', row: {...step.row, occurred_at: at}}
}

/** In some of what has a length, most of those who get to one point leave there. */
function plantDropOffs(
  {ledger}: SittingsDeps,
  contents: readonly ContentRow[],
  {seed, startMs}: SittingsOptions,
): ReadonlyMap<string, DropOff> {
  const random = createRandom(seedOf(seed, 'drop-offs'))
  // Among those that are seen most, so that it shows.
  const long = contents.filter(({length_seconds}) => length_seconds !== null)
  const seen = long.slice(0, Math.ceil(long.length / 4))
  const count = Math.min(seen.length, Math.ceil(contents.length * WITH_DROP_OFF))
  const dropOffs = new Map<string, DropOff>()
  while (dropOffs.size < count) {
    const {id, slug, length_seconds} = anyOf(random, seen)
    const second = Math.round(length_seconds! * (0.2 + 0.4 * random()))
    if (dropOffs.has(id)) continue
    const where = `${slug} at ${second} s of ${length_seconds} s`
    const planting = ledger.begin(
      {stream: 'engagement', what: 'drop-off', where, ids: [id]},
      startMs,
    )
    dropOffs.set(id, {positionMs: second * 1000, planting})
  }
  return dropOffs
}

interface Sitting {
  readonly content: ContentRow
  readonly user: Person | null
  readonly dropOff: DropOff | undefined
  readonly random: Random
  readonly atMs: number
}

interface Surroundings {
  readonly random: Random
  readonly contents: readonly ContentRow[]
  readonly hits: Hits
  readonly dropOffs: ReadonlyMap<string, DropOff>
  readonly population: Population
}

function begin({random, contents, hits, dropOffs, population}: Surroundings, atMs: number): Step[] {
  const {index, planting} = hits.pick(random, atMs)
  const content = contents[index]!
  const user = random() < ANONYMOUS ? null : population.comes(random, atMs)
  const steps = stepsOf({content, user, dropOff: dropOffs.get(content.id), random, atMs})
  for (const _ of steps) planting?.row(atMs)
  return steps
}

type Add = (row: Omit<EngagementRow, 'content_id' | 'user_id' | 'device' | 'event_ts'>) => void

/** One sitting in front of one content, in its order. */
function stepsOf(sitting: Sitting): Step[] {
  const {content, user, random} = sitting
  const steps: Step[] = []
  if (user !== null) {
    const pages = ['/', `/${content.content_type}s`, `/content/${content.slug}`]
    for (const page of random() < 0.5 ? pages.slice(2) : pages) {
      const metadata = {page, device: user.device}
      steps.push({
        stream: 'activity',
        row: {user_id: user.id, activity_type: 'page_view', metadata},
      })
    }
  }
  const device = user?.device ?? anyOf(random, DEVICES)
  const add: Add = row => {
    steps.push({
      stream: 'engagement',
      row: {content_id: content.id, user_id: user?.id ?? null, device, ...row},
    })
  }
  if (content.length_seconds === null) read(sitting, add)
  else watch(sitting, content.length_seconds * 1000, add)
  return steps
}

function read({random}: Sitting, add: Add): void {
  add({event_type: 'click', duration_ms: null, raw_payload: {button: 'open'}})
  if (random() < 0.3) add({event_type: 'click', duration_ms: null, raw_payload: {button: 'link'}})
  if (random() < 0.6) {
    const duration = Math.round(15_000 + random() * 240_000)
    add({event_type: 'finish', duration_ms: duration, raw_payload: null})
  }
}

/** Many leave early, some stay to the end, few are in between; and where there is a point to leave at, most there. */
function leavesAt({random, dropOff, atMs}: Sitting, lengthMs: number): number {
  const leavesMs = random() < 0.35 ? lengthMs : Math.floor(lengthMs * random() ** 1.7)
  if (dropOff === undefined || leavesMs < dropOff.positionMs || random() > LEAVING) return leavesMs
  dropOff.planting.row(atMs)
  return dropOff.positionMs + Math.floor(random() * LEAVING_WITHIN_MS)
}

/** Plays in stretches; a pause or the end says how long the stretch was and where it ended. */
function watch(sitting: Sitting, lengthMs: number, add: Add): void {
  const {random, content} = sitting
  const leavesMs = leavesAt(sitting, lengthMs)
  let position = 0
  let stretches = 0
  for (;;) {
    const quality = random() < 0.6 ? 'HD' : 'SD'
    add({event_type: 'play', duration_ms: null, raw_payload: {position_ms: position, quality}})
    stretches += 1
    const rest = leavesMs - position
    const toTheEnd = stretches === 4 || random() < 0.45
    const stretch = Math.max(0, toTheEnd ? rest : Math.floor(rest * random()))
    position += stretch
    const finished = position >= lengthMs
    add({
      event_type: finished ? 'finish' : 'pause',
      duration_ms: stretch,
      raw_payload: {position_ms: position},
    })
    if (finished || toTheEnd) break
  }
  if (random() < 0.08) {
    const button = content.content_type === 'podcast' ? 'follow' : 'subscribe'
    add({event_type: 'click', duration_ms: null, raw_payload: {button, position_ms: position}})
  }
}
