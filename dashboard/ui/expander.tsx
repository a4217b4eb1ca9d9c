/** The button that opens what is below a row of a table; which one is open stands in the address. */
import type {ComponentChildren, JSX} from 'preact'
import type {Navigation} from '../net/navigation.ts'

export function Expander({
  id,
  nav,
  children,
}: {
  readonly id: string
  readonly nav: Navigation
  readonly children: ComponentChildren
}): JSX.Element {
  const isOpen = nav.values['open'] === id
  return (
    <button
      class="expander"
      type="button"
      aria-expanded={isOpen}
      onClick={() => nav.set({open: isOpen ? undefined : id})}
    >
      {children}
    </button>
  )
}
