/** Alerts in a table: what each says, and what can be said of it. */
import {Expander} from '../ui/expander.tsx'
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {hoursFrom, isMuted, TONES} from '../model/alerts.ts'
import {formatNumber, formatSeconds, formatTime, NONE} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import {linkTo, type Navigation} from '../net/navigation.ts'
import {request, wordsOf} from '../net/request.ts'
import type {Alert} from '../net/types.ts'
import {Table} from '../ui/table.tsx'

export const csvOfAlerts = (name: string, rows: readonly Alert[]) => ({
  name,
  header: [
    'id',
    'rule',
    'subject',
    'severity',
    'status',
    'value',
    'summary',
    'opened_at',
    'resolved_at',
  ],
  rows: () =>
    rows.map(one => [
      one.id,
      one.rule,
      one.subject,
      one.severity,
      one.status,
      one.value,
      one.summary,
      one.opened_at,
      one.resolved_at,
    ]),
})

/** How long it has been open, or was. */
const lastedOf = ({seconds, opened_at: opened}: Alert): string =>
  formatSeconds(seconds ?? Math.max(0, Date.now() - Date.parse(opened)) / 1000)

export function AlertTable({
  caption,
  rows,
  nav,
}: {
  readonly caption: string
  readonly rows: readonly Alert[]
  readonly nav: Navigation
}): JSX.Element {
  const {open} = nav.values
  return (
    <Table
      caption={caption}
      rows={rows}
      keyOf={row => row.id}
      below={row => (row.id === open ? <Opened alert={row} /> : null)}
      columns={[
        {
          title: 'Severity',
          cell: row => <span class={`tag ${TONES[row.severity]}`}>{row.severity}</span>,
        },
        {
          title: 'What',
          kind: 'fill',
          cell: row => (
            <>
              <Expander id={row.id} nav={nav}>
                {row.rule}
              </Expander>
              <span class="clip small muted" dir="auto" title={row.summary}>
                {row.summary}
              </span>
            </>
          ),
        },
        {title: 'Opened', extra: true, cell: row => formatTime(row.opened_at)},
        {title: 'Lasted', kind: 'num', cell: lastedOf},
        {
          title: 'Seen',
          extra: true,
          cell: row =>
            isMuted(row, Date.now()) ? (
              <span class="tag">muted</span>
            ) : row.acknowledged_at === null ? (
              NONE
            ) : (
              <span class="tag good" title={formatTime(row.acknowledged_at)}>
                {row.acknowledged_by}
              </span>
            ),
        },
      ]}
    />
  )
}

interface ListedReading {
  readonly id: string
  readonly value: number | null
  readonly at: string
  readonly why: string
  readonly expected: number | null
}

function Readings({details}: Pick<Alert, 'details'>): JSX.Element | null {
  const {readings = [], count = 0} = details as {
    readonly readings?: readonly ListedReading[]
    readonly count?: number
  }
  if (readings.length === 0) return null
  return (
    <div>
      <h3>{count > readings.length ? `The first ${readings.length} of ${count}` : 'Readings'}</h3>
      <Table
        caption="Odd readings"
        rows={readings}
        keyOf={row => row.id}
        columns={[
          {title: 'Measured', kind: 'fill', cell: row => formatTime(row.at)},
          {title: 'Value', kind: 'num', cell: row => formatNumber(row.value)},
          {title: 'Usual', kind: 'num', cell: row => formatNumber(row.expected)},
          {title: 'Why', cell: row => row.why},
        ]}
      />
    </div>
  )
}

const MUTE_HOURS = [1, 24] as const

function Opened({alert}: {readonly alert: Alert}): JSX.Element {
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const path = {id: alert.id}
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
      setProblem(undefined)
    } catch (error) {
      setProblem(wordsOf(error))
    }
  }
  const acknowledge = () =>
    request(addressFor('POST /v1/alerts/{id}/acknowledge', {path}), {method: 'POST'})
  const mute = (until: string | null) => () =>
    request(addressFor('POST /v1/alerts/{id}/mute', {path}), {method: 'POST', body: {until}})
  return (
    <div class="details">
      <div>
        <h3>What was found</h3>
        <p class="breaks" dir="auto">
          {alert.summary}
        </p>
        <p class="muted small">
          {alert.stream}, opened {formatTime(alert.opened_at)}
          {alert.resolved_at === null
            ? ''
            : `, resolved ${formatTime(alert.resolved_at)}: ${alert.resolution}`}
        </p>
        <p class="links">
          <a href={linkTo('streams', {stream: alert.stream})}>The stream</a>
        </p>
        {problem === undefined ? null : (
          <p class="notice bad" role="status">
            {problem}
          </p>
        )}
        <p class="row actions">
          {alert.acknowledged_at === null ? (
            <button class="button primary" type="button" onClick={() => void attempt(acknowledge)}>
              Acknowledge
            </button>
          ) : null}
          {isMuted(alert, Date.now()) ? (
            <button class="button" type="button" onClick={() => void attempt(mute(null))}>
              Tell again
            </button>
          ) : (
            MUTE_HOURS.map(hours => (
              <button
                key={hours}
                class="button"
                type="button"
                onClick={() => void attempt(mute(hoursFrom(Date.now(), hours)))}
              >
                Mute for {hours} h
              </button>
            ))
          )}
        </p>
      </div>
      <Readings details={alert.details} />
    </div>
  )
}
