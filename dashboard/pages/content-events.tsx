/** The latest events of a content, as they arrive. */
import type {JSX} from 'preact'
import {useEffect, useRef} from 'preact/hooks'
import {formatRatio, formatSeconds, formatTime, shorten} from '../model/format.ts'
import type {AnswerOf} from '../../client/client.ts'
import {addressFor} from '../net/address.ts'
import {linkTo} from '../net/navigation.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {PauseButton, Reading, useHeld} from '../ui/held.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

const LIMIT = 20
/** At most this often the list is asked for again, however fast events come. */
const PACE_MS = 500

type Event = AnswerOf<'GET /v1/content/{id}/events'>['items'][number]
const NOTHING: readonly Event[] = []
const keyOf = (event: Event): string | number => event.event_id

export function LatestEvents({
  id,
  version,
  of,
}: {
  readonly id: string
  readonly version: number
  /** Whose they are, where there are two. */
  readonly of?: string | undefined
}): JSX.Element {
  const found = useResource(
    addressFor('GET /v1/content/{id}/events', {path: {id}, query: {limit: LIMIT}}),
    10_000,
  )
  const {loading} = found
  const reload = useRef(found.reload)
  reload.current = found.reload
  const asked = useRef({version, at: 0})
  useEffect(() => {
    // What is under way is waited for: asking anew would end it, and a slow list would never come.
    if (loading || asked.current.version === version) return undefined
    const waitMs = Math.max(0, asked.current.at + PACE_MS - Date.now())
    const timer = setTimeout(() => {
      asked.current = {version, at: Date.now()}
      reload.current()
    }, waitMs)
    return () => clearTimeout(timer)
  }, [version, loading])
  const list = useHeld({of: id, items: found.data?.items ?? NOTHING}, {keyOf})
  const {rows: items} = list
  return (
    <Card
      title="Latest events"
      note={`${of === undefined ? '' : `of ${shorten(of, 40)}, `}newest first, as they arrive`}
      tools={<PauseButton list={list} />}
      flush
      csv={{
        name: 'latest-events',
        header: [
          'event_id',
          'event_ts',
          'event_type',
          'user_id',
          'device',
          'engagement_seconds',
          'engagement_pct',
        ],
        rows: () =>
          items.map(e => [
            e.event_id,
            e.event_ts,
            e.event_type,
            e.user_id,
            e.device,
            e.engagement_seconds,
            e.engagement_pct,
          ]),
      }}
    >
      <Await from={found}>
        {() =>
          items.length === 0 ? (
            <Empty title="No events yet" />
          ) : (
            <Reading reader={list.reader}>
              <Table
                caption={of === undefined ? 'Latest events' : `Latest events of ${of}`}
                rows={items}
                keyOf={keyOf}
                columns={[
                  {
                    title: 'Event',
                    cell: row => (
                      <a
                        class="mono"
                        href={linkTo('pipeline', {trace: `engagement:${row.event_id}`})}
                      >
                        {row.event_id}
                      </a>
                    ),
                  },
                  {title: 'Time', cell: row => formatTime(row.event_ts)},
                  {title: 'Type', cell: row => row.event_type},
                  {
                    title: 'User',
                    cell: row => <span class="mono muted">{row.user_id?.slice(0, 8) ?? '–'}</span>,
                  },
                  {
                    title: 'Device',
                    cell: row =>
                      row.device === null ? (
                        <span class="muted">–</span>
                      ) : (
                        <bdi title={row.device}>{shorten(row.device, 32)}</bdi>
                      ),
                  },
                  {
                    title: 'Watched',
                    kind: 'num',
                    cell: row => formatSeconds(row.engagement_seconds),
                  },
                  {title: 'Share', kind: 'num', cell: row => formatRatio(row.engagement_pct)},
                ]}
              />
            </Reading>
          )
        }
      </Await>
    </Card>
  )
}
