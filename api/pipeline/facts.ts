/**
 * Gathers what the verdict is made from. Each source has its own time limit and may fail alone.
 *
 * Does not      judge: see verdict.ts.
 */
import type {Stream} from '../../contracts/stream.ts'
import {topicName} from '../../contracts/topics.ts'
import {messageOf} from '../../platform/errors.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {Lack} from '../../readmodel/generations.ts'
import type {Position} from '../../readmodel/positions.ts'
import type {Session} from '../database.ts'
import type {Checks, StoreCheck} from '../readiness.ts'
import type {PipelineView} from '../schemas/admin.ts'
import type {LagView, LagWatch} from './lag.ts'
import type {LagTrend} from './lag-trend.ts'
import {createUnfilled, NO_OFFSETS, readCapture, readContradictions} from './fact-sources.ts'
import {readReconciliations, readWentBack, type WentBack} from './reconciliations.ts'
import {readService} from './services.ts'

/** Something that was asked for, or that it could not be had, and why. */
export type Told<T> =
  | {readonly told: true; readonly value: T}
  | {readonly told: false; readonly why: string}

export interface OutboxFacts {
  readonly rows: number
  readonly oldestSeconds: number | null
}

export interface StreamLag {
  readonly stream: string
  readonly records: number
  /** Partitions whose records waited a minute ago already, and are not fewer since. */
  readonly stuck: readonly {readonly name: string; readonly lag: number}[]
}

/** What is stored does not belong to the log that is there. */
export interface Contradiction {
  readonly partition: string
  readonly of: 'log' | 'keyspace'
  readonly what: string
}

/** A column that its table has otherwise than its stream declares. */
export interface ChangedColumn {
  readonly table: string
  readonly code: 'column-new' | 'column-gone' | 'column-retyped'
  readonly problem: string
  readonly todo: string
}

/** What cdc.check() says, and what it cannot know. */
export interface CaptureFacts {
  readonly problems: readonly {readonly table: string; readonly problem: string}[]
  /** Columns that are not as declared. */
  readonly columns: readonly ChangedColumn[]
  /** Tables of streams that are not captured. */
  readonly missing: readonly {readonly stream: string; readonly table: string}[]
  /** Captured tables whose topic has no stream. */
  readonly foreign: readonly {readonly table: string; readonly topic: string}[]
}

/** Dead letters that nobody has decided about. */
export interface OpenLetters {
  readonly outbox: number
  readonly topics: number
}

/** What one comparison with PostgreSQL said. */
export interface Reconciliation {
  readonly stream: string
  readonly scope: string
  readonly finished_at: string
  readonly keys: number
  readonly differences: number
  readonly undecided: number
  readonly repaired: number
}

export interface ReadModelState {
  readonly stream: string
  readonly state: 'complete' | Lack['kind']
  readonly detail: string
}

export interface BackfillState {
  readonly stream: string
  readonly state: 'running' | 'failed'
  readonly detail: string
}

/** What only whoever started the processes on this machine knows. */
export interface LauncherFacts {
  readonly running: boolean
  readonly starting: boolean
  readonly ended: readonly {readonly name: string; readonly why: string}[]
  readonly flapping: readonly {readonly name: string; readonly restarts: number}[]
}

export interface Facts {
  /** It began a moment ago and was never healthy since: what is not there yet may still come. */
  readonly starting: boolean
  readonly launcher?: LauncherFacts
  readonly stores: readonly StoreCheck[]
  readonly services: PipelineView['services']
  readonly outbox: Told<OutboxFacts>
  readonly lag: Told<readonly StreamLag[]>
  readonly missingTopics: Told<readonly string[]>
  /** Streams with rows of which none was ever published to the topic that is there. */
  readonly unfilled: Told<readonly {readonly stream: string; readonly topic: string}[]>
  readonly contradictions: Told<readonly Contradiction[]>
  readonly capture: Told<CaptureFacts>
  readonly deadLetters: Told<OpenLetters>
  /** Those that count: see `reconciliations.ts`. */
  readonly reconciliations: Told<readonly Reconciliation[]>
  readonly wentBack: Told<readonly WentBack[]>
  readonly readModels: Told<readonly ReadModelState[]>
  readonly backfills: Told<readonly BackfillState[]>
}

export interface FactsDeps {
  readonly db: Session
  readonly admin: () => Promise<Pick<KafkaAdmin, 'listTopics' | 'offsets'>>
  readonly checkStores: Checks
  readonly lag: LagWatch
  readonly trend: LagTrend
  readonly openLetters: () => Promise<OpenLetters>
  readonly readModels: () => Promise<readonly ReadModelState[]>
  readonly backfills: () => Promise<readonly BackfillState[]>
  /** What the keyspace that serves a topic calls itself, and how far a partition is in it. */
  readonly space: (topic: string) => Promise<string>
  readonly position: (
    topic: string,
    partition: number,
  ) => Promise<Pick<Position, 'offset' | 'space'> | null>
  readonly streams: readonly Stream[]
}

export interface FactsOptions {
  readonly topicPrefix: string
  /** What is asked over HTTP whether it is ready. */
  readonly services: readonly {readonly name: string; readonly url: string}[]
}

/** Everything but whether it is only starting. */
export type Gathered = Omit<Facts, 'starting' | 'launcher'>

const LIMIT_MS = 4000
/** What costs more, and does not change from second to second, is asked for so often. */
const KEEP_MS = 5000

export function createFacts(deps: FactsDeps, options: FactsOptions): () => Promise<Gathered> {
  const {db, streams} = deps
  const counted = streams.filter(({isReference}) => !isReference)
  const countedNames = counted.map(({name}) => name)
  const topicOf = ({topic}: Stream): string => topicName(options.topicPrefix, topic)
  const names = new Map(counted.map(stream => [topicOf(stream), stream.name]))

  const readLag = async (view: LagView): Promise<readonly StreamLag[]> => {
    if (view.records === null) throw new Error(NO_OFFSETS)
    const stuck = deps.trend.add(view)
    return [...names].map(([topic, stream]) => ({
      stream,
      records: sumOf(view.partitions.filter(one => one.topic === topic).map(({lag}) => lag)),
      stuck: stuck.filter(one => one.topic === topic),
    }))
  }
  const readMissing = async (): Promise<readonly string[]> => {
    const there = new Set((await (await deps.admin()).listTopics()).map(({topic}) => topic))
    return streams.map(topicOf).filter(topic => !there.has(topic))
  }
  const readUnfilled = createUnfilled(deps, topicOf)

  const slow = {
    missingTopics: keep(readMissing),
    unfilled: keep(readUnfilled),
    contradictions: keep(() => readContradictions(deps)),
    capture: keep(() => readCapture(db, streams)),
    deadLetters: deps.openLetters,
    reconciliations: () => readReconciliations(db, countedNames),
    wentBack: keep(() => readWentBack(db, countedNames)),
    readModels: deps.readModels,
    backfills: deps.backfills,
  }
  return async () => {
    const [view, stores, services, missingTopics, unfilled, contradictions, capture, ...rest] =
      await Promise.all([
        tell(() => deps.lag.read()),
        deps.checkStores(),
        Promise.all(options.services.map(({name, url}) => readService(name, url))),
        tell(slow.missingTopics),
        tell(slow.unfilled),
        tell(slow.contradictions),
        tell(slow.capture),
        tell(slow.deadLetters),
        tell(slow.reconciliations),
        tell(slow.wentBack),
        tell(slow.readModels),
        tell(slow.backfills),
      ])
    const [deadLetters, reconciliations, wentBack, readModels, backfills] = rest
    return {
      stores,
      services,
      outbox: view.told ? outboxOf(view.value) : view,
      lag: view.told ? await tell(() => readLag(view.value)) : view,
      missingTopics,
      unfilled,
      contradictions,
      capture,
      deadLetters,
      reconciliations,
      wentBack,
      readModels,
      backfills,
    }
  }
}

function outboxOf(view: LagView): Told<OutboxFacts> {
  const {outboxUnpublished: rows, outboxOldestSeconds: oldestSeconds} = view
  if (rows === null) return {told: false, why: 'cdc.unpublished() does not answer'}
  return {told: true, value: {rows, oldestSeconds}}
}

/** What was found, or why it could not be, in time. */
async function tell<T>(ask: () => Promise<T>): Promise<Told<T>> {
  const {promise, reject} = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no answer in time')), LIMIT_MS)
  try {
    return {told: true, value: await Promise.race([ask(), promise])}
  } catch (error) {
    return {told: false, why: firstLine(messageOf(error))}
  } finally {
    clearTimeout(timer)
  }
}

/** Drivers put whole stack traces into their messages. */
const firstLine = (text: string): string => text.split('\n', 1)[0]!.slice(0, 300)

/** Answers for a while; failures are not kept, and one question is asked at a time. */
function keep<T>(ask: () => Promise<T>): () => Promise<T> {
  let latest: {readonly at: number; readonly answer: Promise<T>} | undefined
  return async () => {
    if (latest === undefined || Date.now() - latest.at > KEEP_MS) {
      const own = {at: Date.now(), answer: ask()}
      latest = own
      own.answer.catch(() => {
        if (latest === own) latest = undefined
      })
    }
    return await latest.answer
  }
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0)
