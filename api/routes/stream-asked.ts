/** What routes of streams are asked for: which rollup, which key, which stretch of time. */
import type {Stream} from '../../contracts/stream.ts'
import {NULL_KEY, toKeyText} from '../../readmodel/fields.ts'
import {valueOfSplitText} from '../../readmodel/places.ts'
import type {RollupPlan, StreamPlan} from '../../readmodel/plan.ts'
import {keyOfTexts, textsOfKey} from '../../readmodel/rollup-table.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import type {Cursors} from '../cursor.ts'
import type {Period} from '../period.ts'
import {refuse} from '../problem.ts'
import {wholeBuckets} from '../reads/parts.ts'
import type {Stores} from '../reads/stores.ts'
import {periodOf, type PeriodQuery} from './asked.ts'
import type {ReadAfter} from './read-after.ts'

export interface StreamDeps {
  readonly streams: readonly Stream[]
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

/** Null keys are told apart from texts by a text of their own. */
export const toKeyPart = (text: string): string => toKeyText(valueOfSplitText(text))
export const ofKeyPart = (text: string): string | null => (text === NULL_KEY ? null : text)
export const partsOfKey = (rollup: RollupPlan, key: string): (string | null)[] =>
  textsOfKey(rollup, key).map(ofKeyPart)

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
  readonly query: {readonly by?: string}
}
