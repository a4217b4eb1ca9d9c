/** One metric of a row over time. */
import type {JSX} from 'preact'
import {viewerZone} from '../model/format.ts'
import type {Stretch} from '../model/stream-ranges.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {MetricCard} from './series-card.tsx'
import {askedOf, REFRESH_MS, type Row} from './stream-look.ts'

export function StreamSeries({
  row,
  stretch: {range, granularity},
  zone,
  metrics,
  metric,
  onMetric,
}: {
  readonly row: Row
  readonly stretch: Stretch
  readonly zone: string
  /** That can be drawn. */
  readonly metrics: readonly string[]
  readonly metric: string
  readonly onMetric: (metric: string) => void
}): JSX.Element {
  const {path, query} = askedOf(row)
  const found = useResource(
    addressFor('GET /v1/streams/{stream}/timeseries', {
      path,
      query: {...query, period: range, granularity, timezone: zone},
    }),
    REFRESH_MS,
  )
  const values = found.data?.buckets.map(({metrics: figures}) => figures[metric])
  return (
    <MetricCard
      {...{metric, onMetric, range, granularity}}
      zone={zone === viewerZone() ? undefined : zone}
      from={found}
      options={metrics.map(name => [name, name] as const)}
      lines={values === undefined ? [] : [{label: metric, values}]}
      unit="number"
    />
  )
}
