/** How many are still there, by the part of the content that is over. */
import type {JSX} from 'preact'
import {formatRatio, formatSeconds} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Await, Empty} from '../ui/states.tsx'

const REFRESH_MS = 10_000

export function RetentionCard({
  ids,
  names,
}: {
  readonly ids: readonly string[]
  readonly names: readonly string[]
}): JSX.Element {
  const of = (id: string | undefined) =>
    id === undefined ? undefined : addressFor('GET /v1/content/{id}/retention', {path: {id}})
  const first = useResource(of(ids[0]), REFRESH_MS)
  const second = useResource(of(ids[1]), REFRESH_MS)
  const points = first.data?.points ?? []
  const guessed = [first.data, second.data].some(data => data?.basis === 'watched_from_0')
  const lines = [first.data, second.data].flatMap((data, at) =>
    data === undefined || data.points.length === 0
      ? []
      : [
          {
            label: ids.length > 1 ? (names[at] ?? '') : 'Still watching',
            values: data.points.map(point => point.audience_watch_ratio),
            tone: at === 0 ? (3 as const) : (2 as const),
            dashed: at > 0,
            area: at === 0,
          },
        ],
  )
  return (
    <Card
      title="Retention"
      note={
        guessed ? (
          <span class="tag warn">approximation: counted as watched from the start</span>
        ) : (
          'share of plays at each position'
        )
      }
      span={8}
      csv={{
        name: 'retention',
        header: ['elapsed_ratio', 'audience', 'audience_watch_ratio'],
        rows: () => points.map(p => [p.elapsed_ratio, p.audience, p.audience_watch_ratio]),
      }}
    >
      <Await from={first}>
        {data =>
          data.points.length === 0 ? (
            <Empty title="No curve">
              {data.length_seconds === null || data.length_seconds === 0
                ? 'The length of this content is not known.'
                : 'Nobody has watched it yet.'}
            </Empty>
          ) : (
            <Chart
              label={`Retention over ${formatSeconds(data.length_seconds)}`}
              x={points.map(point => point.elapsed_ratio)}
              xKind="ratio"
              series={lines}
              height={220}
              print={formatRatio}
            />
          )
        }
      </Await>
    </Card>
  )
}
