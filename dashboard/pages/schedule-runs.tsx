/** The runs of one job: when, how long, how they ended, and each try that failed. */
import {Expander} from '../ui/expander.tsx'
import type {JSX} from 'preact'
import {formatCount, formatSeconds, formatTime, NONE, shorten} from '../model/format.ts'
import {causeOf, resultOf, standingOfRun, type Standing} from '../model/schedules.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import type {JobRun} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

const REFRESH_MS = 2000
const LIMIT = 50

export const Tag = ({of: {word, tone, detail}}: {readonly of: Standing}): JSX.Element => (
  <span class={`tag ${tone}`} title={detail}>
    {word}
  </span>
)

export function JobRuns({job, nav}: {readonly job: string; readonly nav: Navigation}): JSX.Element {
  const {cursor} = nav.values
  const found = useResource(
    addressFor('GET /v1/admin/schedules/{job}/runs', {
      path: {job},
      query: {limit: LIMIT, ...(cursor === undefined ? {} : {cursor})},
    }),
    REFRESH_MS,
  )
  const next = found.data?.page.next_cursor ?? null
  return (
    <>
      <Card
        title="Runs"
        note="newest first"
        flush
        csv={{
          name: `runs-of-${job}`,
          header: ['id', 'tick', 'cause', 'state', 'attempt', 'seconds', 'error', 'result'],
          rows: () =>
            (found.data?.items ?? []).map(run => [
              run.id,
              run.tick,
              run.cause,
              run.state,
              run.attempt,
              run.seconds,
              run.error,
              JSON.stringify(run.result),
            ]),
        }}
      >
        <Await from={found}>
          {({items}) =>
            items.length === 0 ? (
              <Empty title="It has not run yet" />
            ) : (
              <RunTable rows={items} nav={nav} />
            )
          }
        </Await>
      </Card>
      {next === null ? null : (
        <p class="row">
          <a class="button" href={nav.link({cursor: next, open: undefined})}>
            Older runs
          </a>
        </p>
      )}
    </>
  )
}

function RunTable({
  rows,
  nav,
}: {
  readonly rows: readonly JobRun[]
  readonly nav: Navigation
}): JSX.Element {
  const {open} = nav.values
  return (
    <Table
      caption="Runs"
      rows={rows}
      keyOf={run => run.id}
      below={run => (run.id === open ? <Opened run={run} /> : null)}
      columns={[
        {
          title: 'Due',
          cell: run => (
            <Expander id={run.id} nav={nav}>
              {formatTime(run.tick)}
            </Expander>
          ),
        },
        {title: 'State', cell: run => <Tag of={standingOfRun(run)} />},
        {title: 'Took', kind: 'num', cell: run => formatSeconds(run.seconds)},
        {title: 'Tries', kind: 'num', extra: true, cell: run => formatCount(run.attempt)},
        {title: 'Why', extra: true, cell: causeOf},
        {
          title: 'What came of it',
          kind: 'fill',
          cell: run => (
            <span class="clip" dir="auto" title={resultOf(run)}>
              {shorten(resultOf(run), 200)}
            </span>
          ),
        },
      ]}
    />
  )
}

function Opened({run}: {readonly run: JobRun}): JSX.Element {
  return (
    <div class="details">
      <div>
        <h3>What it says that it has done</h3>
        <pre>{run.result === null ? NONE : JSON.stringify(run.result, null, 2)}</pre>
      </div>
      <div>
        <h3>Tries</h3>
        {run.failures.length === 0 ? <p>None has failed.</p> : null}
        <ol>
          {run.failures.map(({attempt, at, error}) => (
            <li key={attempt} value={attempt} class="breaks">
              {formatTime(at)}: <bdi>{error}</bdi>
            </li>
          ))}
        </ol>
        <p class="muted small">
          Begun {formatTime(run.started_at)}, ended {formatTime(run.finished_at)}, by{' '}
          <bdi>{run.worker ?? 'nobody yet'}</bdi>
        </p>
      </div>
    </div>
  )
}
