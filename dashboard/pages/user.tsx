/** What one user did lately, and how much per day. */
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {nameBucket} from '../model/buckets.ts'
import {pickTypes, toDaySeries, toDayTable} from '../model/days.ts'
import {formatAgo, formatCount, formatTime, NONE, shorten} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Chart} from '../ui/chart.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {ACTIVITY_COLUMNS, csvOf, FindUser} from './user-activity.tsx'
import {SessionsCard} from './user-sessions.tsx'

const REFRESH_MS = 2000
const DAY_MS = 86_400_000
/** As many as Redis keeps of a user. */
const NEWEST = 20

export function OneUser({
  user,
  nav,
}: {
  readonly user: string
  readonly nav: Navigation
}): JSX.Element {
  const {cursor} = nav.values
  const path = {id: user}
  const stats = useResource(addressFor('GET /v1/users/{id}/stats', {path}), REFRESH_MS)
  const list = useResource(
    addressFor('GET /v1/users/{id}/activity', {path, query: {limit: NEWEST, cursor}}),
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
            <TypeFigures all={activities} byType={byType} />
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
      <SessionsCard user={user} />
    </>
  )
}

const TYPES_SHOWN = 4

/** The most frequent types; the others together, so that all of them are what all are. */
function TypeFigures({
  all,
  byType,
}: {
  readonly all: number
  readonly byType: Readonly<Record<string, number>>
}): JSX.Element {
  const types = Object.entries(byType).toSorted((a, b) => b[1] - a[1])
  const shown = types.length <= TYPES_SHOWN + 1 ? types : types.slice(0, TYPES_SHOWN)
  const others = shown.reduce((left, [, count]) => left - count, all)
  return (
    <>
      {shown.map(([type, count]) => (
        <div key={type}>
          <dt>
            <bdi title={type}>{shorten(type, 28)}</bdi>
          </dt>
          <dd>{formatCount(count)}</dd>
        </div>
      ))}
      {types.length === shown.length ? null : (
        <div>
          <dt>{types.length - shown.length} other types</dt>
          <dd>{formatCount(others)}</dd>
        </div>
      )}
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
  const {shown, otherOf} = pickTypes(table, 3)
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
                    id: `type ${type}`,
                    title: shorten(type, 24),
                    kind: 'num' as const,
                    cell: (row: (typeof table.rows)[number]) =>
                      formatCount(row.counts.get(type) ?? 0),
                  })),
                  ...(otherOf === undefined
                    ? []
                    : [
                        {
                          id: 'other types',
                          title: `${table.types.length - shown.length} other`,
                          kind: 'num' as const,
                          cell: (row: (typeof table.rows)[number]) => formatCount(otherOf(row)),
                        },
                      ]),
                  {id: 'all types', title: 'All', kind: 'num', cell: row => formatCount(row.total)},
                ]}
              />
            </>
          )
        }
      </Await>
    </Card>
  )
}
