import type {JSX} from 'preact'
import {formatCompact, formatRatio, formatSeconds} from '../model/format.ts'
import type {Metrics} from '../net/types.ts'

/** Of what is looked at, and of what it is compared with. */
export type Names = readonly [one: string, other: string]

type Print = (metrics: Metrics) => string

/** Label, name of the metric in the API, how it is printed. */
const FIGURES: readonly (readonly [string, string, Print])[] = [
  ['Plays', 'plays', m => formatCompact(m.plays)],
  ['Unique viewers', 'unique_viewers', m => formatCompact(m.unique_viewers)],
  ['Engagement time', 'engagement_seconds', m => formatSeconds(m.engagement_seconds)],
  ['Average watched', 'engagement_pct_avg', m => formatRatio(m.engagement_pct_avg)],
  ['Completion', 'completion_rate', m => formatRatio(m.completion_rate)],
  ['Finishes', 'finishes', m => formatCompact(m.finishes)],
  ['Clicks', 'clicks', m => formatCompact(m.clicks)],
  ['Events', 'events', m => formatCompact(m.events)],
]

/** All time; with a second content, its figures beneath. */
export function Totals({
  one,
  other,
  names,
}: {
  readonly one: Metrics
  readonly other: Metrics | undefined
  readonly names: Names
}): JSX.Element {
  return (
    <dl class="figures" aria-label={`Totals of ${names[0]}`}>
      <div class="whose">
        <dt>All time</dt>
        {other === undefined ? null : (
          <>
            <dd>
              <bdi class="clip" title={names[0]}>
                {names[0]}
              </bdi>
            </dd>
            <dd class="second">
              <bdi class="clip" title={names[1]}>
                {names[1]}
              </bdi>
            </dd>
          </>
        )}
      </div>
      {FIGURES.map(([label, name, print]) => (
        <div key={name}>
          <dt>{label}</dt>
          <dd data-metric={name}>{print(one)}</dd>
          {other === undefined ? null : (
            <dd class="second">
              <span class="hidden-label">{names[1]}: </span>
              {print(other)}
            </dd>
          )}
        </div>
      ))}
    </dl>
  )
}
