/** What one user did lately, and how much per day; without a user, what all do right now. */
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {nameBucket} from '../model/buckets.ts'
import {toDaySeries, toDayTable} from '../model/days.ts'
import {formatAgo, formatCount, formatTime, NONE, shorten} from '../model/format.ts'
import {prepend} from '../model/series.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Activity} from '../net/types.ts'
import {useLive, type LiveMessage} from '../net/use-live.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Form, TextField} from '../ui/controls.tsx'
import {Head} from '../ui/shell.tsx'
import {Await, Empty, LiveSign} from '../ui/states.tsx'
import {Table, type Column} from '../ui/table.tsx'

const REFRESH_MS = 2000
const LIST_MAX = 30
const DAY_MS = 86_400_000

export function UsersPage({nav}: {readonly nav: Navigation}): JSX.Element {
  const {user} = nav.values
  return (
    <>
      {user === undefined ? null : (
        <Head title={user} part="Users">
          <a href={linkTo('users')}>All activity</a>
        </Head>
      )}
      {user === undefined ? <Recent nav={nav} /> : <OneUser key={user} user={user} nav={nav} />}
    </>
  )
}

function FindUser({nav, user}: {readonly nav: Navigation; readonly user?: string}): JSX.Element {
  return (
    <Form label="Find a user" onSubmit={({user: id}) => nav.set({user: id, cursor: undefined})}>
      <TextField
        wide
        label="User id"
        name="user"
        value={user}
        placeholder="The user_id as it was written"
      />
      <button class="button" type="submit">
        Show
      </button>
    </Form>
  )
}

const ACTIVITY_COLUMNS: readonly Column<Activity>[] = [
  {
    title: 'Event',
    cell: row => (
      <a class="mono" href={linkTo('pipeline', {trace: `activity:${row.event_id}`})}>
        {row.event_id}
      </a>
    ),
  },
  {title: 'Time', cell: row => formatTime(row.occurred_at)},
  {
    title: 'Activity',
    cell: row => <bdi title={row.activity_type}>{shorten(row.activity_type, 40)}</bdi>,
  },
  {title: 'Details', kind: 'fill', cell: row => <Json value={row.metadata} />},
]
const USER_COLUMN: Column<Activity> = {
  title: 'User',
  cell: row => (
    <a href={linkTo('users', {user: row.user_id})} title={row.user_id}>
      <bdi>{shorten(row.user_id, 24)}</bdi>
    </a>
  ),
}

function Json({value}: {readonly value: unknown}): JSX.Element {
  if (value === null || value === undefined) return <span class="muted">–</span>
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return (
    <span class="clip mono muted" dir="auto" title={shorten(text, 1000)}>
      {shorten(text, 300)}
    </span>
  )
}

const csvOf = (items: readonly Activity[]) => ({
  name: 'activity',
  header: ['event_id', 'user_id', 'activity_type', 'occurred_at', 'metadata'],
  rows: () =>
    items.map(a => [
      a.event_id,
      a.user_id,
      a.activity_type,
      a.occurred_at,
      JSON.stringify(a.metadata),
    ]),
})

const EVENTS = ['activity']
const NOTHING: readonly Activity[] = []

/** A record of Kafka as the live stream sends it: times are microseconds, JSON is text. */
interface LiveRecord {
  readonly value: {
    readonly event_id: number
    readonly user_id: string
    readonly activity_type: string
    readonly occurred_at: number | string | null
    readonly metadata: unknown
    readonly op: string
  } | null
}

const toTime = (time: number | string | null): string | null =>
  typeof time === 'number' ? new Date(time / 1000).toISOString() : time

function foldActivity(list: readonly Activity[], {data}: LiveMessage): readonly Activity[] {
  const {value} = data as LiveRecord
  if (value === null || value.op === 'd') return list
  return prepend(
    list,
    {...value, occurred_at: toTime(value.occurred_at)},
    item => item.event_id,
    LIST_MAX,
  )
}

function Recent({nav}: {readonly nav: Navigation}): JSX.Element {
  const {state, status, heardAt} = useLive<readonly Activity[]>(
    addressFor('GET /v1/live/activity'),
    {
      events: EVENTS,
      initial: NOTHING,
      fold: foldActivity,
    },
  )
  return (
    <>
      <Head title="Users">
        <LiveSign status={status} heardAt={heardAt} />
      </Head>
      <FindUser nav={nav} />
      <Card
        title="Activity right now"
        note="what arrives while this page is open"
        flush
        csv={csvOf(state)}
      >
        {state.length === 0 ? (
          <Empty title="Nothing yet">Activity shows here as it is committed.</Empty>
        ) : (
          <Table
            caption="Activity right now"
            rows={state}
            keyOf={row => row.event_id}
            columns={[ACTIVITY_COLUMNS[0]!, USER_COLUMN, ...ACTIVITY_COLUMNS.slice(1)]}
          />
        )}
      </Card>
    </>
  )
}

function OneUser({user, nav}: {readonly user: string; readonly nav: Navigation}): JSX.Element {
  const {cursor} = nav.values
  const path = {id: user}
  const stats = useResource(addressFor('GET /v1/users/{id}/stats', {path}), REFRESH_MS)
  const list = useResource(
    addressFor('GET /v1/users/{id}/activity', {path, query: {limit: 50, cursor}}),
    cursor === undefined ? REFRESH_MS : undefined,
  )
  return (
    <>
      <FindUser nav={nav} user={user} />
      <Await from={stats} lines={1}>
        {({activities, by_type: byType, last_seen_at: lastSeen}) => (
          <dl class="figures" aria-label="Totals">
            <div>
              <dt>Activities</dt>
              <dd data-metric="activities">{formatCount(activities)}</dd>
            </div>
            <div>
              <dt>Last seen</dt>
              <dd title={formatTime(lastSeen)}>
                {lastSeen === null
                  ? NONE
                  : formatAgo(Math.max(0, Date.now() - Date.parse(lastSeen)))}
              </dd>
            </div>
            {Object.entries(byType)
              .toSorted((a, b) => b[1] - a[1])
              .slice(0, 4)
              .map(([type, count]) => (
                <div key={type}>
                  <dt>
                    <bdi title={type}>{shorten(type, 28)}</bdi>
                  </dt>
                  <dd>{formatCount(count)}</dd>
                </div>
              ))}
          </dl>
        )}
      </Await>
      <div class="cols">
        <Card
          span={7}
          title="Recent activity"
          note="newest first"
          flush
          csv={csvOf(list.data?.items ?? [])}
        >
          <Await from={list}>
            {({items, page}) =>
              items.length === 0 ? (
                <Empty title="No activity of this user" />
              ) : (
                <>
                  <Table
                    caption="Recent activity"
                    rows={items}
                    keyOf={row => row.event_id}
                    columns={ACTIVITY_COLUMNS}
                  />
                  {page?.next_cursor === null || page === undefined ? null : (
                    <p class="inset">
                      <a href={nav.link({cursor: page.next_cursor})}>Older</a>
                    </p>
                  )}
                </>
              )
            }
          </Await>
        </Card>
        <DaysCard user={user} />
      </div>
    </>
  )
}

function DaysCard({user}: {readonly user: string}): JSX.Element {
  const days = useResource(
    addressFor('GET /v1/users/{id}/days', {path: {id: user}}),
    REFRESH_MS * 5,
  )
  const table = useMemo(() => toDayTable(days.data?.items ?? []), [days.data])
  const [x, y] = useMemo(() => toDaySeries(table), [table])
  const shown = table.types.slice(0, 3)
  const isToday = x.at(-1) === Math.floor(Date.now() / DAY_MS) * (DAY_MS / 1000)
  return (
    <Card
      title="Per day"
      span={5}
      note="days in UTC"
      flush
      csv={{
        name: 'days',
        header: ['day', 'activity_type', 'count'],
        rows: () =>
          (days.data?.items ?? []).map(item => [item.day, item.activity_type, item.count]),
      }}
    >
      <Await from={days}>
        {() =>
          table.rows.length === 0 ? (
            <Empty title="No day with activity" />
          ) : (
            <>
              {x.length < 3 ? null : (
                <div class="inset">
                  <Chart
                    label="Activities per day"
                    x={x}
                    series={[{label: 'Activities', values: y, tone: 1, area: true}]}
                    height={140}
                    unit="count"
                    printX={at => nameBucket(at * 1000, 'day', 'UTC')}
                    wholeDays
                    running={isToday}
                  />
                </div>
              )}
              <Table
                caption="Counts per day and type"
                rows={table.rows.slice(0, 14)}
                keyOf={row => row.day}
                columns={[
                  {title: 'Day', cell: row => row.day},
                  ...shown.map(type => ({
                    title: shorten(type, 24),
                    kind: 'num' as const,
                    cell: (row: (typeof table.rows)[number]) =>
                      formatCount(row.counts.get(type) ?? 0),
                  })),
                  {title: 'All', kind: 'num', cell: row => formatCount(row.total)},
                ]}
              />
            </>
          )
        }
      </Await>
    </Card>
  )
}
