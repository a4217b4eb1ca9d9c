import type {JSX} from 'preact'
import {formatCount, formatRatio, formatSeconds} from '../model/format.ts'
import type {RangeName} from '../model/ranges.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {BarCell, Table} from '../ui/table.tsx'

const REFRESH_MS = 5000

/** Events and time by device or by type, in the range chosen. */
export function BreakdownCard({
  id,
  dimension,
  title,
  range,
}: {
  readonly id: string
  readonly dimension: 'device' | 'event_type'
  readonly title: string
  readonly range: RangeName
}): JSX.Element {
  const found = useResource(
    addressFor('GET /v1/content/{id}/breakdowns/{dimension}', {
      path: {id, dimension},
      query: {period: range},
    }),
    REFRESH_MS,
  )
  const items = (found.data?.items ?? []).toSorted((a, b) => b.metrics.events - a.metrics.events)
  const total = items.reduce((sum, {metrics}) => sum + metrics.events, 0)
  return (
    <Card
      title={title}
      span={6}
      flush
      csv={{
        name: dimension,
        header: [dimension, 'events', 'engagement_seconds'],
        rows: () =>
          items.map(({value, metrics}) => [value, metrics.events, metrics.engagement_seconds]),
      }}
    >
      <Await from={found}>
        {() =>
          total === 0 ? (
            <Empty title="Nothing in this range" />
          ) : (
            <Table
              caption={title}
              rows={items.filter(({metrics}) => metrics.events > 0)}
              keyOf={row => row.value ?? ''}
              columns={[
                {
                  title: title.replace(/s$/, ''),
                  kind: 'fill',
                  cell: row => (
                    <BarCell share={row.metrics.events / total}>
                      <bdi>{row.value ?? 'not given'}</bdi>
                    </BarCell>
                  ),
                },
                {title: 'Events', kind: 'num', cell: row => formatCount(row.metrics.events)},
                {title: 'Share', kind: 'num', cell: row => formatRatio(row.metrics.events / total)},
                {
                  title: 'Time',
                  kind: 'num',
                  cell: row => formatSeconds(row.metrics.engagement_seconds),
                },
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}
