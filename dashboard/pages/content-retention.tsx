/** How many are still there, by the part of the content that is over. */
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {formatPosition} from '../model/axis.ts'
import {formatRatio, formatSeconds} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import type {AnswerOf} from '../../client/client.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Await, Empty} from '../ui/states.tsx'

const REFRESH_MS = 10_000
/** Kept for a minute by the server. */
const TYPICAL_REFRESH_MS = 60_000

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
  const [only] = ids.length === 1 ? ids : []
  const typical = useResource(
    only === undefined
      ? undefined
      : addressFor('GET /v1/content/{id}/retention/typical', {path: {id: only}}),
    TYPICAL_REFRESH_MS,
  )
  const usual = typical.data?.points.map(point => point.typical_watch_ratio) ?? []
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
  if (usual.some(value => value !== null)) {
    lines.push({label: 'Typical', values: usual, tone: 2, dashed: true, area: false})
  }
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
                total={ids.length > 1 ? undefined : (data.length_seconds ?? undefined)}
                series={lines}
                height={220}
                unit="ratio"
              />
              <StandOut data={data} />
              <Relative of={typical.data} />
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

/** Where more leave than elsewhere, and what is watched again, in words. */
function StandOut({data}: {readonly data: Retention}): JSX.Element | null {
  const {drop_offs: drops, key_moments: moments} = data
  if (drops.length + moments.length === 0) return null
  return (
    <ul class="small">
      {drops.map(one => (
        <li key={`drop ${one.from_ratio}`}>
          {formatRatio(one.share)} leave at {formatPosition(one.from_seconds)} (
          {formatRatio(one.from_ratio)})
        </li>
      ))}
      {moments.map(one => (
        <li key={`moment ${one.from_ratio}`}>
          {formatRatio(one.share)} more watch {formatPosition(one.from_seconds)} to{' '}
          {formatPosition(one.to_seconds)} than what is around it
        </li>
      ))}
    </ul>
  )
}

/** How it does beside contents like it. */
function Relative({
  of,
}: {
  readonly of: AnswerOf<'GET /v1/content/{id}/retention/typical'> | undefined
}): JSX.Element | null {
  if (of === undefined || of.relative === null) return null
  const percent = Math.round((of.relative - 1) * 100)
  const words =
    percent === 0 ? 'as much as' : `${Math.abs(percent)}% ${percent > 0 ? 'more' : 'less'} than`
  return (
    <p class="small muted">
      Holds {words} is usual for {of.contents} contents of its type and about its length.
    </p>
  )
}
