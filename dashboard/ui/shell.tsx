/** What is around every page: the way to the others, the scheme, who is signed in. */
import type {ComponentChildren, JSX} from 'preact'
import {viewerZone} from '../model/format.ts'
import {bannerOf} from '../model/health.ts'
import type {ViewName} from '../model/url-state.ts'
import {linkTo} from '../net/navigation.ts'
import type {Verdict} from '../net/types.ts'
import {Icon, Logo} from './icons.tsx'
import {toggleTheme, useTheme} from './theme.ts'

const PAGES: readonly (readonly [ViewName, string])[] = [
  ['overview', 'Overview'],
  ['content', 'Content'],
  ['users', 'Users'],
  ['pipeline', 'Pipeline'],
  ['inspector', 'Inspector'],
]

export function Shell({
  view,
  verdict,
  children,
}: {
  readonly view: ViewName
  /** Undefined: not known, which is no reason to alarm anybody. */
  readonly verdict: Verdict | undefined
  readonly children: ComponentChildren
}): JSX.Element {
  const theme = useTheme()
  return (
    <div class="shell">
      <header class="side">
        <div class="side-inner">
          <a class="brand" href="/" aria-label="Engagement, overview">
            <Logo />
            <span>Engagement</span>
          </a>
          <nav class="nav" aria-label="Pages">
            {PAGES.map(([name, title]) => (
              <a key={name} href={linkTo(name)} aria-current={name === view ? 'page' : undefined}>
                <Icon name={name} />
                {title}
              </a>
            ))}
          </nav>
          <div class="side-foot">
            <span class="zone small muted">Times in {viewerZone()}</span>
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
      <main class="main">
        <HealthBanner verdict={verdict} />
        {children}
      </main>
    </div>
  )
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
  children,
}: {
  readonly title: ComponentChildren
  readonly children?: ComponentChildren
}): JSX.Element {
  return (
    <div class="head">
      <div class="grow">
        <h1>{title}</h1>
      </div>
      <div class="head-tools">{children}</div>
    </div>
  )
}
