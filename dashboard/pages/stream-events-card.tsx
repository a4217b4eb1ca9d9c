/** Events of one key, newest first; each opens with all of its columns. */
import {Expander} from '../ui/expander.tsx'
import type {JSX} from 'preact'
import {useRef} from 'preact/hooks'
import {formatTime, shorten} from '../model/format.ts'
import {readInstant} from '../model/instant.ts'
import {columnsOf, formatValue, idOf, listedColumns, toCell} from '../model/stream-events.ts'
import {formatKey, nameOfPart, toKeyText, type KeyPart} from '../model/stream-key.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import type {Stream, StreamEvent} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {PauseButton, Reading, useHeld} from '../ui/held.tsx'
import {Await, Empty, Notes, PollSign} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {EventDetails} from './stream-event.tsx'

const LIMIT = 50
const EXCERPT = 20
const REFRESH_MS = 2000
/** Columns beside id and time. */
const COLUMNS_MAX = 4
const NOTHING: readonly StreamEvent[] = []

interface CardProps {
  readonly stream: Stream
  readonly nav: Navigation
  /** The value of the key of the stream. */
  readonly part: KeyPart
  /** The newest of them, beside other things. */
  readonly isExcerpt?: boolean
}

/** Events of a key, held still while they are read, and the one that is open among them. */
function useEvents({stream, nav, part, isExcerpt = false}: CardProps) {
  const {open, cursor, from, to} = nav.values
  const filters = isExcerpt
    ? {limit: EXCERPT}
    : {limit: LIMIT, from: readInstant(from), to: readInstant(to), cursor}
  const address = addressFor('GET /v1/streams/{stream}/events', {
    path: {stream: stream.stream},
    query: {key: toKeyText(part), ...filters},
  })
  // What is over does not become more.
  const isLive = isExcerpt || (cursor === undefined && to === undefined)
  const found = useResource(address, isLive ? REFRESH_MS : undefined)
  const keyOf = (event: StreamEvent): string => idOf(event, stream.id)
  const list = useHeld(
    {of: address, items: found.data?.items ?? NOTHING},
    {keyOf, opened: isLive ? open : undefined},
  )
  const {event, problem} = useOpenEvent(
    stream,
    open,
    found.data === undefined ? undefined : list.rows,
  )
  const isAmong = event === undefined || list.rows.some(row => keyOf(row) === open)
  return {found, list, problem, isLive, rows: isAmong ? list.rows : [event, ...list.rows]}
}

export function EventsCard(props: CardProps): JSX.Element {
  const {stream, nav, part, isExcerpt = false} = props
  const {found, list, problem, isLive, rows} = useEvents(props)
  const columns = columnsOf(rows)
  return (
    <Card
      title={isExcerpt ? 'Newest events' : 'Events'}
      note={`of ${stream.key} ${shorten(nameOfPart(part), 40)}, newest first`}
      flush
      tools={
        isLive ? (
          <>
            <PollSign of={found} />
            <PauseButton list={list} />
          </>
        ) : undefined
      }
      csv={{
        name: `events-${stream.stream}`,
        header: columns,
        rows: () => rows.map(row => columns.map(name => toCell(row[name]))),
      }}
    >
      {problem === undefined ? null : (
        <p class="notice" role="status">
          {problem}
        </p>
      )}
      <Notes meta={found.data?.meta} />
      <Await from={found}>
        {({page}) => (
          <>
            {rows.length === 0 ? (
              <Empty title="No events here">
                {isLive ? 'They show as they are committed.' : 'None in this stretch of time.'}
              </Empty>
            ) : (
              <Reading reader={list.reader}>
                <EventTable {...{stream, rows, nav}} />
              </Reading>
            )}
            <More {...{stream, nav, part, isExcerpt}} cursor={page.next_cursor} />
          </>
        )}
      </Await>
    </Card>
  )
}

/** The way to those that do not show. */
function More({
  stream: {stream},
  nav,
  part,
  isExcerpt = false,
  cursor,
}: CardProps & {readonly cursor: string | null}): JSX.Element | null {
  if (!isExcerpt && cursor === null) return null
  return (
    <p class="inset">
      {isExcerpt ? (
        <a href={linkTo('streams', {stream, tab: 'events', key: formatKey([part])})}>All of them</a>
      ) : (
        <a href={nav.link({cursor: cursor ?? undefined, open: undefined})}>Older</a>
      )}
    </p>
  )
}

/** The event that is open: one of those that show, the same as it was among them, or asked for by itself. */
function useOpenEvent(
  stream: Stream,
  open: string | undefined,
  rows: readonly StreamEvent[] | undefined,
): {readonly event: StreamEvent | undefined; readonly problem: string | undefined} {
  const known = useRef<StreamEvent | undefined>(undefined)
  const isIt = (event: StreamEvent): boolean => idOf(event, stream.id) === open
  known.current = rows?.find(isIt) ?? known.current
  const kept = known.current !== undefined && isIt(known.current) ? known.current : undefined
  const found = useResource(
    // Once the others have come, it may be one of them.
    rows === undefined || kept !== undefined || open === undefined
      ? undefined
      : addressFor('GET /v1/streams/{stream}/events/{id}', {
          path: {stream: stream.stream, id: open},
        }),
  )
  return {event: kept ?? found.data?.event, problem: found.error?.message}
}

function EventTable({
  stream,
  rows,
  nav,
}: Pick<CardProps, 'stream' | 'nav'> & {readonly rows: readonly StreamEvent[]}): JSX.Element {
  const {open} = nav.values
  const {id, time} = stream
  const names = listedColumns(rows, {shown: [id, time, stream.key], most: COLUMNS_MAX})
  const keyOf = (row: StreamEvent): string => idOf(row, id)
  return (
    <Table
      caption={`Events of ${stream.stream}`}
      rows={rows}
      keyOf={keyOf}
      below={row => (keyOf(row) === open ? <EventDetails stream={stream} event={row} /> : null)}
      columns={[
        {
          title: id,
          id: 'id',
          cell: row => (
            <Expander id={keyOf(row)} nav={nav}>
              <span class="hidden-label">Event </span>
              <bdi>{shorten(keyOf(row), 24)}</bdi>
            </Expander>
          ),
        },
        ...(time === null
          ? []
          : [
              {
                title: time,
                id: 'time',
                cell: (row: StreamEvent) => formatTime(row[time] as string | null),
              },
            ]),
        ...names.map((name, at) => ({
          title: shorten(name, 24),
          id: `column ${name}`,
          extra: at > 1,
          ...(rows.some(row => typeof row[name] === 'number') ? {kind: 'num' as const} : {}),
          cell: (row: StreamEvent) => {
            const text = formatValue(row[name])
            return <bdi title={shorten(text, 1000)}>{shorten(text, 32)}</bdi>
          },
        })),
      ]}
    />
  )
}
