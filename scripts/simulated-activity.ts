/** Plausible people: what they look at, how far they get, on what device. The same seed, the same people. */
import {faker} from '@faker-js/faker'

export interface SimulatedContent {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly content_type: 'podcast' | 'newsletter' | 'video'
  readonly length_seconds: number | null
  readonly published_days_ago: number
}

export interface SimulatedEngagement {
  readonly content_id: string
  readonly user_id: string | null
  readonly event_type: 'play' | 'pause' | 'finish' | 'click'
  readonly duration_ms: number | null
  readonly device: string
  readonly raw_payload: Readonly<Record<string, unknown>> | null
}

export interface SimulatedPageView {
  readonly user_id: string
  readonly activity_type: 'page_view'
  readonly metadata: Readonly<Record<string, unknown>>
}

export type SimulatedEvent =
  | {readonly kind: 'engagement'; readonly row: SimulatedEngagement}
  | {readonly kind: 'activity'; readonly row: SimulatedPageView}

export interface Simulation {
  readonly contents: readonly SimulatedContent[]
  /** What happens next, anywhere. */
  next(): SimulatedEvent
}

export interface SimulationOptions {
  readonly seed: number
  readonly contents: number
  readonly users: number
}

/** Popularity of the n-th content is 1 / n^0.9: a few are seen by most. */
const ZIPF = 0.9
/** People who are at it at the same time; their steps interleave. */
const SESSIONS = 200
const ANONYMOUS = 0.15
const DEVICES = ['ios', 'android', 'web-chrome', 'web-safari', 'smart-tv'] as const
const DEVICE_WEIGHTS = [0.34, 0.29, 0.18, 0.11, 0.08] as const
const LENGTHS = {podcast: [600, 5400], video: [60, 7200]} as const

type Random = () => number

/** mulberry32: small, fast, the same on every machine. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function createSimulation(options: SimulationOptions): Simulation {
  const random = createRandom(options.seed)
  const contents = makeContents(options)
  const users = makeUsers(options)
  const pickContent = weighted(contents.map((_, rank) => 1 / (rank + 1) ** ZIPF))
  const pickUser = weighted(users.map((_, rank) => 1 / (rank + 10) ** 0.6))
  const begin = (): SimulatedEvent[] => {
    const content = contents[pickContent(random())]!
    const user = random() < ANONYMOUS ? null : users[pickUser(random())]!
    return sessionOf({content, user, random})
  }
  const sessions: SimulatedEvent[][] = []
  return {
    contents,
    next() {
      while (sessions.length < SESSIONS) sessions.push(begin())
      const index = Math.floor(random() * sessions.length)
      const session = sessions[index]!
      const event = session.shift()!
      if (session.length === 0) sessions.splice(index, 1)
      return event
    },
  }
}

/** Index by weight, from a number in [0, 1). */
function weighted(weights: readonly number[]): (at: number) => number {
  let total = 0
  const edges = weights.map(weight => (total += weight))
  return at => {
    let [low, high] = [0, edges.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (edges[middle]! > at * total) high = middle
      else low = middle + 1
    }
    return low
  }
}

function makeContents({seed, contents}: SimulationOptions): readonly SimulatedContent[] {
  faker.seed(seed)
  return Array.from({length: contents}, (_, index) => {
    const type = faker.helpers.weightedArrayElement([
      {value: 'video', weight: 5},
      {value: 'podcast', weight: 3},
      {value: 'newsletter', weight: 2},
    ] as const)
    const title = titleOf(type)
    return {
      id: faker.string.uuid(),
      slug: `${faker.helpers.slugify(title).toLowerCase()}-${seed}-${index}`,
      title,
      content_type: type,
      length_seconds:
        type === 'newsletter'
          ? null
          : faker.number.int({min: LENGTHS[type][0], max: LENGTHS[type][1]}),
      published_days_ago: faker.number.int({min: 0, max: 90}),
    }
  })
}

function titleOf(type: SimulatedContent['content_type']): string {
  if (type === 'podcast') return `${faker.company.buzzNoun()} with ${faker.person.firstName()}`
  if (type === 'newsletter') return `The ${faker.commerce.department()} Letter`
  return faker.company.catchPhrase()
}

interface Person {
  readonly id: string
  readonly device: string
}

function makeUsers({seed, users}: SimulationOptions): readonly Person[] {
  faker.seed(seed + 1)
  const random = createRandom(seed + 1)
  const pickDevice = weighted(DEVICE_WEIGHTS)
  return Array.from({length: users}, () => ({
    id: faker.string.uuid(),
    device: DEVICES[pickDevice(random())]!,
  }))
}

interface Sitting {
  readonly content: SimulatedContent
  readonly user: Person | null
  readonly random: Random
}

/** One sitting in front of one content, in its order. */
function sessionOf(sitting: Sitting): SimulatedEvent[] {
  const {content, user, random} = sitting
  const events: SimulatedEvent[] = []
  if (user !== null) {
    const pages = ['/', `/${content.content_type}s`, `/content/${content.slug}`]
    for (const page of random() < 0.5 ? pages.slice(2) : pages) {
      events.push({
        kind: 'activity',
        row: {user_id: user.id, activity_type: 'page_view', metadata: {page, device: user.device}},
      })
    }
  }
  const device = user?.device ?? DEVICES[Math.floor(random() * DEVICES.length)]!
  const add = (row: Omit<SimulatedEngagement, 'content_id' | 'user_id' | 'device'>): void => {
    events.push({
      kind: 'engagement',
      row: {content_id: content.id, user_id: user?.id ?? null, device, ...row},
    })
  }
  if (content.length_seconds === null) read(sitting, add)
  else watch(sitting, content.length_seconds * 1000, add)
  return events
}

type Add = (row: Omit<SimulatedEngagement, 'content_id' | 'user_id' | 'device'>) => void

function read({random}: Sitting, add: Add): void {
  add({event_type: 'click', duration_ms: null, raw_payload: {button: 'open'}})
  if (random() < 0.3) add({event_type: 'click', duration_ms: null, raw_payload: {button: 'link'}})
  if (random() < 0.6) {
    const duration = Math.round(15_000 + random() * 240_000)
    add({event_type: 'finish', duration_ms: duration, raw_payload: null})
  }
}

/** Plays in stretches; a pause or the end says how long the stretch was and where it ended. */
function watch({random, content}: Sitting, lengthMs: number, add: Add): void {
  // Many leave early, some stay to the end, few are in between.
  const leavesAt = random() < 0.35 ? lengthMs : Math.floor(lengthMs * random() ** 1.7)
  let position = 0
  let stretches = 0
  for (;;) {
    const quality = random() < 0.6 ? 'HD' : 'SD'
    add({event_type: 'play', duration_ms: null, raw_payload: {position_ms: position, quality}})
    stretches += 1
    const rest = leavesAt - position
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
