/** Figures of rows of any stream, whichever store answers: routes, GraphQL and live streams ask here. */
import type {RollupPlan} from '../../readmodel/plan.ts'
import {valueOfSplitText} from '../../readmodel/places.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import type {Tally} from '../../readmodel/tally.ts'
import {figuresOf, pickFigures, type Figures} from '../measures.ts'
import {readFigures, type FiguresFound, type FiguresQuestion} from './figures.ts'
import type {Answered} from './reads.ts'
import {readFrom, type Found, type Stores} from './stores.ts'
import {createViews} from './views.ts'

/** One row of a rollup. */
export interface RowAsked {
  readonly rollup: RollupPlan
  readonly key: string
  /** Figures that are wanted; all of the rollup when left out. */
  readonly metrics?: readonly string[] | undefined
}

export interface SplitFigures {
  readonly value: string | null
  readonly metrics: Figures
}

/** Stretches of time are seconds since 1970; null: all time. */
export interface StreamFigureReads {
  figures(row: RowAsked, slices: readonly TimeRange[] | null): Promise<Answered<Figures>>
  /** One for each stretch. */
  series(row: RowAsked, slices: readonly TimeRange[]): Promise<Answered<readonly Figures[]>>
  /** By the values of a split of the rollup. */
  breakdown(
    row: RowAsked,
    dimension: string,
    slices: readonly TimeRange[] | null,
  ): Promise<Answered<readonly SplitFigures[]>>
}

export function createStreamFigures(stores: Stores): StreamFigureReads {
  const viewOf = createViews()

  const read = async <T>(
    what: string,
    {rollup, key, metrics}: RowAsked,
    question: Pick<FiguresQuestion, 'slices' | 'labelOf'>,
    toValue: (found: FiguresFound) => T,
  ): Promise<Answered<T>> => {
    const names = metrics && new Set(metrics)
    return await readFrom(
      stores,
      {what, stream: rollup.stream.name},
      async (reads): Promise<Found<T>> => {
        const view = await viewOf(reads, {rollup, key, names})
        const found = await readFigures(reads, view, {...question, rollup, names})
        return {...found, value: toValue(found)}
      },
    )
  }
  const served = (tally: Tally, {metrics}: RowAsked): Figures =>
    pickFigures(figuresOf(tally), metrics)

  return {
    figures: async (row, slices) =>
      await read('stream-metrics', row, {slices}, found => served(found.wholeOf(0), row)),
    series: async (row, slices) =>
      await read('stream-series', row, {slices}, found =>
        slices.map((_, i) => served(found.wholeOf(i), row)),
      ),
    async breakdown(row, dimension, slices) {
      const at = row.rollup.split.indexOf(dimension)
      const labelOf = (values: readonly string[]): string => values[at]!
      return await read('stream-breakdown', row, {slices, labelOf}, found =>
        [...found.slices[0]!]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([label, tally]) => {
            return {value: valueOfSplitText(label), metrics: served(tally, row)}
          }),
      )
    },
  }
}
