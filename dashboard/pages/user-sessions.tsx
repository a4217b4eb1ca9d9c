/** Sessions of one user: what was done without a long gap. */
import type {JSX} from 'preact'
import {formatCount, formatSeconds, formatTime, NONE, shorten} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

const REFRESH_MS = 10_000

const pageOf = (page: string | null): JSX.Element | string =>
  page === null ? NONE : <bdi title={page}>{shorten(page, 40)}</bdi>

export function SessionsCard({user}: {readonly user: string}): JSX.Element {
  const found = useResource(
    addressFor('GET /v1/users/{id}/sessions', {path: {id: user}}),
    REFRESH_MS,
  )
  return (
    <Card
      title="Sessions"
      note="newest first, ended by 30 minutes of nothing"
      flush
      csv={{
        name: 'sessions',
        header: ['started_at', 'ended_at', 'seconds', 'activities', 'page_views', 'entry_page'],
        rows: () =>
          (found.data?.items ?? []).map(one => [
            one.started_at,
            one.ended_at,
            one.seconds,
            one.activities,
            one.page_views,
            one.entry_page,
          ]),
      }}
    >
      <Await from={found}>
        {({items}) =>
          items.length === 0 ? (
            <Empty title="No session of this user" />
          ) : (
            <Table
              caption="Sessions"
              rows={items}
              keyOf={row => row.started_at}
              columns={[
                {title: 'Began', cell: row => formatTime(row.started_at)},
                {title: 'Lasted', kind: 'num', cell: row => formatSeconds(row.seconds)},
                {title: 'Activities', kind: 'num', cell: row => formatCount(row.activities)},
                {title: 'Pages', kind: 'num', extra: true, cell: row => formatCount(row.pages)},
                {title: 'Entry', kind: 'fill', cell: row => pageOf(row.entry_page)},
                {title: 'Exit', extra: true, cell: row => pageOf(row.exit_page)},
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}
