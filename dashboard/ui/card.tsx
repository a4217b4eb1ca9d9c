import type {ComponentChildren, JSX} from 'preact'
import {useId} from 'preact/hooks'
import {toCsv, type Cell} from '../model/csv.ts'

export interface CsvSource {
  readonly name: string
  readonly header: readonly string[]
  readonly rows: () => readonly (readonly Cell[])[]
}

/** One thing to look at, with its title, what is special about it, and its CSV. */
export function Card({
  title,
  note,
  tools,
  csv,
  span,
  flush = false,
  children,
}: {
  readonly title: string
  readonly note?: ComponentChildren
  readonly tools?: ComponentChildren
  readonly csv?: CsvSource | undefined
  readonly span?: 3 | 4 | 5 | 6 | 7 | 8
  /** A table that reaches to the edges. */
  readonly flush?: boolean
  readonly children: ComponentChildren
}): JSX.Element {
  const id = useId()
  return (
    <section class={`card${span === undefined ? '' : ` span-${span}`}`} aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {note === undefined ? null : <span class="note">{note}</span>}
        <div class="tools">
          {tools}
          {csv === undefined ? null : <CsvButton {...csv} />}
        </div>
      </div>
      {flush ? (
        // Wide tables scroll inside their card: the region must be reachable by keyboard.
        <div class="card-body flush" tabIndex={0} role="group" aria-labelledby={id}>
          {children}
        </div>
      ) : (
        <div class="card-body">{children}</div>
      )}
    </section>
  )
}

function CsvButton({name, header, rows}: CsvSource): JSX.Element {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([toCsv(header, rows())], {type: 'text/csv'}))
    const anchor = document.createElement('a')
    anchor.href = url
    anchor.download = `${name}.csv`
    anchor.click()
    setTimeout(() => URL.revokeObjectURL(url), 1000)
  }
  return (
    <button class="button quiet" type="button" onClick={save} aria-label={`Save ${name} as CSV`}>
      CSV
    </button>
  )
}
