/** What all do right now, or, with a user, what that one did. */
import type {JSX} from 'preact'
import {shorten} from '../model/format.ts'
import {prepend} from '../model/series.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Activity} from '../net/types.ts'
import {useLive, type LiveMessage} from '../net/use-live.ts'
import {Card} from '../ui/card.tsx'
import {PauseButton, Reading, useHeld} from '../ui/held.tsx'
import {Head} from '../ui/shell.tsx'
import {Empty, LiveProblem, LiveSign, Loading} from '../ui/states.tsx'
import {Table, type Column} from '../ui/table.tsx'
import {ACTIVITY_COLUMNS, csvOf, FindUser} from './user-activity.tsx'
import {OneUser} from './user.tsx'

const LIST_MAX = 30

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

const USER_COLUMN: Column<Activity> = {
  title: 'User',
  cell: row => (
    <a href={linkTo('users', {user: row.user_id})} title={row.user_id}>
      <bdi>{shorten(row.user_id, 24)}</bdi>
    </a>
  ),
}

const keyOf = (activity: Activity): string | number => activity.event_id

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
  const live = useLive<readonly Activity[]>(addressFor('GET /v1/live/activity'), {
    events: EVENTS,
    initial: NOTHING,
    fold: foldActivity,
  })
  const list = useHeld({of: '', items: live.state}, {keyOf})
  const {rows} = list
  return (
    <>
      <Head title="Users">
        <LiveSign status={live.status} heardAt={live.heardAt} error={live.error} />
      </Head>
      <FindUser nav={nav} />
      <Card
        title="Activity right now"
        note="what arrives while this page is open"
        flush
        tools={<PauseButton list={list} />}
        csv={csvOf(rows)}
      >
        <LiveProblem live={live} hasData={rows.length > 0} />
        {rows.length > 0 ? (
          <Reading reader={list.reader}>
            <Table
              caption="Activity right now"
              rows={rows}
              keyOf={keyOf}
              columns={[ACTIVITY_COLUMNS[0]!, USER_COLUMN, ...ACTIVITY_COLUMNS.slice(1)]}
            />
          </Reading>
        ) : live.error !== undefined ? null : live.status === 'live' ? (
          <Empty title="Nothing yet">Activity shows here as it is committed.</Empty>
        ) : (
          <Loading />
        )}
      </Card>
    </>
  )
}
