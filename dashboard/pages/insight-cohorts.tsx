/** Who stays and who leaves: users by their first week, and who is about to go. */
import type {JSX} from 'preact'
import {formatCount, formatRatio} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {linkTo} from '../net/navigation.ts'
import type {Cohort, LeavingUser} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

const REFRESH_MS = 60_000
/** Columns: the weeks after the first one. */
const WEEKS_SHOWN = 8

const STANDINGS = [
  ['new', 'New'],
  ['active', 'Active'],
  ['reactivated', 'Came back'],
  ['at_risk', 'At risk'],
  ['churned', 'Churned'],
] as const

export function CohortsCard(): JSX.Element | null {
  const found = useResource(addressFor('GET /v1/insight/cohorts'), REFRESH_MS)
  // A pipeline without activity of users knows of none.
  if (found.error?.status === 400 || found.error?.status === 422) return null
  return (
    <>
      {found.data === undefined ? null : (
        <dl class="figures" aria-label="How users stand">
          {STANDINGS.map(([name, word]) => (
            <div key={name}>
              <dt>{word}</dt>
              <dd>{formatCount(found.data?.standing[name])}</dd>
            </div>
          ))}
        </dl>
      )}
      <Card
        title="Who stays"
        note="users by their first week, and how many were here in the weeks after it, UTC"
        flush
        csv={{
          name: 'cohorts',
          header: [
            'week',
            'users',
            ...Array.from({length: WEEKS_SHOWN + 1}, (_, i) => `week ${i}`),
          ],
          rows: () =>
            (found.data?.cohorts ?? []).map(({week, users, active}) => [
              week,
              users,
              ...active.slice(0, WEEKS_SHOWN + 1),
            ]),
        }}
      >
        <Await from={found}>
          {({cohorts, leaving}) =>
            cohorts.length === 0 ? (
              <Empty title="Nobody was here">There is no activity of users in these weeks.</Empty>
            ) : (
              <>
                <CohortTable rows={cohorts} />
                {leaving.length === 0 ? null : <LeavingTable rows={leaving} />}
              </>
            )
          }
        </Await>
      </Card>
    </>
  )
}

function CohortTable({rows}: {readonly rows: readonly Cohort[]}): JSX.Element {
  return (
    <Table
      caption="Users by their first week"
      rows={rows}
      keyOf={row => row.week}
      columns={[
        {title: 'First week', kind: 'fill', cell: row => row.week},
        {title: 'Users', kind: 'num', cell: row => formatCount(row.users)},
        ...Array.from({length: WEEKS_SHOWN}, (_, i) => ({
          title: `+${i + 1}`,
          kind: 'num' as const,
          // The first few are what is looked at where there is little room.
          extra: i >= 3,
          cell: ({active, users}: Cohort) => {
            const count = active[i + 1]
            return count === undefined ? '' : formatRatio(count / users)
          },
        })),
      ]}
    />
  )
}

function LeavingTable({rows}: {readonly rows: readonly LeavingUser[]}): JSX.Element {
  return (
    <>
      <h3 class="inset">At risk, who did most first</h3>
      <Table
        caption="Users at risk"
        rows={rows}
        keyOf={row => row.user}
        columns={[
          {
            title: 'User',
            kind: 'fill',
            cell: row => (
              <a href={linkTo('users', {user: row.user})} dir="auto">
                {row.user}
              </a>
            ),
          },
          {title: 'Last week', cell: row => row.last_week},
          {title: 'Weeks', kind: 'num', extra: true, cell: row => formatCount(row.weeks)},
          {title: 'Activities', kind: 'num', cell: row => formatCount(row.count)},
        ]}
      />
    </>
  )
}
