import type {ComponentChildren, JSX} from 'preact'
import {useId, useState} from 'preact/hooks'
import {toCsv, type Cell} from '../model/csv.ts'
import {SaveIcon} from './icons.tsx'

type Rows = readonly (readonly Cell[])[]

export interface CsvSource {
  readonly name: string
  readonly header: readonly string[]
  /** Also those that are not shown, where a list has more pages. */
  readonly rows: () => Rows | Promise<Rows>
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

function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], {type: 'text/csv'}))
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = name
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}

function CsvButton({name, header, rows}: CsvSource): JSX.Element {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      saveFile(`${name}.csv`, toCsv(header, await rows()))
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      {problem === undefined ? null : (
        <span class="tag bad" role="alert">
          not saved: {problem}
        </span>
      )}
      <button
        class="button quiet icon"
        type="button"
        title="Save as CSV"
        aria-label={`Save ${name} as CSV`}
        aria-busy={isBusy}
        onClick={() => {
          if (!isBusy) void save()
        }}
      >
        <SaveIcon />
      </button>
    </>
  )
}
