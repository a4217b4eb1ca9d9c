/**
 * Measured figures in documents: each stands between two comments that say where it comes from, as
 * in `<!-- figure relay-drain / kafkajs / rows_per_s -->58,000<!-- end -->`. Pure.
 */
import type {BenchResult} from '../bench/bench.ts'

const FIGURE = /<!-- figure (.+?) \/ (.+?) \/ (\w+) -->(.*?)<!-- end -->/g

export interface Figure {
  readonly bench: string
  readonly label: string
  readonly name: string
  /** As it stands in the document. */
  readonly text: string
}

/** Every figure that a document names. */
export const figuresOf = (markdown: string): readonly Figure[] =>
  [...markdown.matchAll(FIGURE)].map(([, bench = '', label = '', name = '', text = '']) => ({
    bench,
    label,
    name,
    text,
  }))

/** Three digits that count, as a reader compares them. */
export function formatFigure(value: number): string {
  const rounded = Number(value.toPrecision(3))
  return rounded.toLocaleString('en-US', {maximumFractionDigits: 3})
}

/** The medians of a figure in every stored result that has it, newest first, as text. */
export const storedValues = (
  {bench, label, name}: Omit<Figure, 'text'>,
  results: readonly BenchResult[],
): readonly string[] =>
  results
    .filter(result => result.bench === bench)
    .toSorted((a, b) => b.at.localeCompare(a.at))
    .flatMap(({summary}) => summary.filter(one => one.label === label))
    .flatMap(({figures}) =>
      figures[name] === undefined ? [] : [formatFigure(figures[name].median)],
    )

/** The document with the newest stored values. Figures that no result has stay as they are. */
export const fillFigures = (markdown: string, results: readonly BenchResult[]): string =>
  markdown.replaceAll(FIGURE, (whole, bench: string, label: string, name: string) => {
    const [newest] = storedValues({bench, label, name}, results)
    return newest === undefined
      ? whole
      : `<!-- figure ${bench} / ${label} / ${name} -->${newest}<!-- end -->`
  })
