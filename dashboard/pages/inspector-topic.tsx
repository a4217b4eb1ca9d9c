/** Offsets and settings of a topic. */
import type {JSX} from 'preact'
import {formatCount} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {linkTo} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

const addressOfTopic = (topic: string) =>
  addressFor('GET /v1/admin/topics/{topic}', {path: {topic}})

export function TopicPartitions({topic}: {readonly topic: string}): JSX.Element {
  const found = useResource(addressOfTopic(topic), 1000)
  return (
    <Card
      title="Partitions"
      flush
      csv={{
        name: `${topic}-partitions`,
        header: ['partition', 'begin', 'end'],
        rows: () => (found.data?.partitions ?? []).map(p => [p.partition, p.begin, p.end]),
      }}
    >
      <Await from={found}>
        {({partitions}) => (
          <Table
            caption="Partitions"
            rows={partitions}
            keyOf={row => row.partition}
            columns={[
              {
                title: 'Partition',
                kind: 'fill',
                cell: row => (
                  <a href={linkTo('inspector', {topic, partition: String(row.partition)})}>
                    {row.partition}
                  </a>
                ),
              },
              {title: 'First offset', kind: 'num', cell: row => formatCount(row.begin)},
              {title: 'Next offset', kind: 'num', cell: row => formatCount(row.end)},
              {title: 'Records', kind: 'num', cell: row => formatCount(row.end - row.begin)},
            ]}
          />
        )}
      </Await>
    </Card>
  )
}

export function TopicConfig({topic}: {readonly topic: string}): JSX.Element {
  const found = useResource(addressOfTopic(topic))
  const entries = Object.entries(found.data?.config ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return (
    <Card
      title="Configuration"
      flush
      csv={{name: `${topic}-configuration`, header: ['name', 'value'], rows: () => entries}}
    >
      <Await from={found}>
        {() => (
          <Table
            caption="Configuration"
            rows={entries}
            keyOf={([name]) => name}
            columns={[
              {title: 'Setting', cell: ([name]) => name},
              {
                title: 'Value',
                kind: 'fill',
                cell: ([, value]) => (
                  <span class="mono breaks">{value === '' ? '(empty)' : value}</span>
                ),
              },
            ]}
          />
        )}
      </Await>
    </Card>
  )
}
