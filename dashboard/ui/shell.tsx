/** What is around every page: the way to the others, the scheme, who is signed in. */
import type {ComponentChildren, JSX} from 'preact'
import {viewerZone} from '../model/format.ts'
import type {ViewName} from '../model/url-state.ts'
import {linkTo} from '../net/navigation.ts'
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
  children,
}: {
  readonly view: ViewName
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
      <main class="main">{children}</main>
    </div>
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
