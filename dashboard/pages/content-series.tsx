/** One metric over time, of one content or of two. */
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {endsLater, nameBucket} from '../model/buckets.ts'
import {viewerZone} from '../model/format.ts'
import {RANGES, type Granularity, type RangeName} from '../model/ranges.ts'
import type {Unit} from '../model/scale.ts'
import {addressFor} from '../net/address.ts'
import type {Metrics, Series} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Select} from '../ui/controls.tsx'
import {Await, Empty} from '../ui/states.tsx'

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

export function SeriesCard(props: SeriesCardProps): JSX.Element {
  const {ids, names, range, granularity, metric, onMetric} = props
  const of = (id: string | undefined) =>
    id === undefined
      ? undefined
      : addressFor('GET /v1/content/{id}/timeseries', {
          path: {id},
          query: {period: range, granularity, timezone: viewerZone()},
        })
  const first = useResource(of(ids[0]), REFRESH_MS)
  const second = useResource(of(ids[1]), REFRESH_MS)
  const x = useMemo(
    () => first.data?.buckets.map(({start}) => Date.parse(start) / 1000) ?? [],
    [first.data],
  )
  const pick = (series: Series | undefined): readonly (number | null)[] =>
    series?.buckets.map(({metrics}) => metrics[metric as keyof Metrics] as number | null) ?? []
  const lines = [first.data, second.data].flatMap((data, at) =>
    data === undefined
      ? []
      : [
          {
            label: ids.length > 1 ? (names[at] ?? '') : LABELS[metric],
            values: pick(data),
            tone: at === 0 ? (1 as const) : (2 as const),
            dashed: at > 0,
            area: at === 0,
          },
        ],
  )
  return (
    <Card
      title={LABELS[metric]}
      note={`${RANGES[range].label}, by ${granularity}`}
      tools={
        <Select
          label="Metric"
          hideLabel
          value={metric}
          options={SERIES_METRICS.map(name => [name, LABELS[name]] as const)}
          onChange={onMetric}
        />
      }
      csv={{
        name: metric,
        header: ['start', ...lines.map(line => line.label)],
        rows: () =>
          x.map((at, i) => [
            new Date(at * 1000).toISOString(),
            ...lines.map(line => line.values[i]),
          ]),
      }}
    >
      <Await from={first}>
        {({buckets}) =>
          buckets.length === 0 ? (
            <Empty title="Nothing in this range" />
          ) : (
            <Chart
              label={`${LABELS[metric]} by ${granularity}`}
              x={x}
              series={lines}
              height={260}
              unit={unitOf(metric)}
              printX={at => nameBucket(at * 1000, granularity)}
              wholeDays={granularity !== 'minute' && granularity !== 'hour'}
              running={endsLater(buckets, Date.now())}
            />
          )
        }
      </Await>
    </Card>
  )
}
