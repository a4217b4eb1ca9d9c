/** What of a stream is looked at: which row of which rollup, in which stretch of time. */
import {viewerZone} from '../model/format.ts'
import {RANGES, type RangeName} from '../model/ranges.ts'
import {toKeyText, type Key} from '../model/stream-key.ts'
import {
  askedOfRange,
  chooseStretch,
  zoneOf,
  type Asked,
  type Stretch,
} from '../model/stream-ranges.ts'
import type {ViewName} from '../model/url-state.ts'
import type {Navigation} from '../net/navigation.ts'
import type {Stream, StreamRollup} from '../net/types.ts'

/** Pages made for one stream, where they say more. */
export const SPECIAL_PAGES: Readonly<
  Record<string, {readonly view: ViewName; readonly title: string}>
> = {
  engagement: {view: 'content', title: 'Content'},
  activity: {view: 'users', title: 'Users'},
}

/** While something happens, figures are another ones every few seconds. */
export const REFRESH_MS = 5000

/** The rollup of a whole stream: the one without a key. */
export const wholeOf = ({rollups}: Stream): StreamRollup | undefined =>
  rollups.find(({columns}) => columns.length === 0)

/** The rollup asked for, or the first one that has a key. */
export const chosenRollup = ({rollups}: Stream, by: string | undefined): StreamRollup | undefined =>
  rollups.find(rollup => rollup.by === by) ?? rollups.find(({columns}) => columns.length > 0)

export interface Row {
  readonly stream: Stream
  readonly rollup: StreamRollup
  readonly key: Key
}

/** The part of an address that names a row. */
export const askedOf = ({stream, rollup, key}: Row) => ({
  path: {stream: stream.stream},
  query: {by: rollup.by, key: key.map(toKeyText)},
})

/** What is looked at of a row. */
export interface Look {
  /** That can be chosen; none: only totals are kept. */
  readonly ranges: readonly RangeName[]
  /** Undefined: all time. */
  readonly stretch: Stretch | undefined
  readonly zone: string
}

const HALF_YEAR_MS = 182 * 86_400_000

/** Minutes from UTC of the viewer's zone, in summer and in winter. */
const viewerOffsets = (): readonly number[] =>
  [0, HALF_YEAR_MS].map(ago => new Date(Date.now() - ago).getTimezoneOffset())

/** The range of everything, where nothing is drawn over time. */
export const EVER = 'all'

/** @param ever the range that stands for all time, where it may be chosen */
export function lookOf({levels}: StreamRollup, {values}: Navigation, ever?: string): Look {
  const viewer = {zone: viewerZone(), offsets: viewerOffsets()}
  const ranges = chooseStretch(levels, values['range'], values['granularity'])
  return {
    ranges: ranges?.ranges ?? [],
    stretch: ever !== undefined && values['range'] === ever ? undefined : ranges,
    zone: zoneOf(levels, viewer),
  }
}

/** The period of a look, as the API takes it; nothing for all time. */
export const periodOf = ({levels}: StreamRollup, {stretch, zone}: Look): Partial<Asked> =>
  stretch === undefined
    ? {}
    : (askedOfRange(levels, {range: stretch.range, zone}, Date.now()) ?? {})

/** What the period is called. */
export const wordsOf = ({stretch, zone}: Look): string => {
  if (stretch === undefined) return 'all time'
  const {label} = RANGES[stretch.range]
  return zone === viewerZone() ? label : `${label}, in ${zone}`
}
