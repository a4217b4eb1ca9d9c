/** What could not be published or applied: why, and what to do about it. */
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {formatTime, shorten} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import {request, RequestError} from '../net/request.ts'
import type {DeadLetter} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

type Verb = 'redrive' | 'discard'

export function DeadLetters({nav}: {readonly nav: Navigation}): JSX.Element {
  const {open} = nav.values
  const found = useResource(addressFor('GET /v1/admin/dead-letters', {query: {limit: 100}}), 3000)
  const [outcome, setOutcome] = useState<
    {readonly text: string; readonly failed: boolean} | undefined
  >(undefined)
  const items = found.data?.items ?? []
  const act = async (letter: DeadLetter, verb: Verb): Promise<void> => {
    const address = addressFor(`POST /v1/admin/dead-letters/{id}/${verb}`, {path: {id: letter.id}})
    try {
      await request(address, {method: 'POST'})
      const done = verb === 'redrive' ? 're-driven' : 'discarded'
      setOutcome({text: `${letter.id} was ${done}.`, failed: false})
      found.reload()
    } catch (error) {
      const text = error instanceof RequestError ? error.message : String(error)
      setOutcome({text, failed: true})
    }
  }
  return (
    <>
      {outcome === undefined ? null : (
        <p class={`notice${outcome.failed ? ' bad' : ''}`} role="status">
          {outcome.text}
        </p>
      )}
      <Card
        title="Dead letters"
        note="newest first; re-driving publishes the present row again"
        flush
        csv={{
          name: 'dead-letters',
          header: ['id', 'origin', 'topic', 'key', 'reason', 'message', 'failed_at', 'resolution'],
          rows: () =>
            items.map(l => [
              l.id,
              l.origin,
              l.topic,
              l.key,
              l.reason,
              l.message,
              l.failed_at,
              l.resolution,
            ]),
        }}
      >
        <Await from={found}>
          {({items: rows}) =>
            rows.length === 0 ? (
              <Empty title="No dead letters">
                Everything committed could be published and applied.
              </Empty>
            ) : (
              <Table
                caption="Dead letters"
                rows={rows}
                keyOf={row => row.id}
                below={row => (row.id === open ? <Opened letter={row} onAct={act} /> : null)}
                columns={[
                  {
                    title: 'Id',
                    cell: row => (
                      <button
                        class="expander"
                        type="button"
                        aria-expanded={row.id === open}
                        onClick={() => nav.set({open: row.id === open ? undefined : row.id})}
                      >
                        {row.id}
                      </button>
                    ),
                  },
                  {title: 'Failed', cell: row => formatTime(row.failed_at)},
                  {title: 'Reason', cell: row => <span class="tag warn">{row.reason}</span>},
                  {
                    title: 'Message',
                    kind: 'fill',
                    cell: row => (
                      <span class="clip" dir="auto" title={row.message}>
                        {shorten(row.message, 300)}
                      </span>
                    ),
                  },
                  {title: 'State', cell: row => row.resolution ?? 'open'},
                ]}
              />
            )
          }
        </Await>
      </Card>
    </>
  )
}

function Opened({
  letter,
  onAct,
}: {
  readonly letter: DeadLetter
  readonly onAct: (letter: DeadLetter, verb: Verb) => Promise<void>
}): JSX.Element {
  const [sure, setSure] = useState<Verb | undefined>(undefined)
  return (
    <div class="details">
      <div>
        <h3>What could not be handled</h3>
        <pre>
          {typeof letter.payload === 'string'
            ? letter.payload
            : JSON.stringify(letter.payload, null, 2)}
        </pre>
      </div>
      <div>
        <h3>Why</h3>
        <p class="breaks">{letter.message}</p>
        <p class="muted small">
          {letter.origin === 'outbox'
            ? 'The relay could not publish it to'
            : 'The processor could not apply it from'}{' '}
          {letter.topic}, key <bdi>{letter.key ?? 'none'}</bdi>
        </p>
        {letter.resolution === null ? (
          <p class="row actions">
            {sure === undefined ? (
              <>
                <button class="button primary" type="button" onClick={() => setSure('redrive')}>
                  Re-drive
                </button>
                <button class="button" type="button" onClick={() => setSure('discard')}>
                  Discard
                </button>
              </>
            ) : (
              <>
                <button
                  class="button primary"
                  type="button"
                  onClick={() => void onAct(letter, sure)}
                >
                  {sure === 'redrive' ? 'Publish it again' : 'Discard for good'}
                </button>
                <button class="button" type="button" onClick={() => setSure(undefined)}>
                  Not now
                </button>
              </>
            )}
          </p>
        ) : null}
      </div>
    </div>
  )
}
