/** What stands out: changes worth a look, what rises, who comes back. */
import type {JSX} from 'preact'
import {formatCount, formatNumber, formatRatio} from '../model/format.ts'
import {choose} from '../model/url-state.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Change, RisingItem} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Choice} from '../ui/controls.tsx'
import {Head} from '../ui/shell.tsx'
import {Await, Empty, PollSign} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {CohortsCard} from './insight-cohorts.tsx'

/** Answers are kept for a minute. */
const REFRESH_MS = 30_000
const SPANS = ['day', 'week'] as const
const SPAN_OPTIONS = [
  ['day', 'Last day'],
  ['week', 'Last week'],
] as const
const SPAN_NOTES = {
  day: 'the last 24 whole hours, beside seven days before',
  week: 'the last seven whole days, beside four weeks before',
} as const

export function InsightPage({nav}: {readonly nav: Navigation}): JSX.Element {
  const span = choose(nav.values['span'], SPANS)
  const changes = useResource(addressFor('GET /v1/insight/changes', {query: {span}}), REFRESH_MS)
  return (
    <>
      <Head title="Insight">
        <Choice
          label="Time"
          options={SPAN_OPTIONS}
          value={span}
          onChange={next => nav.set({span: next === 'day' ? undefined : next})}
        />
        <PollSign of={changes} />
      </Head>
      <Card
        title="Worth a look"
        note={SPAN_NOTES[span]}
        flush
        csv={{
          name: 'changes',
          header: ['stream', 'metric', 'dimension', 'value', 'present', 'expected', 'deviations'],
          rows: () =>
            (changes.data?.items ?? []).map(one => [
              one.stream,
              one.metric,
              one.dimension,
              one.value,
              one.present,
              one.expected,
              one.deviations,
            ]),
        }}
      >
        <Await from={changes}>
          {({items}) =>
            items.length === 0 ? (
              <Empty title="Everything is as usual">
                No count is further from what was to be expected than chance makes.
              </Empty>
            ) : (
              <ChangeTable rows={items} />
            )
          }
        </Await>
      </Card>
      <RisingCard hours={span === 'day' ? 24 : 168} />
      <ActiveUsersCard />
      <CohortsCard />
    </>
  )
}

const percentOf = ({present, expected}: Pick<Change, 'present' | 'expected'>): string => {
  const percent = Math.round((present / expected - 1) * 100)
  return `${percent > 0 ? '+' : ''}${formatCount(percent)}%`
}

const Difference = ({of}: {readonly of: Pick<Change, 'present' | 'expected'>}): JSX.Element => (
  <span class={`tag ${of.present > of.expected ? 'good' : 'warn'}`}>{percentOf(of)}</span>
)

function ChangeTable({rows}: {readonly rows: readonly Change[]}): JSX.Element {
  return (
    <Table
      caption="Changes worth a look"
      rows={rows}
      keyOf={row => JSON.stringify([row.stream, row.metric, row.dimension, row.value])}
      columns={[
        {
          title: 'What',
          kind: 'fill',
          cell: row => (
            <>
              <a href={linkTo('streams', {stream: row.stream})}>
                {row.metric} of {row.stream}
              </a>
              <span class="clip small muted" dir="auto" title={row.text}>
                {row.dimension === null
                  ? 'as a whole'
                  : `${row.dimension}: ${row.value ?? 'without a value'}`}
              </span>
            </>
          ),
        },
        {title: 'Change', cell: row => <Difference of={row} />},
        {title: 'Now', kind: 'num', cell: row => formatCount(row.present)},
        {title: 'Expected', kind: 'num', cell: row => formatCount(Math.round(row.expected))},
        {
          title: 'Deviations',
          kind: 'num',
          extra: true,
          cell: row => formatNumber(row.deviations),
        },
      ]}
    />
  )
}

function RisingCard({hours}: {readonly hours: number}): JSX.Element | null {
  const found = useResource(addressFor('GET /v1/insight/rising', {query: {hours}}), REFRESH_MS)
  // A pipeline without engagement has no contents that rise.
  if (found.error?.status === 400) return null
  const isContent = found.data?.by === 'content_id'
  const nameOf = ({title, key}: RisingItem): string => title ?? key
  return (
    <Card
      title="What rises"
      note={found.data === undefined ? '' : `${found.data.metric} by ${found.data.by}`}
      flush
      csv={{
        name: 'rising',
        header: ['key', 'title', 'kind', 'present', 'usual', 'expected', 'deviations'],
        rows: () =>
          (found.data?.items ?? []).map(one => [
            one.key,
            one.title,
            one.kind,
            one.present,
            one.usual,
            one.expected,
            one.deviations,
          ]),
      }}
    >
      <Await from={found}>
        {({items, compared}) =>
          items.length === 0 ? (
            <Empty title="Nothing rises">
              Of {formatCount(compared)} none has more than its past and its kind let expect.
            </Empty>
          ) : (
            <Table
              caption="What rises"
              rows={items}
              keyOf={row => row.key}
              columns={[
                {
                  title: 'Name',
                  kind: 'fill',
                  cell: row =>
                    isContent ? (
                      <a href={linkTo('content', {id: row.key})} dir="auto">
                        {nameOf(row)}
                      </a>
                    ) : (
                      nameOf(row)
                    ),
                },
                {title: 'Kind', extra: true, cell: row => row.kind ?? ''},
                {title: 'Change', cell: row => <Difference of={row} />},
                {title: 'Now', kind: 'num', cell: row => formatCount(row.present)},
                {
                  title: 'Usual',
                  kind: 'num',
                  cell: row => formatCount(Math.round(row.usual)),
                },
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}

function ActiveUsersCard(): JSX.Element | null {
  const found = useResource(addressFor('GET /v1/insight/active-users'), REFRESH_MS)
  if (found.error?.status === 400 || found.error?.status === 422) return null
  return (
    <Card
      title="Who comes back"
      note="distinct users of each day, its week and its month, UTC"
      csv={{
        name: 'active-users',
        header: ['day', 'daily', 'weekly', 'monthly', 'stickiness'],
        rows: () =>
          (found.data?.items ?? []).map(one => [
            one.day,
            one.daily,
            one.weekly,
            one.monthly,
            one.stickiness,
          ]),
      }}
    >
      <Await from={found}>
        {({items}) => (
          <>
            <Chart
              label="Active users by day, week and month"
              x={items.map(({day}) => Date.parse(day) / 1000)}
              wholeDays
              running
              series={[
                {label: 'Day', values: items.map(one => one.daily), tone: 3, area: true},
                {label: 'Week', values: items.map(one => one.weekly), tone: 2},
                {label: 'Month', values: items.map(one => one.monthly), tone: 1},
              ]}
              height={220}
              unit="count"
            />
            <Stickiness share={items.at(-2)?.stickiness ?? null} />
          </>
        )}
      </Await>
    </Card>
  )
}

function Stickiness({share}: {readonly share: number | null}): JSX.Element | null {
  if (share === null) return null
  return (
    <p class="small muted">
      Of those of the last month {formatRatio(share)} came on the last whole day.
    </p>
  )
}
