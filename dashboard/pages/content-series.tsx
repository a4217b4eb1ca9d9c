/** One metric over time, of one content or of two. */
import type {JSX} from 'preact'
import {viewerZone} from '../model/format.ts'
import type {Granularity, RangeName} from '../model/ranges.ts'
import type {Unit} from '../model/scale.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {MetricCard} from './series-card.tsx'

export const SERIES_METRICS = [
  'plays',
  'engagement_seconds',
  'unique_viewers',
  'completion_rate',
  'engagement_pct_avg',
  'finishes',
  'pauses',
  'clicks',
  'events',
] as const
export type SeriesMetric = (typeof SERIES_METRICS)[number]

const LABELS: Readonly<Record<SeriesMetric, string>> = {
  plays: 'Plays',
  engagement_seconds: 'Engagement time',
  unique_viewers: 'Unique viewers',
  completion_rate: 'Completion',
  engagement_pct_avg: 'Average watched',
  finishes: 'Finishes',
  pauses: 'Pauses',
  clicks: 'Clicks',
  events: 'Events',
}

const RATIOS: ReadonlySet<SeriesMetric> = new Set(['completion_rate', 'engagement_pct_avg'])
const unitOf = (metric: SeriesMetric): Unit => {
  if (RATIOS.has(metric)) return 'ratio'
  return metric === 'engagement_seconds' ? 'seconds' : 'count'
}

/** The figures of the present bucket grow: asked for again this often while something happens. */
const REFRESH_MS = 5000

export interface SeriesCardProps {
  readonly ids: readonly string[]
  readonly names: readonly string[]
  readonly range: RangeName
  readonly granularity: Granularity
  readonly metric: SeriesMetric
  readonly onMetric: (metric: SeriesMetric) => void
}

export function SeriesCard({
  ids,
  names,
  range,
  granularity,
  metric,
  onMetric,
}: SeriesCardProps): JSX.Element {
  const of = (id: string | undefined) =>
    id === undefined
      ? undefined
      : addressFor('GET /v1/content/{id}/timeseries', {
          path: {id},
          query: {period: range, granularity, timezone: viewerZone()},
        })
  const first = useResource(of(ids[0]), REFRESH_MS)
  const second = useResource(of(ids[1]), REFRESH_MS)
  const lines = [first.data, second.data].flatMap((data, at) =>
    data === undefined
      ? []
      : [
          {
            label: ids.length > 1 ? (names[at] ?? '') : LABELS[metric],
            values: data.buckets.map(({metrics}) => metrics[metric]),
          },
        ],
  )
  return (
    <MetricCard
      {...{metric, onMetric, range, granularity, lines}}
      from={first}
      options={SERIES_METRICS.map(name => [name, LABELS[name]] as const)}
      unit={unitOf(metric)}
    />
  )
}
