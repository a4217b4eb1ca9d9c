import {useEffect} from 'preact/hooks'
import {titleOf} from '../model/names.ts'

/** Calls the tab by what it shows, the particular first. */
export function useTitle(...parts: readonly (string | undefined)[]): void {
  const title = titleOf(parts)
  useEffect(() => {
    document.title = title
  }, [title])
}
