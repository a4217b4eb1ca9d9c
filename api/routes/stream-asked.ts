/** What routes of streams are asked for: which rollup, which key, which stretch of time. */
import type {Stream} from '../../contracts/stream.ts'
import {
  metricNames,
  type RollupPlan,
  type StatesPlan,
  type StreamPlan,
} from '../../readmodel/plan.ts'
import {keyOfTexts} from '../../readmodel/rollup-table.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import type {Cursors} from '../cursor.ts'
import type {Period} from '../period.ts'
import {refuse} from '../problem.ts'
import {wholeBuckets} from '../reads/parts.ts'
import type {Stores} from '../reads/stores.ts'
import type {StreamAnswers} from '../reads/stream-answers.ts'
import {toKeyPart} from '../reads/stream-keys.ts'
import {metricsOf, periodOf, type PeriodQuery} from './asked.ts'
import type {ReadAfter} from './read-after.ts'

export interface StreamDeps extends StreamAnswers {
  readonly streams: readonly Stream[]
  readonly topicPrefix: string
  readonly stores: Stores
  readonly readAfter: ReadAfter
  readonly cursors: Cursors
}

export const quoted = (names: readonly string[]): string => names.join(', ') || 'none'

export function rollupOf({stream, rollups}: StreamPlan, by: string | undefined): RollupPlan {
  const found =
    by === undefined
      ? rollups.find(rollup => rollup.by.length === 0)
      : rollups.find(({name}) => name === by)
  if (found !== undefined) return found
  const detail = `${stream.name} is counted by ${quoted(rollups.map(({name}) => name))}`
  throw refuse('query', 'by', by ?? null, detail)
}

export function keyOf({name, by}: RollupPlan, parts: readonly string[]): string {
  if (parts.length === by.length) return keyOfTexts(parts.map(toKeyPart))
  const detail = `the rollup ${name} has a key of ${by.length}: ${quoted(by)}`
  throw refuse('query', 'key', parts.length === 0 ? null : parts.join(', '), detail)
}

/** The stretch that is asked for; null: all time. An end that is now takes in the running bucket. */
export function stretchOf(
  rollup: RollupPlan,
  query: PeriodQuery,
): {readonly period: Period; readonly slices: readonly TimeRange[] | null} {
  const period = periodOf(query, 'all')
  const {from, to} = period
  if (from === null) return {period, slices: null}
  const whole = wholeBuckets(rollup, from, to)
  const [finest] = rollup.levels
  const start = finest === 'minute' ? whole.from : from / 1000
  const end = finest === 'minute' || query.to === undefined ? whole.to : to / 1000
  return {period, slices: [{from: start, to: end}]}
}

export interface AskedOfStream {
  readonly params: {readonly stream: string}
  readonly query: {readonly by?: string; readonly metrics?: readonly string[]}
}

/** @throws 422 with what the rollup or window has */
export const metricsBy = (
  by: string,
  of: StatesPlan,
  asked: readonly string[] | undefined,
): readonly string[] | undefined => metricsOf(asked, metricNames(of), `by ${by}`)

/** Which figure of a rollup or window is compared; its first when left out. */
export function metricBy(by: string, of: StatesPlan, wanted: string | undefined): string {
  const names = metricNames(of)
  if (wanted === undefined) return names[0]!
  if (names.includes(wanted)) return wanted
  throw refuse('query', 'metric', wanted, `by ${by} there are ${quoted(names)}`)
}
