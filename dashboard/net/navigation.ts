/** The address is the state: whoever has the link sees the same, and Back undoes what was chosen. */
import {useEffect, useState} from 'preact/hooks'
import {formatUrl, parseUrl, type UrlState, type ViewName} from '../model/url-state.ts'

const CHANGED = 'app:navigated'

/** Goes to an address of ours, without loading the page again. */
export function navigate(url: string): void {
  if (url === `${location.pathname}${location.search}`) return
  history.pushState(null, '', url)
  dispatchEvent(new Event(CHANGED))
}

export interface Navigation extends UrlState {
  /** The address of this view with some values changed; undefined takes a value out. */
  link(changes: Readonly<Record<string, string | undefined>>): string
  set(changes: Readonly<Record<string, string | undefined>>): void
}

export const linkTo = (
  view: ViewName,
  values: Readonly<Record<string, string | undefined>> = {},
): string => formatUrl(view, values)

const readAddress = (): UrlState => parseUrl(location.search, location.pathname)

export function useNavigation(): Navigation {
  const [state, setState] = useState(readAddress)
  useEffect(() => {
    const read = (): void => setState(readAddress())
    addEventListener('popstate', read)
    addEventListener(CHANGED, read)
    return () => {
      removeEventListener('popstate', read)
      removeEventListener(CHANGED, read)
    }
  }, [])
  const link: Navigation['link'] = changes => formatUrl(state.view, {...state.values, ...changes})
  return {...state, link, set: changes => navigate(link(changes))}
}

/** Clicks on links within the pages stay within the page; others go as usual. */
export function followLinks(): void {
  document.addEventListener('click', event => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const anchor = (event.target as Element | null)?.closest?.('a')
    if (
      anchor === null ||
      anchor === undefined ||
      anchor.target !== '' ||
      anchor.hasAttribute('download')
    )
      return
    if (anchor.origin !== location.origin || anchor.pathname !== '/') return
    event.preventDefault()
    navigate(`${anchor.pathname}${anchor.search}`)
    scrollTo(0, 0)
  })
}
