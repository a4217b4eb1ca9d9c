/** How many are still there, by the part of the content that is over. */
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {formatSeconds} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import type {AnswerOf} from '../../client/client.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Await, Empty} from '../ui/states.tsx'

const REFRESH_MS = 10_000

type Retention = AnswerOf<'GET /v1/content/{id}/retention'>

/** A length and somebody who played it: without them there are points, but no shares. */
const hasCurve = (data: Retention | undefined): boolean =>
  data?.points.some(point => point.audience_watch_ratio !== null) === true

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
  const x = useMemo(() => points.map(point => point.elapsed_ratio), [first.data])
  const curves = [first.data, second.data].map(data => (hasCurve(data) ? data : undefined))
  const guessed = curves.some(data => data?.basis === 'watched_from_0')
  const isAbove = curves.some(data =>
    data?.points.some(point => (point.audience_watch_ratio ?? 0) > 1),
  )
  const lines = curves.flatMap((data, at) =>
    data === undefined
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
          'all time, share of plays at each position'
        )
      }
      span={8}
      csv={{
        name: 'retention',
        header: [
          'elapsed_ratio',
          'audience',
          'audience_watch_ratio',
          ...(ids.length > 1 ? [`audience_watch_ratio of ${names[1]}`] : []),
        ],
        rows: () =>
          points.map((p, i) => [
            p.elapsed_ratio,
            p.audience,
            p.audience_watch_ratio,
            ...(ids.length > 1 ? [second.data?.points[i]?.audience_watch_ratio] : []),
          ]),
      }}
    >
      <Await from={first}>
        {data =>
          !hasCurve(data) ? (
            <Empty title="No curve">
              {data.length_seconds === null || data.length_seconds === 0
                ? 'The length of this content is not known.'
                : 'Nobody has watched it yet.'}
            </Empty>
          ) : (
            <>
              <Chart
                label={`Retention over ${formatSeconds(data.length_seconds)}`}
                x={x}
                xKind="ratio"
                total={lines.length > 1 ? undefined : (data.length_seconds ?? undefined)}
                series={lines}
                height={220}
                unit="ratio"
              />
              {isAbove ? (
                <p class="small muted">
                  More than 100%: parts were played more often than the content was begun.
                </p>
              ) : null}
            </>
          )
        }
      </Await>
    </Card>
  )
}
