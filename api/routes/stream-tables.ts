/** Answers about streams as tables. What a stream counts is named in its answers. Pure. */
import type {Static} from 'typebox'
import {columnsOf, toJsonCell, type Table} from '../csv.ts'
import {
  StreamView,
  type StreamActive,
  type StreamBreakdown,
  type StreamEvents,
  type StreamFigures,
  type StreamList,
  type StreamSeries,
  type StreamTop,
} from '../schemas/streams.ts'

type Row = Readonly<Record<string, unknown>>

/** Names of every row, in the order in which they first come. */
const namesOf = (rows: readonly Row[]): readonly string[] => [
  ...new Set(rows.flatMap(row => Object.keys(row))),
]

export const listTable = ({items}: Static<typeof StreamList>): Table => ({
  columns: columnsOf(StreamView),
  rows: items,
})

export function figuresTable({stream, by, key, metrics}: Static<typeof StreamFigures>): Table {
  const row = {stream, by, key: toJsonCell(key), ...metrics}
  return {columns: Object.keys(row), rows: [row]}
}

export const seriesTable = ({buckets}: Static<typeof StreamSeries>): Table => ({
  columns: ['start', 'end', ...namesOf(buckets.map(({metrics}) => metrics))],
  rows: buckets.map(({start, end, metrics}) => ({start, end, ...metrics})),
})

/** @param metrics that the rollup has: of a list without rows they cannot be told */
export const breakdownTable = (
  {dimension, items}: Static<typeof StreamBreakdown>,
  metrics: readonly string[],
): Table => ({
  columns: [dimension, ...metrics],
  rows: items.map(({value, metrics: figures}) => ({[dimension]: value, ...figures})),
})

/**
 * One column for the key, however many fields it has.
 *
 * @param more figures that are told beside what is compared
 */
export const topTable = (
  {metric, items}: Static<typeof StreamTop>,
  more: readonly string[] = [],
): Table => ({
  columns: [...new Set(['rank', 'key', metric, ...more])],
  rows: items.map(({rank, key, value, metrics}) => ({
    ...metrics,
    rank,
    key: key.length === 1 ? key[0] : toJsonCell(key),
    [metric]: value,
  })),
})

export const activeTable = (answer: Static<typeof StreamActive>): Table => ({
  columns: ['stream', 'of', 'window_seconds', 'active'],
  rows: [answer],
})

/** @param fields that its events have */
export const eventsTable = (
  {items}: Pick<Static<typeof StreamEvents>, 'items'>,
  fields: readonly string[],
): Table => ({columns: fields, rows: items})
