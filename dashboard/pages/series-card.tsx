/** A metric over time, of one thing or of two, with the choice of another metric. */
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {endsLater, nameBucket} from '../model/buckets.ts'
import {toNumber, type Figure} from '../model/figures.ts'
import {RANGES, type Granularity, type RangeName} from '../model/ranges.ts'
import type {Unit} from '../model/scale.ts'
import {areDays} from '../model/stream-ranges.ts'
import type {Resource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Select} from '../ui/controls.tsx'
import {Await, Empty} from '../ui/states.tsx'

interface Series {
  readonly buckets: readonly {readonly start: string; readonly end: string}[]
}

export function MetricCard<Metric extends string>({
  metric,
  options,
  onMetric,
  range,
  granularity,
  zone,
  from,
  lines,
  unit,
}: {
  readonly metric: Metric
  readonly options: readonly (readonly [Metric, string])[]
  readonly onMetric: (metric: Metric) => void
  readonly range: RangeName
  readonly granularity: Granularity
  /** Whose days the buckets are, where they are not those of the viewer. */
  readonly zone?: string | undefined
  /** Whose buckets the lines are of. */
  readonly from: Resource<Series>
  /** Of one thing, or of two side by side. */
  readonly lines: readonly {readonly label: string; readonly values: readonly Figure[]}[]
  readonly unit: Unit
}): JSX.Element {
  const x = useMemo(
    () => from.data?.buckets.map(({start}) => Date.parse(start) / 1000) ?? [],
    [from.data],
  )
  const label = options.find(([name]) => name === metric)?.[1] ?? metric
  const whose = zone === undefined ? '' : `, in ${zone}`
  return (
    <Card
      title={label}
      note={`${RANGES[range].label}, by ${granularity}${whose}`}
      tools={
        <Select label="Metric" hideLabel value={metric} options={options} onChange={onMetric} />
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
      <Await from={from}>
        {({buckets}) =>
          buckets.length === 0 ? (
            <Empty title="Nothing in this range" />
          ) : (
            <Chart
              label={`${label} by ${granularity}`}
              x={x}
              series={lines.map((line, at) => ({
                label: line.label,
                values: line.values.map(toNumber),
                tone: at === 0 ? 1 : 2,
                dashed: at > 0,
                area: at === 0,
              }))}
              height={260}
              unit={unit}
              printX={at => nameBucket(at * 1000, granularity, zone)}
              wholeDays={areDays(granularity)}
              running={endsLater(buckets, Date.now())}
            />
          )
        }
      </Await>
    </Card>
  )
}
