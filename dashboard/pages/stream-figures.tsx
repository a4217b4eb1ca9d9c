/** Every figure of a row: in the range chosen, and of all time. */
import type {JSX} from 'preact'
import {formatFigure, formatShort, type Figure, type Figures} from '../model/figures.ts'
import {NONE, shorten} from '../model/format.ts'
import type {Resource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'

/** A text may be a figure, and as long as it likes. */
const TEXT_MAX = 200

export function StreamFigures({
  name,
  metrics,
  ever,
  lately,
  words,
}: {
  readonly name: string
  readonly metrics: readonly string[]
  /** Of all time. */
  readonly ever: Figures
  /** In the range chosen; undefined: there is none. */
  readonly lately: Resource<{readonly metrics: Figures}> | undefined
  /** What the range is called. */
  readonly words: string
}): JSX.Element {
  const now = lately?.data?.metrics
  return (
    <Card
      title="Figures"
      note={lately === undefined ? words : `${words}; below, of all time`}
      flush
      csv={{
        name: `figures-${name}`,
        header: ['metric', ...(lately === undefined ? [] : [words]), 'all time'],
        rows: () =>
          metrics.map(one => [one, ...(lately === undefined ? [] : [now?.[one]]), ever[one]]),
      }}
    >
      {lately?.error === undefined ? null : (
        <p class="notice" role="status">
          {words}: {lately.error.message}
        </p>
      )}
      <dl class="figures plain">
        {metrics.map(one => (
          <div key={one}>
            <dt class="clip" title={one}>
              {one}
            </dt>
            {lately === undefined ? null : (
              <Value name={one} figure={now === undefined ? undefined : now[one]} />
            )}
            {lately === undefined ? (
              <Value name={one} figure={ever[one]} />
            ) : (
              <dd class="also clamp" title={exactOf(ever[one])}>
                <span class="hidden-label">of all time </span>
                {shorten(formatShort(ever[one]), TEXT_MAX)}
              </dd>
            )}
          </div>
        ))}
      </dl>
    </Card>
  )
}

const exactOf = (figure: Figure): string =>
  figure === null || figure === undefined ? NONE : shorten(String(figure), 1000)

/** A number is short enough to be large. */
function Value({name, figure}: {readonly name: string; readonly figure: Figure}): JSX.Element {
  const text = shorten(formatShort(figure), TEXT_MAX)
  return (
    <dd
      class={text.length > 12 ? 'wordy clamp' : 'clip'}
      data-metric={name}
      title={exactOf(figure)}
    >
      <bdi>{text}</bdi>
    </dd>
  )
}

/** One figure in a table. */
export function FigureCell({figure}: {readonly figure: Figure}): JSX.Element {
  return <bdi title={exactOf(figure)}>{shorten(formatFigure(figure), 40)}</bdi>
}
