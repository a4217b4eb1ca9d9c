/** What is around every page: the way to the others, the scheme, who is signed in. */
import type {ComponentChildren, JSX} from 'preact'
import {viewerZone} from '../model/format.ts'
import {bannerOf} from '../model/health.ts'
import {viewsOf, type Role, type ViewName} from '../model/url-state.ts'
import {linkTo} from '../net/navigation.ts'
import type {Verdict} from '../net/types.ts'
import {Icon, Logo} from './icons.tsx'
import {toggleTheme, useTheme} from './theme.ts'
import {useTitle} from './title.ts'

const TITLES: Readonly<Record<ViewName, string>> = {
  overview: 'Overview',
  content: 'Content',
  users: 'Users',
  insight: 'Insight',
  streams: 'Streams',
  schedules: 'Schedules',
  alerts: 'Alerts',
  pipeline: 'Pipeline',
  inspector: 'Inspector',
}

export function Shell({
  view,
  roles,
  verdict,
  children,
}: {
  /** Undefined: none of them. */
  readonly view: ViewName | undefined
  /** Of declared streams; undefined: not known yet. */
  readonly roles: readonly Role[] | undefined
  /** Undefined: not known, which is no reason to alarm anybody. */
  readonly verdict: Verdict | undefined
  readonly children: ComponentChildren
}): JSX.Element {
  const theme = useTheme()
  return (
    <div class="shell">
      <a class="skip button" href={`#${MAIN}`} onClick={skip}>
        Skip to the page
      </a>
      <header class="side">
        <div class="side-inner">
          <a class="brand" href="/" aria-label="Engagement, overview">
            <Logo />
            <span>Engagement</span>
          </a>
          <nav class="nav" aria-label="Pages">
            {viewsOf(roles).map(name => (
              <a key={name} href={linkTo(name)} aria-current={name === view ? 'page' : undefined}>
                <Icon name={name} />
                {TITLES[name]}
              </a>
            ))}
          </nav>
          <div class="side-foot">
            <Around />
            <button
              class="button quiet"
              type="button"
              onClick={toggleTheme}
              aria-label={`Switch to the ${theme === 'dark' ? 'light' : 'dark'} scheme`}
            >
              <span aria-hidden="true">◐</span>
              <span class="word">{theme === 'dark' ? 'Light' : 'Dark'}</span>
            </button>
          </div>
        </div>
      </header>
      <main class="main" id={MAIN} tabIndex={-1}>
        <HealthBanner verdict={verdict} />
        {children}
      </main>
      <footer class="narrow-foot">
        <Around />
      </footer>
    </div>
  )
}

const MAIN = 'page'

/** The address holds what is looked at, so it gets no fragment. */
function skip(event: Event): void {
  event.preventDefault()
  document.getElementById(MAIN)?.focus()
}

/** At the foot: of the bar, or where there is no room of the page. */
function Around(): JSX.Element {
  return (
    <>
      <a class="docs" href="/docs">
        <Icon name="docs" />
        API
      </a>
      <span class="zone small muted">Times in {viewerZone()}</span>
    </>
  )
}

/** After a change of page, where reading begins. */
export function focusTitle(): void {
  document.querySelector<HTMLElement>(`#${MAIN} h1`)?.focus({preventScroll: true})
}

/** Whoever reads a figure has to know when it may be wrong, on whatever page. */
function HealthBanner({verdict}: {readonly verdict: Verdict | undefined}): JSX.Element | null {
  const banner = verdict === undefined ? undefined : bannerOf(verdict)
  if (banner === undefined) return null
  return (
    <p class={`notice ${banner.tone}`} role="status" data-health={verdict?.state}>
      <span class="breaks">{banner.text}</span>
      <a href={linkTo('pipeline')}>What to do</a>
    </p>
  )
}

/** Title of a page with what belongs beside it. */
export function Head({
  title,
  part,
  tag,
  children,
}: {
  readonly title: string
  /** The page that it is one of: also in the title of the tab. */
  readonly part?: string | undefined
  readonly tag?: ComponentChildren
  readonly children?: ComponentChildren
}): JSX.Element {
  useTitle(title, part)
  return (
    <div class="head">
      <div class="grow">
        <h1 tabIndex={-1} title={title}>
          <bdi class="clamp">{title}</bdi>
          {tag}
        </h1>
      </div>
      <div class="head-tools">{children}</div>
    </div>
  )
}
