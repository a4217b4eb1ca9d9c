/** Which dead letters are meant, how many those are, and what to do with all of them. */
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {formatCount} from '../model/format.ts'
import {readInstant, toField, toInstant} from '../model/instant.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import {request, wordsOf} from '../net/request.ts'
import type {DeadLetterGroup} from '../net/types.ts'
import {Card} from '../ui/card.tsx'
import {Choice, Form, Select, TextField} from '../ui/controls.tsx'
import {Table} from '../ui/table.tsx'

export type Verb = 'redrive' | 'discard'
export const DONE = {redrive: 're-driven', discard: 'discarded'} as const
export const STATES = [
  ['open', 'Open'],
  ['resolved', 'Resolved'],
  ['all', 'All'],
] as const

/** The filter as the API takes it; what is not set is left out. */
export interface LetterFilter {
  readonly topic?: string
  readonly reason?: string
  readonly from?: string
  readonly to?: string
}

/** `of` is the topic: `topic` in the address opens its page. */
export function filterOf({of, reason, from, to}: Navigation['values']): LetterFilter {
  const found = {topic: of, reason, from: readInstant(from), to: readInstant(to)}
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

export function LetterFilterForm({
  nav,
  groups,
}: {
  readonly nav: Navigation
  readonly groups: readonly DeadLetterGroup[]
}): JSX.Element {
  const {of = '', reason = '', from, to} = nav.values
  const options = (chosen: string, all: readonly string[]) =>
    [...new Set(['', ...all, chosen])].map(name => [name, name === '' ? 'all' : name] as const)
  return (
    <Form
      label="Find dead letters"
      onSubmit={fields =>
        nav.set({from: toInstant(fields['from']), to: toInstant(fields['to']), open: undefined})
      }
    >
      <Select
        label="Topic"
        value={of}
        options={options(
          of,
          groups.map(({topic}) => topic),
        )}
        onChange={next => nav.set({of: next, open: undefined})}
      />
      <Select
        label="Reason"
        value={reason}
        options={options(
          reason,
          groups.map(group => group.reason),
        )}
        onChange={next => nav.set({reason: next, open: undefined})}
      />
      <TextField label="From" name="from" type="datetime-local" value={toField(from)} />
      <TextField label="To" name="to" type="datetime-local" value={toField(to)} />
      <button class="button" type="submit">
        Find
      </button>
      <Choice
        label="State"
        options={STATES}
        value={STATES.find(([name]) => name === nav.values['state'])?.[0] ?? 'open'}
        onChange={next => nav.set({state: next === 'open' ? undefined : next, open: undefined})}
      />
    </Form>
  )
}

export function LetterCounts({
  nav,
  groups,
}: {
  readonly nav: Navigation
  readonly groups: readonly DeadLetterGroup[]
}): JSX.Element {
  return (
    <Card
      title="By topic and reason"
      flush
      csv={{
        name: 'dead-letters-by-reason',
        header: ['topic', 'reason', 'origin', 'open', 'resolved'],
        rows: () => groups.map(g => [g.topic, g.reason, g.origin, g.open, g.resolved]),
      }}
    >
      <Table
        caption="Dead letters by topic and reason"
        rows={groups}
        keyOf={({origin, topic, reason}) => `${origin} ${topic} ${reason}`}
        columns={[
          {
            title: 'Topic',
            kind: 'fill',
            cell: ({topic, reason}) => (
              <a href={nav.link({of: topic, reason, open: undefined})}>{topic}</a>
            ),
          },
          {title: 'Reason', cell: ({reason}) => <span class="tag warn">{reason}</span>},
          {title: 'By', cell: ({origin}) => (origin === 'outbox' ? 'relay' : 'processor')},
          {title: 'Open', kind: 'num', cell: ({open}) => formatCount(open)},
          {title: 'Resolved', kind: 'num', cell: ({resolved}) => formatCount(resolved)},
        ]}
      />
    </Card>
  )
}

interface Run {
  readonly verb: Verb
  readonly total: number
  readonly resolved: number
  readonly failed: readonly {readonly id: string; readonly detail: string}[]
  readonly state: 'asked' | 'running' | 'done'
  readonly error?: string
}

const FAILED_SHOWN = 5

/** Chunk by chunk, telling how far it is. */
async function resolveAll(run: Run, filter: LetterFilter, tell: (run: Run) => void): Promise<void> {
  const address = addressFor(`POST /v1/admin/dead-letters/${run.verb}`)
  const which = Object.keys(filter).length === 0 ? {all: true} : filter
  let resolved = 0
  const failed: Run['failed'][number][] = []
  const now = (state: Run['state']): Run => ({...run, resolved, failed, state})
  tell(now('running'))
  try {
    for (let after: string | null | undefined; after !== null;) {
      const chunk = await request(address, {method: 'POST', body: {...which, after}})
      resolved += chunk.resolved
      failed.push(...chunk.failed)
      tell(now('running'))
      after = chunk.next
    }
    tell(now('done'))
  } catch (error) {
    const text = wordsOf(error)
    tell({...now('done'), error: `${text}: what is left is still open`})
  }
}

/** For all open letters that match: asks once, then shows how far it is and what came of it. */
export function LetterBulk({
  filter,
  open,
  onChanged,
}: {
  readonly filter: LetterFilter
  /** Open ones that match. */
  readonly open: number
  readonly onChanged: () => void
}): JSX.Element | null {
  const [run, setRun] = useState<Run | undefined>(undefined)
  const ask = (verb: Verb): void =>
    setRun({verb, total: open, resolved: 0, failed: [], state: 'asked'})
  const start = async (asked: Run): Promise<void> => {
    await resolveAll(asked, filter, setRun)
    onChanged()
  }
  if (run?.state === 'asked') {
    return (
      <p class="row">
        <button class="button primary" type="button" onClick={() => void start(run)}>
          {run.verb === 'redrive' ? 'Publish' : 'Discard'} {formatCount(run.total)}{' '}
          {run.verb === 'redrive' ? 'again' : 'for good'}
        </button>
        <button class="button" type="button" onClick={() => setRun(undefined)}>
          Not now
        </button>
      </p>
    )
  }
  if (run?.state === 'running') {
    const done = run.resolved + run.failed.length
    return (
      <p class="row" role="status">
        <progress max={run.total} value={done} aria-label="Letters done" />
        {formatCount(done)} of {formatCount(run.total)}
      </p>
    )
  }
  return (
    <>
      {run === undefined ? null : <Outcome run={run} />}
      {open === 0 ? null : (
        <p class="row">
          <button class="button primary" type="button" onClick={() => ask('redrive')}>
            Re-drive all {formatCount(open)}
          </button>
          <button class="button" type="button" onClick={() => ask('discard')}>
            Discard all {formatCount(open)}
          </button>
        </p>
      )}
    </>
  )
}

function Outcome({run: {verb, resolved, failed, error}}: {readonly run: Run}): JSX.Element {
  const isBad = failed.length > 0 || error !== undefined
  return (
    <div class={`notice${isBad ? ' bad' : ''}`} role="status">
      <span>
        {formatCount(resolved)} {DONE[verb]}
        {failed.length === 0 ? '' : `, ${formatCount(failed.length)} failed and stay open`}
      </span>
      {error === undefined ? null : <span class="breaks">{error}</span>}
      {failed.slice(0, FAILED_SHOWN).map(({id, detail}) => (
        <span key={id} class="breaks">
          {id}: {detail}
        </span>
      ))}
    </div>
  )
}
