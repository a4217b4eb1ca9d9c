import type {JSX} from 'preact'
import {joinItems, shareOf, totalOf, type Row} from '../model/breakdown.ts'
import {formatCount, formatRatio, formatSeconds, shorten} from '../model/format.ts'
import {RANGES, type RangeName} from '../model/ranges.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {BarCell, Table, type Column} from '../ui/table.tsx'
import type {Names} from './content-totals.tsx'

const REFRESH_MS = 5000
const NAME_MAX = 16

/** Events and their share; of two contents each under its name. */
function columnsOf(rows: readonly Row[], names: readonly string[]): readonly Column<Row>[] {
  return names.flatMap((name, at) => {
    const isOne = names.length === 1
    const total = totalOf(rows, at)
    const whose = isOne ? {} : {whose: at === 0 ? ('first' as const) : ('second' as const)}
    return [
      {
        id: `events ${at}`,
        title: isOne ? 'Events' : shorten(name, NAME_MAX),
        kind: 'num' as const,
        ...whose,
        cell: (row: Row) => formatCount(row.of[at]?.events ?? 0),
      },
      {
        id: `share ${at}`,
        title: 'Share',
        kind: 'num' as const,
        ...whose,
        cell: (row: Row) => formatRatio(shareOf(row, at, total)),
      },
    ]
  })
}

/** Events and time by device or by type, in the range chosen. */
export function BreakdownCard({
  ids,
  names,
  dimension,
  title,
  range,
}: {
  readonly ids: readonly string[]
  readonly names: Names
  readonly dimension: 'device' | 'event_type'
  readonly title: string
  readonly range: RangeName
}): JSX.Element {
  const of = (id: string | undefined) =>
    id === undefined
      ? undefined
      : addressFor('GET /v1/content/{id}/breakdowns/{dimension}', {
          path: {id, dimension},
          query: {period: range},
        })
  const found = useResource(of(ids[0]), REFRESH_MS)
  const other = useResource(of(ids[1]), REFRESH_MS)
  const lists = [found.data?.items ?? [], ...(ids.length > 1 ? [other.data?.items ?? []] : [])]
  const rows = joinItems(lists)
  const total = totalOf(rows, 0)
  const whose = names.slice(0, ids.length)
  const figures = (['events', 'engagement_seconds'] as const).flatMap(name =>
    lists.map((_, at) => ({name, at})),
  )
  return (
    <Card
      title={title}
      note={`${ids.length > 1 ? 'events, ' : ''}${RANGES[range].label}`}
      span={6}
      flush
      csv={{
        name: dimension,
        header: [
          dimension,
          ...figures.map(({name, at}) => (ids.length > 1 ? `${name} of ${names[at]}` : name)),
        ],
        rows: () =>
          rows.map(({value, of: all}) => [value, ...figures.map(({name, at}) => all[at]?.[name])]),
      }}
    >
      <Await from={found}>
        {() =>
          rows.length === 0 ? (
            <Empty title="Nothing in this range" />
          ) : (
            <Table
              caption={whose.length > 1 ? `${title} of ${whose.join(' and ')}` : title}
              rows={rows}
              keyOf={row => JSON.stringify(row.value)}
              columns={[
                {
                  title: title.replace(/s$/, ''),
                  kind: 'fill',
                  cell: row => (
                    <BarCell share={shareOf(row, 0, total) ?? 0}>
                      <bdi>{row.value ?? 'not given'}</bdi>
                    </BarCell>
                  ),
                },
                ...columnsOf(rows, whose),
                ...(whose.length > 1
                  ? []
                  : [
                      {
                        title: 'Time',
                        kind: 'num' as const,
                        cell: (row: Row) => formatSeconds(row.of[0]?.engagement_seconds),
                      },
                    ]),
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}
