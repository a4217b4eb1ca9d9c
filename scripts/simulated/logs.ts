/** Lines of services; now and then one of them fails in a burst, or says what none has said before. */
import {momentOf, type LogRow, type Source} from './changes.ts'
import {
  fill,
  LEVELS,
  NEW_MESSAGES,
  newTemplate,
  SERVICES,
  TEMPLATES,
  type Level,
  type Service,
} from './messages.ts'
import {createOccasions, NEVER, type Ledger, type Occasions, type Planting} from './planted.ts'
import {anyOf, createRandom, seedOf, weighted, wholeBetween, type Random} from './random.ts'

export interface LogsOptions {
  readonly seed: number
  /** What is new follows from it, too: each run has new messages of its own. */
  readonly startMs: number
  /** Without bursts and new messages. */
  readonly isCalm: boolean
}

/** In lines of all services. */
const BURSTS = {first: 400, every: 3000} as const
const BURST_LINES = [60, 200] as const
const NEW = {first: 250, every: 2000} as const
const NEW_LINES = [10, 40] as const
/** While it lasts, the part of all lines that is of it. */
const SHARES = {'error burst': 0.7, 'new message': 0.1} as const

interface Episode {
  readonly service: Service
  readonly level: Level
  readonly template: string
  readonly share: number
  readonly planting: Planting
  left: number
}

const levelNames = Object.keys(LEVELS) as Level[]
const pickLevel = weighted(Object.values(LEVELS))
const pickService = weighted(SERVICES.map(({weight}) => weight))

export function createLogs(ledger: Ledger, {seed, startMs, isCalm}: LogsOptions): Source {
  const random = createRandom(seedOf(seed, 'logs'))
  const chance = createRandom(seedOf(seed, 'log episodes'))
  const occasions = {
    burst: isCalm ? NEVER : createOccasions(chance, BURSTS),
    news: isCalm ? NEVER : createOccasions(chance, NEW),
  }
  const firstNew = seedOf(seed, 'new messages', startMs) >>> 0
  const episodes = createEpisodes({ledger, chance, firstNew}, occasions)
  const usual = (): Omit<LogRow, 'logged_at'> => {
    const service = SERVICES[pickService(random())]!
    const level = levelNames[pickLevel(random())]!
    const message = fill(anyOf(random, TEMPLATES[level]), service, random)
    return {service: service.name, level, message}
  }
  return {
    next(atMs) {
      const row = {...(episodes.lineAt(atMs) ?? usual()), logged_at: momentOf(atMs)}
      return [{stream: 'logs', op: 'insert', row}]
    },
  }
}

interface Episodes {
  /** A line of something planted, or none. */
  lineAt(atMs: number): Omit<LogRow, 'logged_at'> | undefined
}

function createEpisodes(
  {
    ledger,
    chance,
    firstNew,
  }: {readonly ledger: Ledger; readonly chance: Random; readonly firstNew: number},
  occasions: {readonly burst: Occasions; readonly news: Occasions},
): Episodes {
  const underWay: Episode[] = []
  let told = 0
  const begin = (
    what: keyof typeof SHARES,
    line: Pick<Episode, 'service' | 'level' | 'template' | 'left'>,
    atMs: number,
  ): void => {
    const where = `${line.service.name}: ${line.template.replace('{thing}', line.service.thing)}`
    const planting = ledger.begin({stream: 'logs', what, where}, atMs)
    underWay.push({...line, share: SHARES[what], planting})
  }
  const beginDue = (atMs: number): void => {
    if (occasions.burst.isNow()) {
      const service = SERVICES[pickService(chance())]!
      const template = anyOf(chance, TEMPLATES.error)
      const left = wholeBetween(chance, BURST_LINES)
      begin('error burst', {service, level: 'error', template, left}, atMs)
    }
    if (occasions.news.isNow() && told < NEW_MESSAGES) {
      const service = SERVICES[pickService(chance())]!
      const level = anyOf(chance, ['info', 'warn', 'error'] as const)
      const left = wholeBetween(chance, NEW_LINES)
      const template = newTemplate((firstNew + told) % NEW_MESSAGES)
      begin('new message', {service, level, template, left}, atMs)
      told += 1
    }
  }
  return {
    lineAt(atMs) {
      beginDue(atMs)
      const episode = underWay.find(({share}) => chance() < share)
      if (episode === undefined) return undefined
      const {service, level, template, planting} = episode
      planting.row(atMs)
      episode.left -= 1
      if (episode.left === 0) {
        planting.end()
        underWay.splice(underWay.indexOf(episode), 1)
      }
      return {service: service.name, level, message: fill(template, service, chance)}
    },
  }
}
