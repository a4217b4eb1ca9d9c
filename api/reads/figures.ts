/** Figures of one row of a rollup: in total or by stretches of time, whole or by split values. */
import type {PlannedMeasure, RollupPlan} from '../../readmodel/plan.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {
  isFresh,
  piecesOfTotal,
  sourceOf,
  type EntityView,
  type Piece,
  type Source,
  type StreamReads,
} from '../../readmodel/stream-reads.ts'
import {chosenOf, Tally} from '../../readmodel/tally.ts'
import {partsOf} from './parts.ts'

export interface FiguresQuestion {
  readonly rollup: RollupPlan
  /** Stretches that follow each other, seconds since 1970; null: one, of all time. */
  readonly slices: readonly TimeRange[] | null
  /** Figures that are wanted, by the names under which they are served; all when left out. */
  readonly names?: ReadonlySet<string> | undefined
  /** What split values are told apart by; not at all when left out. */
  readonly labelOf?: (values: readonly string[]) => string
}

/** Figures by label; without labels, that of ''. Labels without any events are missing. */
export type Labelled = Map<string, Tally>

export interface FiguresFound {
  /** One for each stretch. */
  readonly slices: readonly Labelled[]
  /** The figures of a stretch without label, also where there are none. */
  readonly wholeOf: (slice: number) => Tally
  /** When the newest counted event happened, where the rollup says it; microseconds since 1970. */
  readonly newestMicros: number | null
  readonly source: Source
  /** As new as Redis; absent: it is not known. */
  readonly isFresh?: boolean
}

/** What has to be read for figures: distinct values lie beside their row, and cost reads of their own. */
export const readOptions = (rollup: RollupPlan, names?: ReadonlySet<string>) => ({
  uniques: chosenOf(rollup, names).some(({measure}) => measure.kind === 'uniques'),
})

/** The measure that says when the newest counted event happened. */
const lastOf = ({stream, measures}: RollupPlan): PlannedMeasure | undefined =>
  measures.find(({measure}) => measure.kind === 'max' && measure.of === stream.timeField)

/** How new an answer is belongs to it, whatever else is wanted. */
function withLast(rollup: RollupPlan, names: ReadonlySet<string>): ReadonlySet<string> {
  const last = lastOf(rollup)
  return last === undefined ? names : new Set([...names, last.name])
}

/** Which of stretches that follow each other holds a moment; -1: none. */
export function sliceAt(slices: readonly TimeRange[], at: number): number {
  let [low, high] = [0, slices.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (slices[middle]!.to <= at) low = middle + 1
    else high = middle
  }
  return low < slices.length && slices[low]!.from <= at ? low : -1
}

/** Labels of the places that hold an event. */
export function labelsOf(
  {bucket, valuesOf}: Piece,
  labelOf: (values: readonly string[]) => string,
): ReadonlySet<string> {
  const labels = new Set<string>()
  for (const [slot, place] of bucket.places.entries()) {
    // The first number of a place counts its events.
    if (bucket.numbers[slot * bucket.plan.width] !== 0) labels.add(labelOf(valuesOf(place)))
  }
  return labels
}

export function addPiece(
  labelled: Labelled,
  piece: Piece,
  {rollup, names, labelOf}: Pick<FiguresQuestion, 'rollup' | 'names' | 'labelOf'>,
): void {
  for (const label of labelOf === undefined ? [''] : labelsOf(piece, labelOf)) {
    let tally = labelled.get(label)
    if (tally === undefined) labelled.set(label, (tally = new Tally(rollup, names)))
    const choose = labelOf && ((values: readonly string[]) => labelOf(values) === label)
    tally.add(piece.bucket, piece.valuesOf, choose)
  }
}

/** @param view undefined: nothing is known of the row */
export async function readFigures(
  reads: StreamReads,
  view: EntityView | undefined,
  asked: FiguresQuestion,
): Promise<FiguresFound> {
  const {rollup, slices} = asked
  const names = asked.names && withLast(rollup, asked.names)
  const question = {...asked, names}
  const found = (slices ?? [null]).map((): Labelled => new Map())
  const parts = slices === null ? null : partsOf(rollup, slices)
  const wholeOf = (slice: number): Tally => found[slice]!.get('') ?? new Tally(rollup, names)
  if (view === undefined) return {slices: found, wholeOf, newestMicros: null, source: 'cassandra'}
  if (slices === null || parts === null) {
    for (const piece of piecesOfTotal(view)) addPiece(found[0]!, piece, question)
  } else {
    const of = reads.rollup(rollup)
    const options = readOptions(rollup, names)
    await Promise.all(
      parts.map(async part => {
        for (const {start, pieces} of await of.buckets(view, part.level, part, options)) {
          const at = sliceAt(slices, start)
          if (at >= 0) for (const piece of pieces) addPiece(found[at]!, piece, question)
        }
      }),
    )
  }
  const newestMicros = newestOf(found.flatMap(labelled => [...labelled.values()]))
  return {slices: found, wholeOf, newestMicros, source: sourceOf(view), isFresh: isFresh(view)}
}

/** When the newest counted event happened, where the rollup says it; microseconds since 1970. */
export function newestOf(tallies: Iterable<Tally>): number | null {
  let newest: number | null = null
  for (const tally of tallies) {
    const last = lastOf(tally.plan as RollupPlan)
    const at = last === undefined ? null : (tally.values()[last.name] as number | null | undefined)
    if (at !== null && at !== undefined && at > (newest ?? Number.NEGATIVE_INFINITY)) newest = at
  }
  return newest
}
