/** Records of a topic by offset, time or key, newest first or live; decoded, with the raw bytes. */
import {Expander} from '../ui/expander.tsx'
import type {JSX} from 'preact'
import {useMemo} from 'preact/hooks'
import {formatBytes, formatTime, shorten} from '../model/format.ts'
import {readInstant, toField, toInstant} from '../model/instant.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import type {Message} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Choice, Form, Select, TextField} from '../ui/controls.tsx'
import {PauseButton, Reading, useHeld} from '../ui/held.tsx'
import {Await, Empty, PollSign} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {idOf, MessageDetails, useOpenMessage} from './inspector-message.tsx'

/** An event shows within a second of its commit, of which the relay takes its part. */
const LIVE_MS = 300
const LIMIT = 50
const NOTHING: readonly Message[] = []

const ORDERS = [
  ['live', 'Live'],
  ['newest', 'Newest'],
  ['oldest', 'Oldest'],
] as const
type Order = (typeof ORDERS)[number][0]

const toNumber = (text: string | undefined): number | undefined =>
  text === undefined || text === '' ? undefined : Number(text)

export function Messages({
  topic,
  nav,
}: {
  readonly topic: string
  readonly nav: Navigation
}): JSX.Element {
  const {partition, offset, since, key, open} = nav.values
  const searches = offset !== undefined || since !== undefined
  const order: Order = searches
    ? 'oldest'
    : (ORDERS.find(([name]) => name === nav.values['order'])?.[0] ?? 'live')
  const address = addressFor('GET /v1/admin/topics/{topic}/messages', {
    path: {topic},
    query: {
      partition: toNumber(partition),
      offset: toNumber(offset),
      since: readInstant(since),
      key,
      order: order === 'oldest' ? 'oldest' : 'newest',
      limit: LIMIT,
    },
  })
  const isLive = order === 'live'
  const found = useResource(address, isLive ? LIVE_MS : undefined)
  const list = useHeld(
    {of: address, items: found.data?.items ?? NOTHING},
    {keyOf: idOf, opened: isLive ? open : undefined},
  )
  const opened = useOpenMessage(topic, open, found.data === undefined ? undefined : list.rows)
  const items = useMemo(() => withOpened(list.rows, opened.message), [list.rows, opened.message])
  // Asked several times a second, and most answers are the one before.
  const table = useMemo(
    () => <MessageTable rows={items} open={open} nav={nav} />,
    [items, open, nav],
  )
  const partitions = found.data?.partitions ?? []
  return (
    <>
      <Form
        label="Find messages"
        onSubmit={fields =>
          nav.set({
            offset: fields['offset'],
            since: toInstant(fields['since']),
            key: fields['key'],
            open: undefined,
          })
        }
      >
        <Select
          label="Partition"
          value={partition ?? ''}
          options={[
            ['', 'all'],
            ...partitions.map(({partition: n}) => [String(n), String(n)] as const),
          ]}
          onChange={next => nav.set({partition: next, open: undefined})}
        />
        <TextField label="From offset" name="offset" type="number" value={offset} />
        <TextField label="From time" name="since" type="datetime-local" value={toField(since)} />
        <TextField wide label="Key" name="key" value={key} placeholder="Exactly this key" />
        <button class="button" type="submit">
          Find
        </button>
      </Form>
      <Card
        title="Messages"
        note={
          found.data?.incomplete === true
            ? 'the search by key stopped before it saw everything'
            : undefined
        }
        flush
        tools={
          <>
            {isLive ? (
              <>
                <PollSign of={found} />
                <PauseButton list={list} />
              </>
            ) : null}
            {searches ? null : (
              <Choice
                label="Order"
                options={ORDERS}
                value={order}
                onChange={next => nav.set({order: next})}
              />
            )}
          </>
        }
        csv={{
          name: topic,
          header: ['partition', 'offset', 'timestamp', 'key', 'schema_id', 'value'],
          rows: () =>
            items.map(m => [
              m.partition,
              m.offset,
              m.timestamp,
              m.key,
              m.schema_id,
              JSON.stringify(m.value),
            ]),
        }}
      >
        {opened.problem === undefined ? null : (
          <p class="notice" role="status">
            {opened.problem}
          </p>
        )}
        <Await from={found}>
          {() =>
            items.length === 0 ? (
              <Empty title="No message here">
                {key === undefined && !searches
                  ? 'They show as they are published.'
                  : 'Nothing matches the search.'}
              </Empty>
            ) : isLive ? (
              <Reading reader={list.reader}>{table}</Reading>
            ) : (
              table
            )
          }
        </Await>
      </Card>
    </>
  )
}

/** The record that is open stays in sight, on top, when it is none of those that show. */
const withOpened = (rows: readonly Message[], opened: Message | undefined): readonly Message[] =>
  opened === undefined || rows.some(row => idOf(row) === idOf(opened)) ? rows : [opened, ...rows]

function MessageTable({
  rows,
  open,
  nav,
}: {
  readonly rows: readonly Message[]
  readonly open: string | undefined
  readonly nav: Navigation
}): JSX.Element {
  return (
    <Table
      caption="Messages"
      rows={rows}
      keyOf={idOf}
      below={row => (idOf(row) === open ? <MessageDetails message={row} /> : null)}
      columns={[
        {
          title: 'Offset',
          cell: row => (
            <Expander id={idOf(row)} nav={nav}>
              <span class="hidden-label">Partition and offset </span>
              {row.partition} / {row.offset}
            </Expander>
          ),
        },
        {title: 'Time', cell: row => formatTime(row.timestamp, {milliseconds: true})},
        {
          title: 'Key',
          extra: true,
          cell: row =>
            row.key === null ? (
              <span class="muted">none</span>
            ) : (
              <bdi class="mono" title={row.key}>
                {shorten(row.key, 13)}
              </bdi>
            ),
        },
        {
          title: 'Value',
          kind: 'fill',
          cell: row =>
            row.error === null ? (
              <span class="clip mono">
                <bdi>{shorten(row.value === null ? 'null' : JSON.stringify(row.value), 400)}</bdi>
              </span>
            ) : (
              <span class="clip" title={row.error}>
                <span class="tag bad">not decoded</span> {shorten(row.error, 120)}
              </span>
            ),
        },
        {title: 'Schema', kind: 'num', extra: true, cell: row => row.schema_id ?? '–'},
        {title: 'Size', kind: 'num', extra: true, cell: row => formatBytes(row.value_bytes)},
      ]}
    />
  )
}
