/** One row of a rollup, such as the whole stream or one key of it: figures, in time, and by its splits. */
import type {JSX} from 'preact'
import {areNothing, drawableOf} from '../model/figures.ts'
import {RANGES, type RangeName} from '../model/ranges.ts'
import {choose} from '../model/url-state.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Choice, Select} from '../ui/controls.tsx'
import {Await, Notes, PollSign} from '../ui/states.tsx'
import {StreamBreakdown} from './stream-breakdown.tsx'
import {StreamFigures} from './stream-figures.tsx'
import {
  askedOf,
  EVER,
  lookOf,
  periodOf,
  REFRESH_MS,
  wordsOf,
  type Look,
  type Row,
} from './stream-look.ts'
import {StreamSeries} from './stream-series.tsx'

export function StreamRow({row, nav}: {readonly row: Row; readonly nav: Navigation}): JSX.Element {
  const {rollup} = row
  const look = lookOf(rollup, nav)
  const {path, query} = askedOf(row)
  const ever = useResource(
    addressFor('GET /v1/streams/{stream}/metrics', {path, query}),
    REFRESH_MS,
  )
  const lately = useResource(
    look.stretch === undefined
      ? undefined
      : addressFor('GET /v1/streams/{stream}/metrics', {
          path,
          query: {...query, ...periodOf(rollup, look)},
        }),
    REFRESH_MS,
  )
  const drawable = drawableOf(rollup.metrics, [ever.data?.metrics, lately.data?.metrics])
  const metric = drawable.length === 0 ? undefined : choose(nav.values['metric'], drawable)
  return (
    <>
      <div class="row">
        <LookControls look={look} nav={nav} />
        <PollSign of={ever} />
      </div>
      <Notes meta={ever.data?.meta} />
      <Await from={ever} lines={1}>
        {({metrics}) => (
          <>
            {row.key.length > 0 && areNothing(metrics) ? (
              <p class="notice" role="status">
                Nothing was counted under this key.
              </p>
            ) : null}
            <StreamFigures
              name={rollup.by}
              metrics={rollup.metrics}
              ever={metrics}
              lately={look.stretch && lately}
              words={wordsOf(look)}
            />
          </>
        )}
      </Await>
      {look.stretch === undefined || metric === undefined ? null : (
        <StreamSeries
          row={row}
          zone={look.zone}
          stretch={look.stretch}
          metrics={drawable}
          metric={metric}
          onMetric={next => nav.set({metric: next})}
        />
      )}
      {rollup.splits.length === 0 ? null : (
        <div class="cols">
          {rollup.splits.map(split => (
            <StreamBreakdown key={split} row={row} split={split} look={look} metric={metric} />
          ))}
        </div>
      )}
    </>
  )
}

/** Range and granularity, as far as the rollup has them. */
export function LookControls({
  look: {stretch, ranges},
  nav,
  ever = false,
}: {
  readonly look: Look
  readonly nav: Navigation
  /** All time may be chosen, and nothing is drawn over time. */
  readonly ever?: boolean
}): JSX.Element {
  if (ranges.length === 0) return <span class="muted">Only totals are kept: all time</span>
  const names = ranges.map(name => [name, RANGES[name].label] as const)
  return (
    <>
      <Choice<RangeName | typeof EVER>
        label="Range of time"
        value={stretch?.range ?? EVER}
        options={ever ? [...names, [EVER, 'All time']] : names}
        onChange={next => nav.set({range: next, granularity: undefined})}
      />
      {ever || stretch === undefined ? null : (
        <Select
          label="Granularity"
          hideLabel
          value={stretch.granularity}
          options={stretch.granularities.map(name => [name, `by ${name}`] as const)}
          onChange={next => nav.set({granularity: next})}
        />
      )}
    </>
  )
}
