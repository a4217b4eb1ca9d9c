/** Light or dark: the system's choice until the viewer makes another. A taste, so not in the address. */
import {useEffect, useState} from 'preact/hooks'

export type Theme = 'light' | 'dark'

const KEY = 'theme'
const CHANGED = 'app:theme'

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : undefined
  } catch {
    return undefined
  }
}

const preferred = (): Theme =>
  stored() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')

export const currentTheme = (): Theme =>
  document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light'

function apply(): void {
  document.documentElement.dataset['theme'] = preferred()
  dispatchEvent(new Event(CHANGED))
}

/** Once, before anything is drawn. */
export function startTheme(): void {
  apply()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply)
}

export function toggleTheme(): void {
  try {
    localStorage.setItem(KEY, currentTheme() === 'dark' ? 'light' : 'dark')
  } catch {
    // Without storage the choice cannot be kept; the system's stays.
  }
  apply()
}

export function useTheme(): Theme {
  const [theme, setTheme] = useState(currentTheme)
  useEffect(() => {
    const read = (): void => setTheme(currentTheme())
    addEventListener(CHANGED, read)
    return () => removeEventListener(CHANGED, read)
  }, [])
  return theme
}
