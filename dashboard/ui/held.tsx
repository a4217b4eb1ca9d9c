/** A list that fills by itself and holds still while somebody reads it. */
import type {ComponentChildren, JSX, TargetedPointerEvent} from 'preact'
import {useEffect, useReducer, useRef} from 'preact/hooks'
import {
  describeUnseen,
  hold,
  isPaused,
  nextPausing,
  startPausing,
  type Happening,
  type Held,
} from '../model/hold.ts'

/** From the rows to their button takes a moment, in which nothing may move. */
const LEAVING_MS = 500

export interface Reader {
  readonly happen: (happening: Happening) => void
  /** The pointer went away; unless it comes to the button soon. */
  readonly leave: () => void
  /** It came to the button: whatever it paused stays so. */
  readonly stay: () => void
}

export interface HeldList<T> {
  readonly rows: readonly T[]
  readonly isPaused: boolean
  readonly unseen: number
  readonly reader: Reader
}

function useReader(happen: (happening: Happening) => void): Reader {
  const leaving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const stay = (): void => clearTimeout(leaving.current)
  useEffect(() => stay, [])
  return {
    stay,
    leave() {
      stay()
      leaving.current = setTimeout(() => happen({kind: 'leave'}), LEAVING_MS)
    },
    happen(happening) {
      if (happening.kind === 'enter') stay()
      happen(happening)
    },
  }
}

/**
 * @param list as it is now, and which question it answers
 * @param opened key of the record that is open
 */
export function useHeld<T>(
  list: {readonly of: string; readonly items: readonly T[]},
  {
    keyOf,
    opened,
  }: {readonly keyOf: (item: T) => string | number; readonly opened?: string | undefined},
): HeldList<T> {
  const [pausing, happen] = useReducer(nextPausing, opened, startPausing)
  useEffect(() => happen({kind: 'open', key: opened}), [opened])
  const held = useRef<Held<T> | undefined>(undefined)
  const paused = isPaused(pausing)
  held.current = hold(held.current, {of: list.of, shown: list.items}, {paused, keyOf})
  const {shown, unseen} = held.current
  return {rows: shown, isPaused: paused, unseen: unseen.size, reader: useReader(happen)}
}

/** A finger does not hover: what it touched stays where it is by the focus, or by being open. */
const byMouse = (act: () => void) => (event: TargetedPointerEvent<HTMLElement>) => {
  if (event.pointerType !== 'touch') act()
}

/** Around the rows: notices who reads them. */
export function Reading({
  reader: {happen, leave},
  children,
}: {
  readonly reader: Reader
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div
      onPointerEnter={byMouse(() => happen({kind: 'enter'}))}
      onPointerLeave={byMouse(leave)}
      onFocusIn={() => happen({kind: 'focus'})}
      onFocusOut={({currentTarget, relatedTarget}) => {
        // From row to row it stays within.
        if (!currentTarget.contains(relatedTarget as Node | null)) happen({kind: 'blur'})
      }}
    >
      {children}
    </div>
  )
}

/** Stops the list, or lets it go on; says what came meanwhile. */
export function PauseButton({
  list: {isPaused: paused, unseen, reader},
}: {
  readonly list: Omit<HeldList<unknown>, 'rows'>
}): JSX.Element {
  return (
    <button
      class={`button small${paused ? ' primary' : ''}`}
      type="button"
      data-paused={paused}
      onPointerEnter={byMouse(reader.stay)}
      onPointerLeave={byMouse(reader.leave)}
      onClick={() => reader.happen({kind: 'button'})}
    >
      {paused ? describeUnseen(unseen) : 'Pause'}
      {paused && unseen > 0 ? <span class="hidden-label"> go on</span> : null}
    </button>
  )
}
