/** The pages: what a content team keeps open, and what an engineer opens first. */
import {render, type ComponentType, type JSX} from 'preact'
import {useEffect} from 'preact/hooks'
import type {ViewName} from './model/url-state.ts'
import {addressFor} from './net/address.ts'
import {followLinks, useNavigation, type Navigation} from './net/navigation.ts'
import {useResource} from './net/use-resource.ts'
import {ContentPage} from './pages/content.tsx'
import {InspectorPage} from './pages/inspector.tsx'
import {OverviewPage} from './pages/overview.tsx'
import {PipelinePage} from './pages/pipeline.tsx'
import {UsersPage} from './pages/users.tsx'
import {Shell} from './ui/shell.tsx'
import {SignIn} from './ui/sign-in.tsx'
import {startTheme} from './ui/theme.ts'

const PAGES: Readonly<Record<ViewName, ComponentType<{readonly nav: Navigation}>>> = {
  overview: OverviewPage,
  content: ContentPage,
  users: UsersPage,
  pipeline: PipelinePage,
  inspector: InspectorPage,
}

const TITLES: Readonly<Record<ViewName, string>> = {
  overview: 'Overview',
  content: 'Content',
  users: 'Users',
  pipeline: 'Pipeline',
  inspector: 'Inspector',
}

const HEALTH_EVERY_MS = 10_000

function App(): JSX.Element {
  const nav = useNavigation()
  const session = useResource(addressFor('GET /v1/session'))
  const isKnown = session.data !== undefined
  const health = useResource(
    isKnown ? addressFor('GET /v1/platform/health') : undefined,
    HEALTH_EVERY_MS,
  )
  useEffect(() => {
    document.title = `${TITLES[nav.view]} · Engagement`
  }, [nav.view])
  const Page = PAGES[nav.view]
  return (
    <Shell view={nav.view} verdict={health.data}>
      {session.error?.status === 401 ? (
        <SignIn onDone={session.reload} />
      ) : (
        <Page key={nav.view} nav={nav} />
      )}
    </Shell>
  )
}

startTheme()
followLinks()
render(<App />, document.getElementById('app')!)
