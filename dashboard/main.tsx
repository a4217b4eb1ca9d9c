/** The pages: what a content team keeps open, and what an engineer opens first. */
import {render, type ComponentType, type JSX} from 'preact'
import {useEffect, useRef} from 'preact/hooks'
import {pageOf, shownView, type ViewName} from './model/url-state.ts'
import {addressFor} from './net/address.ts'
import {followLinks, useNavigation, type Navigation} from './net/navigation.ts'
import {useResource} from './net/use-resource.ts'
import {ContentPage} from './pages/content.tsx'
import {NothingHere} from './pages/nothing-here.tsx'
import {OverviewPage} from './pages/overview.tsx'
import {PipelinePage} from './pages/pipeline.tsx'
import {UsersPage} from './pages/users.tsx'
import {lazily} from './ui/lazily.tsx'
import {focusTitle, Shell} from './ui/shell.tsx'
import {SignIn} from './ui/sign-in.tsx'
import {startTheme} from './ui/theme.ts'

const PAGES: Readonly<Record<ViewName, ComponentType<{readonly nav: Navigation}>>> = {
  overview: OverviewPage,
  content: ContentPage,
  users: UsersPage,
  insight: lazily('Insight', async () => (await import('./pages/insight.tsx')).InsightPage),
  streams: lazily('Streams', async () => (await import('./pages/streams.tsx')).StreamsPage),
  schedules: lazily('Schedules', async () => (await import('./pages/schedules.tsx')).SchedulesPage),
  alerts: lazily('Alerts', async () => (await import('./pages/alerts.tsx')).AlertsPage),
  pipeline: PipelinePage,
  inspector: lazily('Inspector', async () => (await import('./pages/inspector.tsx')).InspectorPage),
}

const HEALTH_EVERY_MS = 10_000

/** After a change of page, but not when it is opened: the browser begins at its top by itself. */
function useTitleFocus(nav: Navigation): void {
  const page = pageOf(nav)
  const before = useRef(page)
  useEffect(() => {
    if (before.current === page) return
    before.current = page
    // An event that is traced is what was asked for: its card takes the focus.
    if (nav.values['trace'] === undefined) focusTitle()
  }, [page])
}

function App(): JSX.Element {
  const nav = useNavigation()
  const session = useResource(addressFor('GET /v1/session'))
  const isKnown = session.data !== undefined
  const health = useResource(
    isKnown ? addressFor('GET /v1/platform/health') : undefined,
    HEALTH_EVERY_MS,
  )
  useTitleFocus(nav)
  const roles = session.data?.roles
  const view = shownView(nav.view, roles)
  const Page = PAGES[view]
  return (
    <Shell
      view={nav.unknownPath === undefined ? view : undefined}
      roles={roles}
      verdict={health.data}
    >
      {session.error?.status === 401 ? (
        <SignIn onDone={session.reload} />
      ) : nav.unknownPath === undefined ? (
        <Page key={view} nav={nav} />
      ) : (
        <NothingHere path={nav.unknownPath} />
      )}
    </Shell>
  )
}

startTheme()
followLinks()
render(<App />, document.getElementById('app')!)
