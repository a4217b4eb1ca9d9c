import type {JSX} from 'preact'
import type {ViewName} from '../model/url-state.ts'

type IconName = ViewName | 'save' | 'docs'

const PATHS: Readonly<Record<IconName, string>> = {
  overview: 'M2 13V9m4 4V5m4 8V7m4 6V3',
  content: 'M5 3.5v9l7-4.5z',
  users: 'M8 8a2.6 2.6 0 1 0 0-5.2A2.6 2.6 0 0 0 8 8Zm-5 5.5c.6-2.4 2.6-3.6 5-3.6s4.4 1.2 5 3.6',
  streams: 'M2 5c2-2 4-2 6 0s4 2 6 0M2 11c2-2 4-2 6 0s4 2 6 0',
  schedules: 'M8 4.5V8l2.5 1.5M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Z',
  insight: 'M2.5 11.5 6 7.5l3 2.5 4.5-6m-3.5 0h3.5v3.5',
  alerts:
    'M8 2.5a3.6 3.6 0 0 1 3.6 3.6c0 3.4 1.4 4.4 1.4 4.9H3c0-.5 1.4-1.5 1.4-4.9A3.6 3.6 0 0 1 8 2.5Zm-1.2 11h2.4',
  pipeline: 'M2 8h3m6 0h3M5 5h6v6H5z',
  inspector: 'M2.5 4h11m-11 4h11m-11 4h7',
  save: 'M8 2.5v7m-3-3 3 3 3-3M3 13.5h10',
  docs: 'M5.5 4.5 2 8l3.5 3.5m5-7L14 8l-3.5 3.5',
}

export const SaveIcon = (): JSX.Element => <Icon name="save" />

/** A sign; the word beside it, or its button, says the same. */
export function Icon({name}: {readonly name: IconName}): JSX.Element {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  )
}

export function Logo(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#2457d6" />
      <path
        d="M7 21v-4m6 4V11m6 10v-7m6 7V8"
        stroke="#fff"
        stroke-width="3"
        stroke-linecap="round"
      />
    </svg>
  )
}
