/** What runs by itself: when, how it went, how long it takes; run it now, or not at all. */
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {formatSeconds, formatTime, NONE} from '../model/format.ts'
import {standingOf, standingOfRun, whenOf} from '../model/schedules.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import {request, wordsOf} from '../net/request.ts'
import type {Schedule} from '../net/types.ts'
import {useResource, type Resource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Head} from '../ui/shell.tsx'
import {Await, Empty, PollSign} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {JobRuns, Tag} from './schedule-runs.tsx'

const REFRESH_MS = 2000

type Verb = 'run' | 'pause' | 'resume'
type Act = (job: string, verb: Verb) => Promise<void>

const DONE: Readonly<Record<Verb, string>> = {
  run: 'runs as soon as a worker takes it.',
  pause: 'does not run by itself any more.',
  resume: 'runs by itself again.',
}

export function SchedulesPage({nav}: {readonly nav: Navigation}): JSX.Element {
  const {job} = nav.values
  const found = useResource(addressFor('GET /v1/admin/schedules'), REFRESH_MS)
  const [outcome, setOutcome] = useState<
    {readonly text: string; readonly failed: boolean} | undefined
  >(undefined)
  const act: Act = async (name, verb) => {
    try {
      const address = addressFor(`POST /v1/admin/schedules/{job}/${verb}`, {path: {job: name}})
      await request<unknown>(address, {method: 'POST'})
      setOutcome({text: `${name} ${DONE[verb]}`, failed: false})
      found.reload()
    } catch (error) {
      const text = wordsOf(error)
      setOutcome({text, failed: true})
    }
  }
  const one = found.data?.items.find(item => item.job === job)
  return (
    <>
      <Head title={job ?? 'Schedules'} part={job === undefined ? undefined : 'Schedules'}>
        {job === undefined ? null : <a href={linkTo('schedules')}>All schedules</a>}
        <PollSign of={found} />
      </Head>
      {outcome === undefined ? null : (
        <p class={`notice${outcome.failed ? ' bad' : ''}`} role="status">
          <span class="breaks">{outcome.text}</span>
        </p>
      )}
      <ScheduleList
        found={found}
        onAct={act}
        {...(job === undefined ? {} : {only: one === undefined ? [] : [one]})}
      />
      {job === undefined ? null : <JobRuns key={job} job={job} nav={nav} />}
    </>
  )
}

function ScheduleList({
  found,
  only,
  onAct,
}: {
  readonly found: Resource<{readonly items: readonly Schedule[]}>
  /** Those of the list that are shown; all when left out. */
  readonly only?: readonly Schedule[]
  readonly onAct: Act
}): JSX.Element {
  const shown = only ?? found.data?.items ?? []
  return (
    <Card
      title={only === undefined ? 'Jobs' : 'Job'}
      note="times in your zone; cron in the zone beside it"
      flush
      csv={{
        name: 'schedules',
        header: ['job', 'when', 'next_at', 'state', 'last_run', 'seconds_median', 'seconds_max'],
        rows: () =>
          shown.map(row => [
            row.job,
            whenOf(row),
            row.next_at,
            standingOf(row).word,
            row.latest[0]?.tick ?? null,
            row.seconds_median,
            row.seconds_max,
          ]),
      }}
    >
      <Await from={found}>
        {() =>
          shown.length > 0 ? (
            <ScheduleTable rows={shown} onAct={onAct} />
          ) : only === undefined ? (
            <Empty title="Nothing runs by itself yet">
              Jobs are declared in schedule/, and a worker writes them down when it starts.
            </Empty>
          ) : (
            <Empty title="No worker runs a job of this name">
              Its runs stay as long as they are kept.
            </Empty>
          )
        }
      </Await>
    </Card>
  )
}

function ScheduleTable({
  rows,
  onAct,
}: {
  readonly rows: readonly Schedule[]
  readonly onAct: Act
}): JSX.Element {
  return (
    <Table
      caption="Jobs"
      rows={rows}
      keyOf={row => row.job}
      columns={[
        {
          title: 'Job',
          kind: 'fill',
          cell: row => (
            <a href={linkTo('schedules', {job: row.job})} title={row.what}>
              {row.job}
            </a>
          ),
        },
        {title: 'State', cell: row => <Tag of={standingOf(row)} />},
        {title: 'When', extra: true, cell: row => <span class="mono">{whenOf(row)}</span>},
        {title: 'Next time', cell: row => formatTime(row.next_at)},
        {title: 'Last run', extra: true, cell: row => formatTime(row.latest[0]?.tick)},
        {
          title: 'Usually',
          kind: 'num',
          extra: true,
          cell: row => formatSeconds(row.seconds_median),
        },
        {title: 'Longest', kind: 'num', extra: true, cell: row => formatSeconds(row.seconds_max)},
        {title: 'Recent runs', extra: true, cell: row => <Recent of={row} />},
        {title: 'Action', cell: row => <Actions of={row} onAct={onAct} />},
      ]}
    />
  )
}

const MARKS = {good: '●', bad: '✕', warn: '○', '': '·'} as const

/** The last ten, the newest to the right. */
function Recent({of: {latest}}: {readonly of: Schedule}): JSX.Element {
  const marks = latest
    .toReversed()
    .map(run => ({...standingOfRun(run), tick: run.tick, id: run.id}))
  if (marks.length === 0) return <>{NONE}</>
  return (
    <span class="mono" role="img" aria-label={marks.map(({word}) => word).join(', ')}>
      {marks.map(({id, word, tone, tick}) => (
        <span key={id} title={`${formatTime(tick)}: ${word}`}>
          {MARKS[tone]}
        </span>
      ))}
    </span>
  )
}

function Actions({of: row, onAct}: {readonly of: Schedule; readonly onAct: Act}): JSX.Element {
  if (row.off !== null) return <span class="muted small">{row.off}</span>
  const isOpen = row.latest[0]?.finished_at === null
  const steer = row.paused_at === null ? 'pause' : 'resume'
  return (
    <>
      <button
        class="button quiet"
        type="button"
        disabled={isOpen}
        aria-label={`Run now: ${row.job}`}
        onClick={() => void onAct(row.job, 'run')}
      >
        Run now
      </button>
      <button
        class="button quiet"
        type="button"
        aria-label={`${steer === 'pause' ? 'Pause' : 'Resume'}: ${row.job}`}
        onClick={() => void onAct(row.job, steer)}
      >
        {steer === 'pause' ? 'Pause' : 'Resume'}
      </button>
    </>
  )
}
