/** What happens now, and how it went in the last half hour. */
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {formatCompact, formatCount, formatMs, formatRate, formatSeconds} from '../model/format.ts'
import {nameOf} from '../model/names.ts'
import type {Unit} from '../model/scale.ts'
import {
  foldHistory,
  foldPoint,
  toColumns,
  type Point,
  type SeriesOptions,
  type Step,
} from '../model/series.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Overview, OverviewHistory, OverviewPoint} from '../net/types.ts'
import {useLive, type LiveMessage} from '../net/use-live.ts'
import {Card} from '../ui/card.tsx'
import {Chart, type ChartSeries} from '../ui/chart.tsx'
import {Head} from '../ui/shell.tsx'
import {Empty, LiveProblem, LiveSign, Loading} from '../ui/states.tsx'
import {BarCell, Table} from '../ui/table.tsx'

const SERIES: SeriesOptions = {
  stepMs: 10_000,
  windowMs: 1_800_000,
  rules: ['mean', 'last', 'mean', 'mean', 'mean', 'max'],
}

interface OverviewState {
  readonly now: Overview | undefined
  readonly steps: readonly Step[]
}

const toPoint = (of: OverviewPoint): Point => ({
  at: Date.parse(of.at),
  values: [
    of.events_per_second,
    of.active_users,
    of.page_views_per_second,
    of.engagement_seconds_per_second,
    of.latency_ms_p50,
    of.latency_ms_p99,
  ],
})

export function foldOverview(state: OverviewState, {event, data}: LiveMessage): OverviewState {
  if (event === 'history') {
    return {...state, steps: foldHistory((data as OverviewHistory).points.map(toPoint), SERIES)}
  }
  const now = data as Overview
  return {now, steps: foldPoint(state.steps, toPoint(now), SERIES)}
}

const SPAN = '30 min'
const EVENTS = ['history', 'platform']
const INITIAL: OverviewState = {now: undefined, steps: []}

export function OverviewPage(_props: {readonly nav: Navigation}): JSX.Element {
  const live = useLive(addressFor('GET /v1/live/platform'), {
    events: EVENTS,
    initial: INITIAL,
    fold: foldOverview,
    expectMs: 3500,
  })
  const {now, steps} = live.state
  const [x, rate, viewers, views, seconds, p50, p99] = useMemo(
    () => toColumns(steps, SERIES),
    [steps],
  )
  const line = (label: string, values: ChartSeries['values'] | undefined): ChartSeries[] => [
    {label, values: values ?? [], tone: 1, area: true},
  ]
  return (
    <>
      <Head title="Overview">
        {now === undefined || now.meta.notes.length === 0 ? null : (
          <span class="tag warn" title={now.meta.notes.join('; ')}>
            from {now.meta.source}
          </span>
        )}
        <LiveSign status={live.status} heardAt={live.heardAt} error={live.error} />
      </Head>
      {now === undefined && live.error !== undefined ? (
        <div class="card">
          <LiveProblem live={live} hasData={false} />
        </div>
      ) : (
        <>
          <LiveProblem live={live} hasData />
          <div class="cols">
            <Figure
              title="Events per second"
              figure={formatRate(now?.events_per_second)}
              x={x}
              series={line('Events per second', rate)}
              scale="rate"
            />
            <Figure
              title="Viewers now"
              unit="in 5 minutes"
              figure={formatCompact(now?.active_users)}
              x={x}
              series={line('Viewers', viewers)}
              scale="count"
            />
            <Figure
              title="Page views"
              unit={`${formatRate(now?.page_views_per_second)} per second`}
              figure={formatCount(now?.page_views)}
              x={x}
              series={line('Page views per second', views)}
              scale="rate"
            />
            <Figure
              title="Commit to visible"
              unit={`p50 · p99 ${formatMs(now?.latency_ms_p99)}`}
              figure={formatMs(now?.latency_ms_p50)}
              x={x}
              series={[
                {label: 'p99', values: p99 ?? [], tone: 2, dashed: true},
                {label: 'p50', values: p50 ?? [], tone: 1},
              ]}
              scale="milliseconds"
            />
          </div>
          <div class="cols">
            <TopCard now={now} x={x} seconds={seconds ?? []} />
            <PagesCard now={now} />
          </div>
        </>
      )}
    </>
  )
}

function Figure({
  title,
  unit,
  figure,
  x,
  series,
  scale,
}: {
  readonly title: string
  readonly unit?: string
  readonly figure: string
  readonly x: readonly number[]
  readonly series: readonly ChartSeries[]
  readonly scale: Unit
}): JSX.Element {
  const csv = {
    name: title.toLowerCase().replaceAll(' ', '-'),
    header: ['time', ...series.map(one => one.label)],
    rows: () =>
      x.map((at, i) => [new Date(at * 1000).toISOString(), ...series.map(one => one.values[i])]),
  }
  return (
    <Card title={title} span={3} csv={csv}>
      <p class="figure">
        <span data-figure={csv.name}>{figure}</span>
        {unit === undefined ? null : <small>{unit}</small>}
      </p>
      <Chart
        small
        label={`${title}, last 30 minutes`}
        x={x}
        series={series}
        height={92}
        unit={scale}
        span={SPAN}
      />
    </Card>
  )
}

const valueOf = (value: number | string | null): number => (typeof value === 'number' ? value : 0)

function TopCard({
  now,
  x,
  seconds,
}: {
  readonly now: Overview | undefined
  readonly x: readonly number[]
  readonly seconds: readonly (number | null)[]
}): JSX.Element {
  const top = now?.top ?? []
  const most = Math.max(1, ...top.map(row => valueOf(row.value)))
  return (
    <Card
      title="Most engaging content"
      note="last 10 minutes, by engagement time"
      span={7}
      flush
      csv={{
        name: 'most-engaging-content',
        header: ['rank', 'content_id', 'title', 'engagement_seconds'],
        rows: () => top.map(row => [row.rank, row.content.id, nameOf(row.content), row.value]),
      }}
    >
      {now === undefined ? (
        <Loading />
      ) : top.length === 0 ? (
        <Empty title="Nothing was watched in the last ten minutes">
          It shows here as it happens.
        </Empty>
      ) : (
        <Table
          caption="Most engaging content of the last ten minutes"
          rows={top}
          keyOf={row => row.content.id}
          columns={[
            {title: '#', cell: row => <span class="muted">{row.rank}</span>},
            {
              title: 'Content',
              kind: 'fill',
              cell: row => (
                <BarCell share={valueOf(row.value) / most}>
                  <a
                    class="clip"
                    href={linkTo('content', {id: row.content.id})}
                    title={nameOf(row.content)}
                  >
                    <bdi>{nameOf(row.content)}</bdi>
                  </a>
                </BarCell>
              ),
            },
            {
              title: 'Type',
              extra: true,
              cell: row => <span class="muted">{row.content.content_type ?? '–'}</span>,
            },
            {title: 'Time', kind: 'num', cell: row => formatSeconds(valueOf(row.value))},
          ]}
        />
      )}
      <div class="inset">
        <h3>Engagement time, seconds per second</h3>
        <Chart
          small
          label="Engagement time per second, last 30 minutes"
          x={x}
          series={[{label: 'Engagement time', values: seconds, tone: 3, area: true}]}
          height={92}
          unit="rate"
          span={SPAN}
        />
      </div>
    </Card>
  )
}

function PagesCard({now}: {readonly now: Overview | undefined}): JSX.Element {
  const pages = now?.pages ?? []
  const most = Math.max(1, ...pages.map(row => row.views))
  return (
    <Card
      title="Pages"
      note="views, all time"
      span={5}
      flush
      csv={{
        name: 'pages',
        header: ['page', 'views'],
        rows: () => pages.map(row => [row.page, row.views]),
      }}
    >
      {now === undefined ? (
        <Loading />
      ) : pages.length === 0 ? (
        <Empty title="No page was viewed yet" />
      ) : (
        <Table
          caption="Pages by views"
          rows={pages}
          keyOf={row => row.page}
          columns={[
            {
              title: 'Page',
              kind: 'fill',
              cell: row => (
                <BarCell share={row.views / most}>
                  <bdi title={row.page}>{row.page}</bdi>
                </BarCell>
              ),
            },
            {title: 'Views', kind: 'num', cell: row => formatCount(row.views)},
          ]}
        />
      )}
    </Card>
  )
}
