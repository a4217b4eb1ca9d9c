/** Alerts that are over, page by page. */
import type {JSX} from 'preact'
import {useEffect} from 'preact/hooks'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {AlertTable, csvOfAlerts} from './alert-table.tsx'

const LIMIT = 50

export function AlertHistory({
  nav,
  newest,
}: {
  readonly nav: Navigation
  /** Another text when another one is over. */
  readonly newest: string
}): JSX.Element {
  const {cursor} = nav.values
  const found = useResource(
    addressFor('GET /v1/alerts', {query: {status: 'resolved', limit: LIMIT, cursor}}),
  )
  useEffect(() => {
    if (newest !== '') found.reload()
  }, [newest])
  const next = found.data?.page.next_cursor ?? undefined
  return (
    <Card
      title="History"
      note="what is over, the newest first"
      flush
      csv={csvOfAlerts('alerts', found.data?.items ?? [])}
    >
      <Await from={found}>
        {({items}) =>
          items.length === 0 ? (
            <Empty title="Nothing yet">Alerts that are over show here.</Empty>
          ) : (
            <>
              <AlertTable caption="Alerts that are over" rows={items} nav={nav} />
              <p class="links inset">
                {cursor === undefined ? null : <a href={nav.link({cursor: undefined})}>Newest</a>}
                {next === undefined ? null : <a href={nav.link({cursor: next})}>Older</a>}
              </p>
            </>
          )
        }
      </Await>
    </Card>
  )
}
