/** A row by the values of one of its splits, in the range chosen. */
import type {JSX} from 'preact'
import {toNumber, type Figures} from '../model/figures.ts'
import {addressFor} from '../net/address.ts'
import {useResource} from '../net/use-resource.ts'
import {nameOfPart} from '../model/stream-key.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {BarCell, Table} from '../ui/table.tsx'
import {FigureCell} from './stream-figures.tsx'
import {askedOf, periodOf, REFRESH_MS, wordsOf, type Look, type Row} from './stream-look.ts'

/** As the API calls what has no place of its own. */
const OTHERS = '(other)'

export function StreamBreakdown({
  row,
  split,
  look,
  metric = row.rollup.metrics[0],
}: {
  readonly row: Row
  readonly split: string
  readonly look: Look
  readonly metric: string | undefined
}): JSX.Element {
  const {metrics} = row.rollup
  const {path, query} = askedOf(row)
  const found = useResource(
    addressFor('GET /v1/streams/{stream}/breakdown/{dimension}', {
      path: {...path, dimension: split},
      query: {...query, ...periodOf(row.rollup, look)},
    }),
    REFRESH_MS,
  )
  // What is looked at, and beside it what is counted first: as a rule, how many there are.
  const shown = [...new Set([metric, metrics[0]])].filter(name => name !== undefined)
  const sizeOf = (figures: Figures): number => toNumber(figures[shown[0] ?? '']) ?? 0
  const items = (found.data?.items ?? []).toSorted((a, b) => sizeOf(b.metrics) - sizeOf(a.metrics))
  const most = items.reduce((max, one) => Math.max(max, sizeOf(one.metrics)), 0)
  return (
    <Card
      title={split}
      note={wordsOf(look)}
      span={6}
      flush
      csv={{
        name: split,
        header: [split, ...metrics],
        rows: () => items.map(one => [one.value, ...metrics.map(name => one.metrics[name])]),
      }}
    >
      <Await from={found}>
        {() =>
          items.length === 0 ? (
            <Empty title="Nothing in this range" />
          ) : (
            <Table
              caption={`By ${split}`}
              rows={items}
              keyOf={one => JSON.stringify(one.value)}
              columns={[
                {
                  title: split,
                  id: 'value',
                  kind: 'fill',
                  cell: ({value, metrics: figures}) => (
                    <BarCell share={sizeOf(figures) / most}>
                      <bdi
                        title={value === OTHERS ? 'values without a place of their own' : undefined}
                      >
                        {nameOfPart(value)}
                      </bdi>
                    </BarCell>
                  ),
                },
                ...shown.map(name => ({
                  title: name,
                  id: `metric ${name}`,
                  kind: 'num' as const,
                  cell: ({metrics: figures}: (typeof items)[number]) => (
                    <FigureCell figure={figures[name]} />
                  ),
                })),
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}
