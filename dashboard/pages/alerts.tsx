/** Alerts: what is open now, what was, and the rules that open them. */
import type {JSX} from 'preact'
import {choose} from '../model/url-state.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Alert} from '../net/types.ts'
import {useLive} from '../net/use-live.ts'
import {Card} from '../ui/card.tsx'
import {Tabs} from '../ui/controls.tsx'
import {Head} from '../ui/shell.tsx'
import {Empty, LiveProblem, LiveSign, Loading} from '../ui/states.tsx'
import {AlertTable, csvOfAlerts} from './alert-table.tsx'
import {AlertChannels} from './alert-channels.tsx'
import {AlertHistory} from './alert-history.tsx'
import {AlertRules} from './alert-rules.tsx'

const TABS = ['open', 'history', 'rules', 'channels'] as const
const TAB_WORDS = {open: 'Open', history: 'History', rules: 'Rules', channels: 'Channels'} as const

interface Alerts {
  readonly open: readonly Alert[]
  readonly resolved: readonly Alert[]
}

const EVENTS = ['alerts', 'stale']

export function AlertsPage({nav}: {readonly nav: Navigation}): JSX.Element {
  const tab = choose(nav.values['tab'], TABS)
  const live = useLive<Alerts | undefined>(addressFor('GET /v1/alerts/live'), {
    events: EVENTS,
    initial: undefined,
    fold: (_, {data}) => data as Alerts,
  })
  const {state: alerts} = live
  return (
    <>
      <Head title="Alerts" part={tab === 'open' ? undefined : TAB_WORDS[tab]}>
        <LiveSign status={live.status} heardAt={live.heardAt} error={live.error} />
      </Head>
      <Tabs
        label="Parts of the page"
        chosen={tab}
        tabs={TABS.map(one => [
          one,
          one === 'open' && alerts !== undefined
            ? `${TAB_WORDS[one]} (${alerts.open.length})`
            : TAB_WORDS[one],
          linkTo('alerts', {tab: one === 'open' ? undefined : one}),
        ])}
      />
      {tab === 'rules' ? (
        <AlertRules nav={nav} />
      ) : tab === 'channels' ? (
        <AlertChannels />
      ) : tab === 'history' ? (
        // Another one is resolved: the list is another one.
        <AlertHistory nav={nav} newest={alerts?.resolved[0]?.resolved_at ?? ''} />
      ) : (
        <Card
          title="Open alerts"
          note="what is wrong now, the newest first"
          flush
          csv={csvOfAlerts('open-alerts', alerts?.open ?? [])}
        >
          <LiveProblem live={live} hasData={alerts !== undefined} />
          {alerts === undefined ? (
            live.error === undefined ? (
              <Loading />
            ) : null
          ) : alerts.open.length === 0 ? (
            <Empty title="Nothing is open">What rules find shows here as it happens.</Empty>
          ) : (
            <AlertTable caption="Open alerts" rows={alerts.open} nav={nav} />
          )}
        </Card>
      )}
    </>
  )
}
