/**
 * From stored integers to served figures. Every definition is in docs/METRICS.md; ratios are made
 * here, last, from sums: nothing rounded is ever added up.
 */
import {EVENT_TYPES, type EventType} from '../contracts/engagement.ts'
import {BUCKET_STRIDE, cellOf, typeIndexOf, type ContentState} from '../readmodel/content-state.ts'
import {percentilesOf} from '../readmodel/histogram.ts'
import {HyperLogLog, type HllEntry} from '../readmodel/hyperloglog.ts'
import {isoOrNull} from './times.ts'

export const PERCENTILES = [50, 75, 90, 95, 99] as const

const RATIOS = PERCENTILES.map(percent => percent / 100)

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

/** Adds up what belongs into one row of an answer. */
export class Measure {
  readonly #counted: ReadonlySet<EventType>
  readonly #events: Record<EventType, number> = {play: 0, pause: 0, finish: 0, click: 0}
  #durationMs = 0
  #timed = 0
  /** By length of content: integers, so that the order of adding does not show. */
  readonly #byLength = new Map<number, {durationMs: number; timed: number}>()
  #firstAt = Number.POSITIVE_INFINITY
  #lastAt = Number.NEGATIVE_INFINITY
  readonly #viewers = new HyperLogLog()
  readonly #buckets = new Map<number, number>()

  /** @param counted event types whose durations count */
  constructor(counted: readonly EventType[]) {
    this.#counted = new Set(counted)
  }

  /** One event type of one device of a content. */
  addCell(state: ContentState, device: number, type: EventType, length: number | null): void {
    const cell = cellOf(device, typeIndexOf(type))
    this.#events[type] += state.events(cell)
    if (!this.#counted.has(type)) return
    const timed = state.timed(cell)
    const durationMs = state.durationMs(cell)
    this.#durationMs += durationMs
    this.#timed += timed
    // Without a length, or with length 0, there is no ratio: neither 0 nor infinity.
    if (length === null || length === 0 || timed === 0) return
    const sum = this.#byLength.get(length)
    if (sum === undefined) this.#byLength.set(length, {durationMs, timed})
    else {
      sum.durationMs += durationMs
      sum.timed += timed
    }
  }

  addTimes(first: number, last: number): void {
    this.#firstAt = Math.min(this.#firstAt, first)
    this.#lastAt = Math.max(this.#lastAt, last)
  }

  addViewer(entry: HllEntry): void {
    this.#viewers.add(entry)
  }

  addDurations(type: EventType, bucket: number, count: number): void {
    if (!this.#counted.has(type)) return
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + count)
  }

  values(): MetricValues {
    const {play, pause, finish, click} = this.#events
    const pct = this.#pct()
    const percentiles = percentilesOf(this.#buckets, RATIOS)
    const [p50 = null, p75 = null, p90 = null, p95 = null, p99 = null] = percentiles.map(ms =>
      ms === null ? null : ms / 1000,
    )
    return {
      events: play + pause + finish + click,
      plays: play,
      pauses: pause,
      finishes: finish,
      clicks: click,
      events_with_duration: this.#timed,
      engagement_seconds: this.#durationMs / 1000,
      engagement_seconds_avg: this.#timed === 0 ? null : this.#durationMs / 1000 / this.#timed,
      engagement_pct_sum: pct?.sum ?? null,
      engagement_pct_avg: pct === undefined ? null : pct.sum / pct.timed,
      completion_rate: play === 0 ? null : finish / play,
      unique_viewers: this.#viewers.estimate(),
      engagement_seconds_p50: p50,
      engagement_seconds_p75: p75,
      engagement_seconds_p90: p90,
      engagement_seconds_p95: p95,
      engagement_seconds_p99: p99,
      first_event_at: isoOrNull(Number.isFinite(this.#firstAt) ? this.#firstAt : null),
      last_event_at: isoOrNull(Number.isFinite(this.#lastAt) ? this.#lastAt : null),
    }
  }

  #pct(): {readonly sum: number; readonly timed: number} | undefined {
    if (this.#byLength.size === 0) return undefined
    let sum = 0
    let all = 0
    for (const [length, {durationMs, timed}] of [...this.#byLength].toSorted(
      (a, b) => a[0] - b[0],
    )) {
      sum += durationMs / 1000 / length
      all += timed
    }
    return {sum, timed: all}
  }
}

/** Which measure a device and type of a row belong to; undefined: to none. */
export type ChooseMeasure = (device: string, type: EventType) => Measure | undefined

/** Adds a stored row to the measures that its cells belong to. */
export function addState(
  state: ContentState,
  lengthSeconds: number | null,
  choose: ChooseMeasure,
): void {
  const chosen: (Measure | undefined)[] = []
  for (const [device, name] of state.devices.entries()) {
    for (const [index, type] of EVENT_TYPES.entries()) {
      const cell = cellOf(device, index)
      const measure = state.events(cell) === 0 ? undefined : choose(name, type)
      chosen[cell] = measure
      if (measure === undefined) continue
      measure.addCell(state, device, type, lengthSeconds)
      measure.addTimes(state.first[cell]!, state.last[cell]!)
    }
  }
  for (const [key, count] of state.histogram) {
    const cell = Math.floor(key / BUCKET_STRIDE)
    const type = EVENT_TYPES[cell % EVENT_TYPES.length]!
    chosen[cell]?.addDurations(type, key % BUCKET_STRIDE, count)
  }
  for (const [cell, entry] of state.viewers.entries()) chosen[cell]?.addViewer(entry)
}

/** All figures of rows that belong together. */
export function measureAll(
  rows: readonly {readonly state: ContentState; readonly lengthSeconds: number | null}[],
  counted: readonly EventType[],
): MetricValues {
  const measure = new Measure(counted)
  for (const {state, lengthSeconds} of rows) addState(state, lengthSeconds, () => measure)
  return measure.values()
}

export const needsViewers = (names: readonly MetricName[]): boolean =>
  names.includes('unique_viewers')
