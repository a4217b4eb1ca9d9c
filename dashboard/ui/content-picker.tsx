/** Finds a content by part of its title or slug (ARIA combobox: arrows, Enter, Escape). */
import type {JSX, TargetedKeyboardEvent} from 'preact'
import {useEffect, useId, useRef, useState} from 'preact/hooks'
import {nameOf} from '../model/names.ts'
import {addressFor} from '../net/address.ts'
import type {Content} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'

const TYPING_MS = 150

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}

export function ContentPicker({
  label,
  value,
  onPick,
  onClear,
}: {
  readonly label: string
  readonly value: string | undefined
  readonly onPick: (id: string) => void
  readonly onClear?: (() => void) | undefined
}): JSX.Element {
  const [open, setOpen] = useState(false)
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const input = useRef<HTMLInputElement>(null)
  const listId = useId()
  const search = useSettled(text.trim())
  const {data, error} = useResource(
    open ? addressFor('GET /v1/content', {query: {search, limit: 12}}) : undefined,
  )
  const items = data?.items ?? []
  const shut = (): void => {
    setOpen(false)
    setText('')
    setChosen(0)
  }
  const pick = (content: Content): void => {
    shut()
    onPick(content.id)
    input.current?.blur()
  }
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'Escape') return shut()
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setOpen(true)
      const step = event.key === 'ArrowDown' ? 1 : -1
      setChosen(at => Math.min(Math.max(at + step, 0), Math.max(items.length - 1, 0)))
    }
    const content = items[chosen]
    // What is listed still answers the letters before: Enter would take another content.
    const settled = search === text.trim()
    if (event.key === 'Enter' && open && settled && content !== undefined) pick(content)
  }
  return (
    <div class="picker">
      <label class="labelled">
        <span class="muted">{label}</span>
        <input
          ref={input}
          class="field"
          role="combobox"
          aria-expanded={open}
          aria-controls={listId}
          aria-autocomplete="list"
          {...(open && items.length > 0 ? {'aria-activedescendant': `${listId}-${chosen}`} : {})}
          placeholder="Search title or slug"
          autocomplete="off"
          maxLength={200}
          value={open ? text : (value ?? '')}
          onFocus={() => setOpen(true)}
          onBlur={shut}
          onInput={event => {
            setText(event.currentTarget.value)
            setChosen(0)
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      {onClear === undefined ? null : (
        <button
          class="button quiet clear"
          type="button"
          onClick={onClear}
          aria-label="Stop comparing"
        >
          ×
        </button>
      )}
      <ul id={listId} role="listbox" aria-label={label} hidden={!open}>
        {items.map((content, at) => (
          <li
            key={content.id}
            id={`${listId}-${at}`}
            role="option"
            aria-selected={at === chosen}
            // Before the field loses the focus, and with it the list.
            onMouseDown={event => {
              event.preventDefault()
              pick(content)
            }}
          >
            <span class="clip" dir="auto">
              {nameOf(content)}
            </span>
            <span class="clip muted small">{content.slug}</span>
          </li>
        ))}
        {items.length > 0 ? null : (
          <li class="muted" role="option" aria-selected={false} aria-disabled="true">
            {error?.message ?? (data === undefined ? 'Searching' : 'Nothing found')}
          </li>
        )}
      </ul>
    </div>
  )
}
