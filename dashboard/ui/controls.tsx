import type {ComponentChildren, JSX, Ref} from 'preact'
import {useEffect, useRef} from 'preact/hooks'

/** Brings what is chosen into sight, where a row of choices is wider than its place. */
function useInSight<E extends HTMLElement>(chosen: string): Ref<E> {
  const row = useRef<E>(null)
  useEffect(() => {
    const element = row.current
    const one = element?.querySelector('[aria-pressed="true"], [aria-current="page"]')
    if (element === null || one === null || one === undefined) return
    // Not scrollIntoView: that would move the page as well.
    const [place, room] = [one.getBoundingClientRect(), element.getBoundingClientRect()]
    element.scrollLeft += place.left + place.width / 2 - (room.left + room.width / 2)
  }, [chosen])
  return row
}

/** The parts of a page, as links. */
export function Tabs({
  label,
  tabs,
  chosen,
}: {
  readonly label: string
  readonly tabs: readonly (readonly [name: string, text: string, href: string])[]
  readonly chosen: string
}): JSX.Element {
  const row = useInSight<HTMLElement>(chosen)
  return (
    <nav class="tabs" aria-label={label} ref={row}>
      {tabs.map(([name, text, href]) => (
        <a key={name} href={href} aria-current={name === chosen ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  )
}

/** A few choices, one of them taken. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  readonly label: string
  readonly options: readonly (readonly [value: T, text: string])[]
  readonly value: T
  readonly onChange: (value: T) => void
}): JSX.Element {
  const row = useInSight<HTMLDivElement>(value)
  return (
    <div class="choice" role="group" aria-label={label} ref={row}>
      {options.map(([option, text]) => (
        <button
          key={option}
          type="button"
          aria-pressed={option === value}
          onClick={() => onChange(option)}
        >
          {text}
        </button>
      ))}
    </div>
  )
}

export function Select<T extends string>({
  label,
  options,
  value,
  onChange,
  hideLabel = false,
}: {
  readonly label: string
  readonly options: readonly (readonly [value: T, text: string])[]
  readonly value: T
  readonly onChange: (value: T) => void
  readonly hideLabel?: boolean
}): JSX.Element {
  return (
    <label class="labelled">
      <span class={hideLabel ? 'hidden-label' : 'muted'}>{label}</span>
      <select
        class="field"
        value={value}
        onChange={event => onChange(event.currentTarget.value as T)}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

/** A field that is taken over by Enter or the button of its form. */
export function TextField({
  label,
  name,
  value,
  placeholder,
  type = 'text',
  wide = false,
  required = false,
  max = 500,
}: {
  readonly label: string
  readonly name: string
  readonly value?: string | undefined
  readonly placeholder?: string
  readonly type?: 'text' | 'search' | 'password' | 'number' | 'datetime-local'
  readonly wide?: boolean
  readonly required?: boolean
  /** Characters. */
  readonly max?: number
}): JSX.Element {
  // The types of Preact tell each kind of input apart; a text stands for all of ours.
  const kind = type as 'text'
  return (
    <label class={`labelled${wide ? ' wide' : ''}`}>
      <span class="muted">{label}</span>
      <input
        key={value}
        class="field"
        name={name}
        type={kind}
        // To the second, and to any fraction, which these fields otherwise refuse.
        step={type === 'datetime-local' || type === 'number' ? 'any' : undefined}
        defaultValue={value ?? ''}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        maxLength={max}
        required={required}
      />
    </label>
  )
}

/** A form whose fields are given as text when it is sent. */
export function Form({
  onSubmit,
  label,
  children,
}: {
  readonly onSubmit: (fields: Readonly<Record<string, string>>) => void
  readonly label: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <form
      class="row"
      aria-label={label}
      onSubmit={event => {
        event.preventDefault()
        const fields = [...new FormData(event.currentTarget)].map(([name, value]) => [
          name,
          typeof value === 'string' ? value.trim() : '',
        ])
        onSubmit(Object.fromEntries(fields) as Record<string, string>)
      }}
    >
      {children}
    </form>
  )
}
