import {Fragment, type ComponentChildren, type JSX} from 'preact'

export interface Column<Row> {
  readonly title: string
  /** Tells columns of the same title apart. */
  readonly id?: string
  /** Numbers stand to the right. */
  readonly kind?: 'num' | 'fill' | 'text'
  /** Named after the content it is of; the second is that of the comparison. */
  readonly whose?: 'first' | 'second'
  /** Left out where there is little room. */
  readonly extra?: boolean
  readonly cell: (row: Row) => ComponentChildren
}

/** A table of rows. `below` may open a row to show more of it. */
export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  below,
}: {
  /** Read aloud, not shown: the card around it has a title. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string | number
  readonly below?: (row: Row) => ComponentChildren
}): JSX.Element {
  const classOf = (column: Column<Row>): string =>
    [
      column.kind ?? 'text',
      ...(column.extra === true ? ['extra'] : []),
      ...(column.whose === undefined ? [] : ['whose', column.whose]),
    ].join(' ')
  return (
    <table>
      <caption class="hidden-label">{caption}</caption>
      <thead>
        <tr>
          {columns.map(column => (
            <th key={column.id ?? column.title} scope="col" class={classOf(column)}>
              <bdi>{column.title}</bdi>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(row => {
          const more = below?.(row)
          return (
            <Fragment key={keyOf(row)}>
              <tr>
                {columns.map(column => (
                  <td key={column.id ?? column.title} class={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
              {more === undefined || more === null ? null : (
                <tr class="open">
                  <td colSpan={columns.length}>{more}</td>
                </tr>
              )}
            </Fragment>
          )
        })}
      </tbody>
    </table>
  )
}

/** Text before a bar that shows its share of the largest. */
export function BarCell({
  share,
  children,
}: {
  readonly share: number
  readonly children: ComponentChildren
}): JSX.Element {
  const width = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)) * 100
  return (
    <span class="bar-cell">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect width={width} height="10" rx="0.6" />
      </svg>
      <span class="clip">{children}</span>
    </span>
  )
}
