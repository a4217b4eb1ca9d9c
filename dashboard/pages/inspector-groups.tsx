/** Who reads, and how far behind. */
import type {JSX} from 'preact'
import {formatCount} from '../model/format.ts'
import {judgeLag} from '../model/stages.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

/** @param topic only partitions of this topic */
export function Groups({topic}: {readonly topic?: string}): JSX.Element {
  const found = useResource(addressFor('GET /v1/admin/groups'), 1000)
  const groups = (found.data?.items ?? [])
    .map(group => ({
      ...group,
      partitions: group.partitions.filter(one => topic === undefined || one.topic === topic),
    }))
    .filter(group => topic === undefined || group.partitions.length > 0)
  return (
    <Await from={found}>
      {() =>
        groups.length === 0 ? (
          <Card title="Consumer groups">
            <Empty title="Nobody has read this yet" />
          </Card>
        ) : (
          groups.map(group => (
            <Card
              key={group.group}
              title={group.group}
              note={`${formatCount(group.partitions.reduce((sum, one) => sum + one.lag, 0))} records behind`}
              flush
              csv={{
                name: `lag-${group.group}`,
                header: ['topic', 'partition', 'committed', 'end', 'lag'],
                rows: () =>
                  group.partitions.map(p => [p.topic, p.partition, p.committed, p.end, p.lag]),
              }}
            >
              {group.partitions.length === 0 ? (
                <Empty title="It has committed nothing in our topics" />
              ) : (
                <Table
                  caption={`Offsets of ${group.group}`}
                  rows={group.partitions}
                  keyOf={row => `${row.topic} ${row.partition}`}
                  columns={[
                    {title: 'Topic', kind: 'fill', cell: row => row.topic},
                    {title: 'Partition', kind: 'num', cell: row => row.partition},
                    {title: 'Committed', kind: 'num', cell: row => formatCount(row.committed)},
                    {title: 'End', kind: 'num', cell: row => formatCount(row.end)},
                    {
                      title: 'Lag',
                      kind: 'num',
                      cell: row => (
                        <span class={`tag ${judgeLag(row.lag)}`}>{formatCount(row.lag)}</span>
                      ),
                    },
                  ]}
                />
              )}
            </Card>
          ))
        )
      }
    </Await>
  )
}
