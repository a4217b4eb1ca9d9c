import type {JSX} from 'preact'
import {formatSeconds, shorten} from '../model/format.ts'
import type {Metrics} from '../net/types.ts'
import {Card} from '../ui/card.tsx'
import {Table} from '../ui/table.tsx'
import type {Names} from './content-totals.tsx'

const NAME_MAX = 16

const SHARES = ['p50', 'p75', 'p90', 'p95', 'p99'] as const
const WORDS: Readonly<Record<(typeof SHARES)[number], string>> = {
  p50: 'Median',
  p75: '75th',
  p90: '90th',
  p95: '95th',
  p99: '99th',
}

/** How long single events engaged. */
export function PercentileCard({
  one,
  other,
  names,
}: {
  readonly one: Metrics
  readonly other: Metrics | undefined
  readonly names: Names
}): JSX.Element {
  const of = (metrics: Metrics, share: (typeof SHARES)[number]): number | null =>
    metrics[`engagement_seconds_${share}`]
  const columns = [
    {
      title: 'Percentile',
      kind: 'fill' as const,
      cell: (share: (typeof SHARES)[number]) => WORDS[share],
    },
    {
      id: 'one',
      title: other === undefined ? 'Time' : shorten(names[0], NAME_MAX),
      ...(other === undefined ? {} : {whose: 'first' as const}),
      kind: 'num' as const,
      cell: (share: (typeof SHARES)[number]) => formatSeconds(of(one, share)),
    },
  ]
  const second =
    other === undefined
      ? []
      : [
          {
            id: 'other',
            title: shorten(names[1], NAME_MAX),
            kind: 'num' as const,
            whose: 'second' as const,
            cell: (share: (typeof SHARES)[number]) => formatSeconds(of(other, share)),
          },
        ]
  return (
    <Card
      title="Time per event"
      note="all time, within 5 %"
      span={4}
      flush
      csv={{
        name: 'percentiles',
        header: [
          'percentile',
          ...(other === undefined
            ? ['engagement_seconds']
            : names.map(name => `engagement_seconds of ${name}`)),
        ],
        rows: () =>
          SHARES.map(share => [
            share,
            of(one, share),
            ...(other === undefined ? [] : [of(other, share)]),
          ]),
      }}
    >
      <Table
        caption="Percentiles of engagement time"
        rows={SHARES}
        keyOf={share => share}
        columns={[...columns, ...second]}
      />
    </Card>
  )
}
