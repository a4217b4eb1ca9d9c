/** What a stream has now: the keys with the most of a metric, and how many are active. */
import type {JSX} from 'preact'
import {describeWindow, toNumber} from '../model/figures.ts'
import {formatCount} from '../model/format.ts'
import {formatKey, nameOfKey, type Key} from '../model/stream-key.ts'
import {KEY_MAX} from '../model/url-state.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Stream, StreamTop, StreamWindow} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Select} from '../ui/controls.tsx'
import {Await, Empty, Notes} from '../ui/states.tsx'
import {BarCell, Table} from '../ui/table.tsx'
import {FigureCell} from './stream-figures.tsx'
import {REFRESH_MS} from './stream-look.ts'

const LIMIT = 10

export function TopCard({
  stream,
  window,
  nav,
}: {
  readonly stream: Stream
  readonly window: StreamWindow
  readonly nav: Navigation
}): JSX.Element {
  const {by, seconds, metrics} = window
  const metric = metrics.find(name => name === nav.values['most']) ?? metrics[0] ?? ''
  const found = useResource(
    addressFor('GET /v1/streams/{stream}/top', {
      path: {stream: stream.stream},
      query: {by, metric, limit: LIMIT},
    }),
    REFRESH_MS,
  )
  // Its keys lead somewhere where they are counted for themselves.
  const rollup = stream.rollups.find(({columns}) => columns.length === 1 && columns[0] === by)
  return (
    <Card
      title={`Most by ${by}`}
      note={`last ${describeWindow(seconds)}`}
      span={8}
      flush
      tools={
        <Select
          label={`Metric of the most by ${by}`}
          hideLabel
          value={metric}
          options={metrics.map(name => [name, name] as const)}
          onChange={next => nav.set({most: next})}
        />
      }
      csv={csvOf(`top-${by}`, found.data)}
    >
      <Await from={found}>
        {top => (
          <>
            <Notes meta={top.meta} />
            <TopTable
              top={top}
              caption={`Most by ${by}`}
              empty={`Nothing came in the last ${describeWindow(seconds)}`}
              linkOf={key =>
                rollup && {stream: stream.stream, tab: 'keys', by: rollup.by, key: formatKey(key)}
              }
            />
          </>
        )}
      </Await>
    </Card>
  )
}

export const csvOf = (name: string, top: StreamTop | undefined) => ({
  name,
  header: ['rank', 'key', top?.metric ?? 'value'],
  rows: () =>
    (top?.items ?? []).map(({rank, key, value}) => [
      rank,
      key.length === 1 ? key[0] : formatKey(key),
      value,
    ]),
})

/** Keys by what they have of a metric; each leads to itself. */
export function TopTable({
  top: {items, metric},
  caption,
  empty,
  linkOf,
}: {
  readonly top: StreamTop
  readonly caption: string
  /** What is said when there is none. */
  readonly empty: string
  /** Undefined: it leads nowhere. */
  readonly linkOf: (key: Key) => Readonly<Record<string, string | undefined>> | undefined
}): JSX.Element {
  if (items.length === 0) return <Empty title={empty} />
  const sizeOf = ({value}: (typeof items)[number]): number => toNumber(value) ?? 0
  const most = items.reduce((max, one) => Math.max(max, sizeOf(one)), 0)
  return (
    <Table
      caption={caption}
      rows={items}
      keyOf={({rank}) => rank}
      columns={[
        {title: '#', cell: ({rank}) => <span class="muted">{rank}</span>},
        {
          title: 'Key',
          kind: 'fill',
          cell: one => {
            const name = nameOfKey(one.key)
            const values = linkOf(one.key)
            // Longer than an address may be: it can be read, and asked for through the API.
            const isLinked = values !== undefined && formatKey(one.key).length <= KEY_MAX
            return (
              <BarCell share={sizeOf(one) / most}>
                {isLinked ? (
                  <a class="clip" href={linkTo('streams', values)} title={name}>
                    <bdi>{name}</bdi>
                  </a>
                ) : (
                  <bdi title={name}>{name}</bdi>
                )}
              </BarCell>
            )
          },
        },
        {title: metric, id: 'value', kind: 'num', cell: one => <FigureCell figure={one.value} />},
      ]}
    />
  )
}

/** How many distinct values came lately. */
export function ActiveCard({stream: {stream}}: {readonly stream: Stream}): JSX.Element {
  const found = useResource(
    addressFor('GET /v1/streams/{stream}/active', {path: {stream}}),
    REFRESH_MS,
  )
  return (
    <Card
      title="Active now"
      span={4}
      csv={{
        name: `active-${stream}`,
        header: ['of', 'window_seconds', 'active'],
        rows: () =>
          [found.data].flatMap(data =>
            data === undefined ? [] : [[data.of, data.window_seconds, data.active]],
          ),
      }}
    >
      <Await from={found} lines={1}>
        {data => (
          <>
            <p class="figure">
              <span data-figure="active">{formatCount(data.active)}</span>
              <small>
                <bdi>{data.of}</bdi> in {describeWindow(data.window_seconds)}
              </small>
            </p>
            <Notes meta={data.meta} />
          </>
        )}
      </Await>
    </Card>
  )
}
