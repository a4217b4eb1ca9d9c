/** All streams: how much came lately and ever, and what can be asked of each. */
import type {JSX} from 'preact'
import type {Cell} from '../model/csv.ts'
import {formatAgo, formatTime, NONE} from '../model/format.ts'
import {describeWindow, formatShort, type Figure} from '../model/figures.ts'
import {askedOfRange} from '../model/stream-ranges.ts'
import type {AnswerOf} from '../../client/client.ts'
import {addressFor} from '../net/address.ts'
import {linkTo} from '../net/navigation.ts'
import {request} from '../net/request.ts'
import type {Stream} from '../net/types.ts'
import {useResource, type Resource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {wholeOf} from './stream-look.ts'

const REFRESH_MS = 10_000
const DAY = '24h'
type Span = typeof DAY | 'ever'

/** What its events are counted by, in a line. */
const askedBy = ({rollups, top, active}: Stream): string =>
  [
    ...rollups.map(({by, columns}) => (columns.length === 0 ? 'whole' : by)),
    ...top.map(({by, seconds}) => `most ${by} of ${describeWindow(seconds)}`),
    ...active.map(({of, seconds}) => `active ${of} of ${describeWindow(seconds)}`),
  ].join(' · ')

/** The address of a stream's whole: undefined where it is not counted so. */
function wholeAddress(stream: Stream, span: Span) {
  const whole = wholeOf(stream)
  if (whole === undefined) return undefined
  const asked =
    span === 'ever' ? {} : askedOfRange(whole.levels, {range: span, zone: 'UTC'}, Date.now())
  // Of totals alone, or of days, 24 hours cannot be told.
  if (asked === undefined) return undefined
  return addressFor('GET /v1/streams/{stream}/metrics', {
    path: {stream: stream.stream},
    query: {by: whole.by, ...asked},
  })
}

/** What is counted first: as a rule, how many events there are. */
const firstOf = (stream: Stream, figures: Readonly<Record<string, Figure>> | undefined): Figure =>
  figures?.[wholeOf(stream)?.metrics[0] ?? '']

async function rowOf(stream: Stream): Promise<readonly Cell[]> {
  const ask = async (span: Span) => {
    const address = wholeAddress(stream, span)
    return address === undefined ? undefined : await request(address)
  }
  const [day, ever] = await Promise.all([ask(DAY), ask('ever')])
  return [
    stream.stream,
    stream.table,
    stream.topic,
    wholeOf(stream)?.metrics[0],
    firstOf(stream, day?.metrics),
    firstOf(stream, ever?.metrics),
    ever?.meta.newest_event_at,
    askedBy(stream),
  ]
}

export function StreamList({
  found,
}: {
  readonly found: Resource<AnswerOf<'GET /v1/streams'>>
}): JSX.Element {
  return (
    <Card
      title="Declared streams"
      note="tables whose changes are counted"
      flush
      csv={{
        name: 'streams',
        header: ['stream', 'table', 'topic', 'metric', 'day', 'total', 'newest_event_at', 'by'],
        rows: async () => await Promise.all((found.data?.items ?? []).map(rowOf)),
      }}
    >
      <Await from={found}>
        {({items}) =>
          items.length === 0 ? (
            <Empty title="No stream is declared">
              Declare a table in streams/, and it appears here.
            </Empty>
          ) : (
            <Table
              caption="Streams"
              rows={items}
              keyOf={({stream}) => stream}
              columns={[
                {
                  title: 'Stream',
                  kind: 'fill',
                  cell: ({stream, table, topic}) => (
                    <>
                      <a class="name" href={linkTo('streams', {stream})} title={stream}>
                        <bdi>{stream}</bdi>
                      </a>
                      <span class="clip small muted">
                        {table} → <bdi>{topic}</bdi>
                      </span>
                    </>
                  ),
                },
                {
                  title: 'Can be asked by',
                  kind: 'fill',
                  extra: true,
                  cell: stream => (
                    <span class="clip muted" title={askedBy(stream)}>
                      {askedBy(stream)}
                    </span>
                  ),
                },
                {
                  title: '24 hours',
                  kind: 'num',
                  cell: stream => <Count of={stream} span={DAY} />,
                },
                {title: 'All time', kind: 'num', cell: stream => <Count of={stream} span="ever" />},
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}

/** How many came, and of all time also when the newest did. */
function Count({of: stream, span}: {readonly of: Stream; readonly span: Span}): JSX.Element {
  const address = wholeAddress(stream, span)
  const {data, error} = useResource(address, REFRESH_MS)
  if (address === undefined) return <span class="muted">{NONE}</span>
  if (data === undefined) {
    return error === undefined ? (
      <span class="muted" role="status">
        …
      </span>
    ) : (
      <span class="tag bad" title={error.message}>
        no answer
      </span>
    )
  }
  const newest = data.meta.newest_event_at
  const [metric] = wholeOf(stream)!.metrics
  return (
    <>
      <span data-count={`${stream.stream} ${span}`} title={metric}>
        {formatShort(firstOf(stream, data.metrics))}
      </span>
      {span !== 'ever' || newest === null ? null : (
        <span class="line small muted" title={formatTime(newest)}>
          newest {formatAgo(Math.max(0, Date.now() - Date.parse(newest)))}
        </span>
      )}
      {data.meta.notes.length === 0 ? null : (
        <span class="tag warn" title={data.meta.notes.join('. ')}>
          incomplete
        </span>
      )}
    </>
  )
}
