/** Where records wait for the processor, and who publishes which share of the keys. */
import type {JSX} from 'preact'
import {formatAgo, formatCount, formatRate, formatTime, NONE} from '../model/format.ts'
import {judgeLag} from '../model/stages.ts'
import type {Pipeline} from '../net/types.ts'
import {linkTo} from '../net/navigation.ts'
import {Card} from '../ui/card.tsx'
import {Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

export function LagCard({
  data,
  rates,
}: {
  readonly data: Pipeline
  readonly rates: ReadonlyMap<string, number>
}): JSX.Element {
  const topics = [...new Set(data.partitions.map(({topic}) => topic))]
  return (
    <Card
      title="Lag per partition"
      note="records that wait for the processor"
      span={7}
      flush
      csv={{
        name: 'lag',
        header: ['topic', 'partition', 'committed', 'end', 'lag'],
        rows: () => data.partitions.map(p => [p.topic, p.partition, p.committed, p.end, p.lag]),
      }}
    >
      {topics.length === 0 ? (
        <Empty title="Kafka could not be asked" />
      ) : (
        <Table
          caption="Lag per topic and partition"
          rows={topics}
          keyOf={topic => topic}
          columns={[
            {title: 'Topic', cell: topic => <a href={linkTo('inspector', {topic})}>{topic}</a>},
            {title: 'Per second', kind: 'num', cell: topic => formatRate(rates.get(topic))},
            {
              title: 'Partitions',
              kind: 'fill',
              cell: topic => (
                <span class="lag-grid">
                  {data.partitions
                    .filter(partition => partition.topic === topic)
                    .map(({partition, lag}) => (
                      <span
                        key={partition}
                        class={`tag ${judgeLag(lag)}`}
                        title={`partition ${partition}`}
                      >
                        {partition}: {formatCount(lag)}
                      </span>
                    ))}
                </span>
              ),
            },
          ]}
        />
      )}
    </Card>
  )
}

export function LanesCard({data}: {readonly data: Pipeline}): JSX.Element {
  return (
    <Card
      title="Lanes"
      note="who publishes which share of the keys"
      span={5}
      flush
      csv={{
        name: 'lanes',
        header: ['lane', 'lanes', 'epoch', 'owner', 'updated_at'],
        rows: () => data.lanes.map(l => [l.lane + 1, l.lanes, l.epoch, l.owner, l.updated_at]),
      }}
    >
      {data.lanes.length === 0 ? (
        <Empty title="No lane was ever owned">The relay has not started yet.</Empty>
      ) : (
        <Table
          caption="Lanes of the relay"
          rows={data.lanes}
          keyOf={lane => `${lane.lanes}/${lane.lane}`}
          columns={[
            {title: 'Lane', cell: lane => `${lane.lane + 1} of ${lane.lanes}`},
            {
              title: 'Owner',
              kind: 'fill',
              cell: lane => (
                <span class="clip" title={lane.owner ?? ''}>
                  {lane.owner ?? 'nobody'}
                </span>
              ),
            },
            {
              title: 'Cursor moved',
              kind: 'num',
              cell: lane => (
                <span title={formatTime(lane.updated_at)}>
                  {lane.updated_at === null
                    ? NONE
                    : formatAgo(Math.max(0, Date.now() - Date.parse(lane.updated_at)))}
                </span>
              ),
            },
          ]}
        />
      )}
    </Card>
  )
}
