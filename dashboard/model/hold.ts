/**
 * A list that fills by itself and holds still while somebody reads it. Pure.
 *
 * Guarantees    INV-90: while it holds still, what arrives is only counted, up to a bound.
 */

/** Why a list holds still. */
export interface Pausing {
  readonly hovered: boolean
  readonly focused: boolean
  /** The record that is open. */
  readonly opened: string | undefined
  /** By its button. */
  readonly stopped: boolean
  /** By its button, too: the list goes on although somebody reads, until another reason comes. */
  readonly released: boolean
}

export type Happening =
  | {readonly kind: 'enter' | 'leave' | 'focus' | 'blur' | 'button'}
  | {readonly kind: 'open'; readonly key: string | undefined}

export const startPausing = (opened: string | undefined): Pausing => ({
  hovered: false,
  focused: false,
  opened,
  stopped: false,
  released: false,
})

export const isPaused = ({hovered, focused, opened, stopped, released}: Pausing): boolean =>
  stopped || (!released && (hovered || focused || opened !== undefined))

export function nextPausing(old: Pausing, happening: Happening): Pausing {
  switch (happening.kind) {
    case 'enter':
      return {...old, hovered: true, released: false}
    case 'leave':
      return {...old, hovered: false}
    case 'focus':
      // Another row of the same list is no new reason.
      return {...old, focused: true, released: old.released && old.focused}
    case 'blur':
      return {...old, focused: false}
    case 'open':
      return happening.key === old.opened
        ? old
        : {...old, opened: happening.key, released: old.released && happening.key === undefined}
    case 'button':
    default:
      return isPaused(old)
        ? {...old, stopped: false, released: true}
        : {...old, stopped: true, released: false}
  }
}

export interface Held<T> {
  /** Which question the list answers: another one begins anew. */
  readonly of: string
  readonly shown: readonly T[]
  /** Keys of what came since it holds still. */
  readonly unseen: ReadonlySet<string | number>
}

export const UNSEEN_MAX = 1000
const NONE: ReadonlySet<never> = new Set<never>()

/** What to show now, of a list as it is now. */
export function hold<T>(
  held: Held<T> | undefined,
  latest: Omit<Held<T>, 'unseen'>,
  {paused, keyOf}: {readonly paused: boolean; readonly keyOf: (item: T) => string | number},
): Held<T> {
  const {of, shown} = latest
  // Nothing is not worth holding on to.
  if (!paused || held === undefined || held.of !== of || held.shown.length === 0)
    return {of, shown, unseen: NONE}
  const known = new Set(held.shown.map(keyOf))
  const fresh = shown.map(keyOf).filter(key => !known.has(key) && !held.unseen.has(key))
  if (fresh.length === 0) return held
  return {...held, unseen: new Set([...held.unseen, ...fresh].slice(0, UNSEEN_MAX))}
}

/** "37 new", as its button says. */
export const describeUnseen = (count: number): string =>
  count === 0 ? 'Go on' : `${count >= UNSEEN_MAX ? `${UNSEEN_MAX - 1}+` : count} new`
