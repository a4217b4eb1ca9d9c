/** What could not be published or applied: why, and what to do about it. */
import {Expander} from '../ui/expander.tsx'
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {formatCount, formatTime, shorten} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import {request, wordsOf} from '../net/request.ts'
import type {DeadLetter} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {
  DONE,
  filterOf,
  LetterBulk,
  LetterCounts,
  LetterFilterForm,
  STATES,
  type Verb,
} from './dead-letter-choice.tsx'

const LIMIT = 100

export function DeadLetters({nav}: {readonly nav: Navigation}): JSX.Element {
  const filter = filterOf(nav.values)
  const state = STATES.find(([name]) => name === nav.values['state'])?.[0] ?? 'open'
  const found = useResource(
    addressFor('GET /v1/admin/dead-letters', {query: {...filter, state, limit: LIMIT}}),
    3000,
  )
  const [outcome, setOutcome] = useState<
    {readonly text: string; readonly failed: boolean} | undefined
  >(undefined)
  const {items = [], groups = [], matching = 0} = found.data ?? {}
  const act = async (letter: DeadLetter, verb: Verb): Promise<void> => {
    const address = addressFor(`POST /v1/admin/dead-letters/{id}/${verb}`, {path: {id: letter.id}})
    try {
      await request(address, {method: 'POST'})
      setOutcome({text: `${letter.id} was ${DONE[verb]}.`, failed: false})
      found.reload()
    } catch (error) {
      const text = wordsOf(error)
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
      {groups.length === 0 ? null : <LetterCounts nav={nav} groups={groups} />}
      <LetterFilterForm nav={nav} groups={groups} />
      {state === 'open' ? (
        // Another choice begins anew: what was asked for one is not done with another.
        <LetterBulk
          key={JSON.stringify(filter)}
          filter={filter}
          open={matching}
          onChanged={found.reload}
        />
      ) : null}
      <Card
        title="Dead letters"
        note={`${
          matching > items.length && items.length > 0
            ? `the newest ${items.length} of ${formatCount(matching)} that match`
            : `${formatCount(matching)} match, newest first`
        }; re-driving publishes the present row again`}
        flush
        csv={{
          name: 'dead-letters',
          header: [
            'id',
            'origin',
            'topic',
            'key',
            'reason',
            'message',
            'failed_at',
            'resolution',
            'attempts',
          ],
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
              l.attempts,
            ]),
        }}
      >
        <Await from={found}>
          {({items: rows}) =>
            rows.length === 0 ? (
              <Empty title="No dead letters">
                {groups.length === 0
                  ? 'Everything committed could be published and applied.'
                  : 'None matches.'}
              </Empty>
            ) : (
              <LetterTable rows={rows} nav={nav} onAct={act} />
            )
          }
        </Await>
      </Card>
    </>
  )
}

type Act = (letter: DeadLetter, verb: Verb) => Promise<void>

function LetterTable({
  rows,
  nav,
  onAct,
}: {
  readonly rows: readonly DeadLetter[]
  readonly nav: Navigation
  readonly onAct: Act
}): JSX.Element {
  const {open} = nav.values
  return (
    <Table
      caption="Dead letters"
      rows={rows}
      keyOf={row => row.id}
      below={row => (row.id === open ? <Opened letter={row} onAct={onAct} /> : null)}
      columns={[
        {
          title: 'Id',
          cell: row => (
            <Expander id={row.id} nav={nav}>
              {row.id}
            </Expander>
          ),
        },
        {title: 'Failed', extra: true, cell: row => formatTime(row.failed_at)},
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
        {
          title: 'Next try',
          extra: true,
          cell: row => (row.next_try_at === null ? 'none' : formatTime(row.next_try_at)),
        },
      ]}
    />
  )
}

function Opened({letter, onAct}: {readonly letter: DeadLetter; readonly onAct: Act}): JSX.Element {
  const [sure, setSure] = useState<Verb | undefined>(undefined)
  const found = useResource(addressFor('GET /v1/admin/dead-letters/{id}', {path: {id: letter.id}}))
  return (
    <div class="details">
      <div>
        <h3>What could not be handled</h3>
        <Await from={found}>
          {({payload}) => (
            <pre>{typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2)}</pre>
          )}
        </Await>
      </div>
      <div>
        <h3>Why</h3>
        <p class="breaks">{letter.message}</p>
        <p class="muted small">
          {letter.origin === 'outbox'
            ? 'The relay could not publish it to'
            : 'The processor could not apply it from'}{' '}
          {letter.topic}, key <bdi>{letter.key ?? 'none'}</bdi>
          {letter.attempts === 0 ? '' : `; tried again ${letter.attempts} times by itself`}
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
