/** Channels of alerts: where messages go, how they stand, and what was given up. For administrators. */
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {standingOfChannel} from '../model/alerts.ts'
import {formatCount, formatTime} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {request, wordsOf} from '../net/request.ts'
import type {AlertChannel, AlertDelivery} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Form, Select, TextField} from '../ui/controls.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

const REFRESH_MS = 3000

interface Outcome {
  readonly text: string
  readonly failed: boolean
  /** Shown once, to be copied. */
  readonly secret?: string
}

/** Does something and says how it went. @returns nothing: failures are said, too */
type Attempt = (work: () => Promise<Omit<Outcome, 'failed'>>) => Promise<void>

export function AlertChannels(): JSX.Element {
  const channels = useResource(addressFor('GET /v1/alerts/channels'), REFRESH_MS)
  const letters = useResource(
    addressFor('GET /v1/alerts/deliveries', {query: {state: 'dead'}}),
    REFRESH_MS,
  )
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined)
  const attempt: Attempt = async work => {
    try {
      setOutcome({...(await work()), failed: false})
      channels.reload()
      letters.reload()
    } catch (error) {
      setOutcome({
        text: wordsOf(error),
        failed: true,
      })
    }
  }
  return (
    <>
      {outcome === undefined ? null : (
        <p class={`notice${outcome.failed ? ' bad' : ''}`} role="status">
          <span class="breaks">{outcome.text}</span>
          {outcome.secret === undefined ? null : <code class="breaks">{outcome.secret}</code>}
        </p>
      )}
      <Card title="New channel" note="rules name it; the secret of a webhook is shown once">
        <ChannelForm onAttempt={attempt} />
      </Card>
      <Card
        title="Channels"
        note="whom rules tell"
        flush
        csv={{
          name: 'alert-channels',
          header: ['name', 'kind', 'address', 'waiting', 'dead', 'failures', 'retry_at'],
          rows: () =>
            (channels.data?.items ?? []).map(one => [
              one.name,
              one.kind,
              one.address,
              one.waiting,
              one.dead,
              one.failures,
              one.retry_at,
            ]),
        }}
      >
        <Await from={channels}>
          {({items}) =>
            items.length === 0 ? (
              <Empty title="No channels yet">Say above where alerts are to be sent.</Empty>
            ) : (
              <ChannelTable rows={items} onAttempt={attempt} />
            )
          }
        </Await>
      </Card>
      {letters.data?.items.length === 0 ? null : (
        <Card
          title="Given up"
          note="messages that were not taken, the newest first"
          flush
          csv={{
            name: 'alert-dead-letters',
            header: ['id', 'channel', 'message_id', 'attempts', 'queued_at', 'error'],
            rows: () =>
              (letters.data?.items ?? []).map(one => [
                one.id,
                one.channel,
                one.message_id,
                one.attempts,
                one.queued_at,
                one.error,
              ]),
          }}
        >
          <Await from={letters}>
            {({items}) => <LetterTable rows={items} onAttempt={attempt} />}
          </Await>
        </Card>
      )}
    </>
  )
}

const KIND_OPTIONS = [
  ['webhook', 'Webhook'],
  ['mail', 'Mail'],
] as const

function ChannelForm({onAttempt}: {readonly onAttempt: Attempt}): JSX.Element {
  const [kind, setKind] = useState<'webhook' | 'mail'>('webhook')
  const save = async (fields: Readonly<Record<string, string>>): Promise<void> =>
    await onAttempt(async () => {
      const {name = '', address = ''} = fields
      const made = await request(addressFor('POST /v1/alerts/channels'), {
        method: 'POST',
        body: {name, kind, address},
      })
      return made.secret === null
        ? {text: `${name} is there.`}
        : {
            text: `${name} is there. Its secret, which is not shown again: `,
            secret: made.secret,
          }
    })
  return (
    <Form label="New channel" onSubmit={fields => void save(fields)}>
      <TextField label="Name" name="name" max={100} placeholder="pager" required />
      <Select label="Kind" value={kind} options={KIND_OPTIONS} onChange={setKind} />
      <TextField
        label={kind === 'mail' ? 'Address of mail' : 'URL'}
        name="address"
        max={2000}
        placeholder={kind === 'mail' ? 'operators@example.com' : 'https://example.com/alerts'}
        wide
        required
      />
      <button class="button primary" type="submit">
        Make
      </button>
    </Form>
  )
}

interface Acting {
  readonly onAttempt: Attempt
}

function ChannelTable({
  rows,
  onAttempt,
}: Acting & {readonly rows: readonly AlertChannel[]}): JSX.Element {
  const [sure, setSure] = useState<string | undefined>(undefined)
  const remove = (name: string) => async () => {
    const address = addressFor('DELETE /v1/alerts/channels/{name}', {path: {name}})
    await request(address, {method: 'DELETE'})
    setSure(undefined)
    return {text: `${name} is deleted, with what waited for it.`}
  }
  return (
    <Table
      caption="Channels"
      rows={rows}
      keyOf={row => row.name}
      columns={[
        {
          title: 'Channel',
          kind: 'fill',
          cell: row => (
            <>
              {row.name}
              <span class="clip small muted" title={row.address}>
                {row.address}
              </span>
            </>
          ),
        },
        {title: 'Kind', extra: true, cell: row => row.kind},
        {title: 'Wait', kind: 'num', cell: row => formatCount(row.waiting)},
        {title: 'Given up', kind: 'num', cell: row => formatCount(row.dead)},
        {
          title: 'State',
          cell: row => {
            const {word, tone, why} = standingOfChannel(row)
            return (
              <span class={`tag ${tone}`} title={why}>
                {word}
              </span>
            )
          },
        },
        {
          title: 'Action',
          cell: row => (
            <button
              class="button quiet"
              type="button"
              onClick={() =>
                sure === row.name ? void onAttempt(remove(row.name)) : setSure(row.name)
              }
            >
              {sure === row.name ? 'Delete for good' : 'Delete'}
            </button>
          ),
        },
      ]}
    />
  )
}

const VERBS = {redrive: 'Send again', discard: 'Discard'} as const
const DONE = {redrive: 'waits to be sent again.', discard: 'needs nothing more.'} as const
type Verb = keyof typeof VERBS

function LetterTable({
  rows,
  onAttempt,
}: Acting & {readonly rows: readonly AlertDelivery[]}): JSX.Element {
  const act =
    ({id, message_id: name}: AlertDelivery, verb: Verb) =>
    async () => {
      const address = addressFor(`POST /v1/alerts/deliveries/{id}/${verb}`, {path: {id}})
      await request<unknown>(address, {method: 'POST'})
      return {text: `${name} ${DONE[verb]}`}
    }
  return (
    <Table
      caption="Messages that were given up"
      rows={rows}
      keyOf={row => row.id}
      columns={[
        {title: 'Channel', cell: row => row.channel},
        {
          title: 'Message',
          kind: 'fill',
          cell: row => (
            <>
              {row.message_id}
              <span class="clip small muted" title={row.error ?? ''}>
                {row.error}
              </span>
            </>
          ),
        },
        {title: 'Tries', kind: 'num', extra: true, cell: row => formatCount(row.attempts)},
        {title: 'Queued', extra: true, cell: row => formatTime(row.queued_at)},
        {
          title: 'Action',
          cell: row =>
            (Object.keys(VERBS) as readonly Verb[]).map(verb => (
              <button
                key={verb}
                class="button quiet"
                type="button"
                onClick={() => void onAttempt(act(row, verb))}
              >
                {VERBS[verb]}
              </button>
            )),
        },
      ]}
    />
  )
}
