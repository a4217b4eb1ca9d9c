/**
 * From stored integers to served figures. Every definition is in docs/METRICS.md; ratios are made
 * here, last, from sums: nothing rounded is ever added up.
 */
import {EVENT_TYPES, type EventType} from '../contracts/engagement.ts'
import {isoOrNull} from './times.ts'

/** Integers of one aggregate, by event type. */
export interface Tally {
  readonly events: Readonly<Record<EventType, number>>
  /** Events that have a duration. */
  readonly timed: Readonly<Record<EventType, number>>
  readonly durationMs: Readonly<Record<EventType, number>>
  /** Microseconds since 1970. */
  readonly firstAt: number | null
  readonly lastAt: number | null
}

/** A sketch of distinct users. */
export interface Viewers {
  merge(other: Viewers): void
  clone(): Viewers
  count(): number
}

/** A sketch of durations. */
export interface Durations {
  merge(other: Durations): void
  clone(): Durations
  /** Seconds at a share between 0 and 1, or null when there is nothing. */
  percentile(share: number): number | null
}

/** What belongs to one content in one aggregate. */
export interface Measured {
  readonly tally: Tally
  /** The content's present length, or null. */
  readonly lengthSeconds: number | null
  readonly viewers?: Viewers | undefined
  readonly durations?: Durations | undefined
}

export const PERCENTILES = [50, 75, 90, 95, 99] as const

export const METRIC_NAMES = [
  'events',
  'plays',
  'pauses',
  'finishes',
  'clicks',
  'events_with_duration',
  'engagement_seconds',
  'engagement_seconds_avg',
  'engagement_pct_sum',
  'engagement_pct_avg',
  'completion_rate',
  'unique_viewers',
  'engagement_seconds_p50',
  'engagement_seconds_p75',
  'engagement_seconds_p90',
  'engagement_seconds_p95',
  'engagement_seconds_p99',
  'first_event_at',
  'last_event_at',
] as const
export type MetricName = (typeof METRIC_NAMES)[number]

export type MetricValues = {
  readonly [K in MetricName]: K extends 'first_event_at' | 'last_event_at'
    ? string | null
    : number | null
}

const COUNT_OF = {plays: 'play', pauses: 'pause', finishes: 'finish', clicks: 'click'} as const

/** Adds up what belongs into one row of an answer. */
export class Measure {
  readonly #counted: readonly EventType[]
  readonly #types: readonly EventType[]
  readonly #events: Record<EventType, number> = {play: 0, pause: 0, finish: 0, click: 0}
  #durationMs = 0
  #timed = 0
  #pctSum: number | null = null
  #pctTimed = 0
  #firstAt: number | null = null
  #lastAt: number | null = null
  #viewers: Viewers | undefined
  #durations: Durations | undefined

  /**
   * @param counted event types whose durations count
   * @param types event types that belong into the row at all
   */
  constructor(counted: readonly EventType[], types: readonly EventType[] = EVENT_TYPES) {
    this.#types = types
    this.#counted = counted.filter(type => types.includes(type))
  }

  add({tally, lengthSeconds, viewers, durations}: Measured): void {
    for (const type of this.#types) this.#events[type] += tally.events[type]
    let durationMs = 0
    let timed = 0
    for (const type of this.#counted) {
      durationMs += tally.durationMs[type]
      timed += tally.timed[type]
    }
    this.#durationMs += durationMs
    this.#timed += timed
    // Without a length, or with length 0, there is no ratio: neither 0 nor infinity.
    if (lengthSeconds !== null && lengthSeconds > 0 && timed > 0) {
      this.#pctSum = (this.#pctSum ?? 0) + durationMs / 1000 / lengthSeconds
      this.#pctTimed += timed
    }
    this.#widen(tally)
    if (viewers !== undefined) {
      if (this.#viewers === undefined) this.#viewers = viewers.clone()
      else this.#viewers.merge(viewers)
    }
    if (durations === undefined) return
    if (this.#durations === undefined) this.#durations = durations.clone()
    else this.#durations.merge(durations)
  }

  #widen({firstAt, lastAt}: Tally): void {
    if (firstAt !== null && (this.#firstAt === null || firstAt < this.#firstAt)) {
      this.#firstAt = firstAt
    }
    if (lastAt !== null && (this.#lastAt === null || lastAt > this.#lastAt)) this.#lastAt = lastAt
  }

  values(): MetricValues {
    const {play, pause, finish, click} = this.#events
    const percentile = (percent: number): number | null =>
      this.#durations?.percentile(percent / 100) ?? null
    return {
      events: play + pause + finish + click,
      plays: play,
      pauses: pause,
      finishes: finish,
      clicks: click,
      events_with_duration: this.#timed,
      engagement_seconds: this.#durationMs / 1000,
      engagement_seconds_avg: this.#timed === 0 ? null : this.#durationMs / 1000 / this.#timed,
      engagement_pct_sum: this.#pctSum,
      engagement_pct_avg: this.#pctSum === null ? null : this.#pctSum / this.#pctTimed,
      completion_rate: play === 0 ? null : finish / play,
      unique_viewers: this.#viewers?.count() ?? 0,
      engagement_seconds_p50: percentile(50),
      engagement_seconds_p75: percentile(75),
      engagement_seconds_p90: percentile(90),
      engagement_seconds_p95: percentile(95),
      engagement_seconds_p99: percentile(99),
      first_event_at: isoOrNull(this.#firstAt),
      last_event_at: isoOrNull(this.#lastAt),
    }
  }
}

/** Whether a metric counts one event type only. */
export const typeOfCount = (name: MetricName): EventType | undefined =>
  (COUNT_OF as Readonly<Partial<Record<MetricName, EventType>>>)[name]

export const needsViewers = (names: readonly MetricName[]): boolean =>
  names.includes('unique_viewers')

export const needsDurations = (names: readonly MetricName[]): boolean =>
  names.some(name => name.startsWith('engagement_seconds_p'))
