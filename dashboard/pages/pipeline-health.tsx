/** What is wrong with the pipeline, what to do about it, and when its numbers were last compared with SQL. */
import type {JSX} from 'preact'
import {formatAgo, formatCount, formatTime} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import type {Finding, Pipeline, Reconciliation} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'

const REFRESH_MS = 2000

export function HealthCard(): JSX.Element {
  const found = useResource(addressFor('GET /v1/platform/health'), REFRESH_MS)
  return (
    <Card
      title="Health"
      note="what is wrong, and what to do"
      flush
      csv={{
        name: 'health',
        header: ['code', 'severity', 'what', 'detail', 'todo', 'runbook'],
        rows: () =>
          (found.data?.findings ?? []).map(f => [
            f.code,
            f.severity,
            f.what,
            f.detail,
            f.todo,
            f.runbook,
          ]),
      }}
    >
      <Await from={found} lines={1}>
        {({state, findings}) =>
          findings.length === 0 ? (
            <Empty title={state === 'healthy' ? 'Healthy: nothing was found' : 'Starting'} />
          ) : (
            <Table
              caption="What is wrong with the pipeline"
              rows={findings}
              keyOf={one => `${one.code} ${one.what}`}
              columns={[
                {
                  title: 'Finding',
                  cell: ({code, severity}) => (
                    <span class={`tag ${severity === 'error' ? 'bad' : 'warn'}`}>{code}</span>
                  ),
                },
                {title: 'What', kind: 'fill', cell: one => <What finding={one} />},
                {title: 'What to do', kind: 'fill', cell: one => <Todo finding={one} />},
              ]}
            />
          )
        }
      </Await>
    </Card>
  )
}

function What({finding: {what, detail}}: {readonly finding: Finding}): JSX.Element {
  return (
    <div class="breaks">
      <p>{what}</p>
      {detail === null ? null : <p class="small muted">{detail}</p>}
    </div>
  )
}

function Todo({finding: {todo, runbook}}: {readonly finding: Finding}): JSX.Element {
  return (
    <div class="breaks">
      <p>{todo}</p>
      <p class="small muted">{runbook}</p>
    </div>
  )
}

const isEqual = ({differences, repaired}: Reconciliation): boolean => differences <= repaired

export function ReconcileCard({data}: {readonly data: Pipeline}): JSX.Element {
  const rows = data.reconciliations
  return (
    <Card
      title="Compared with SQL"
      note="the last npm run reconcile of each stream"
      flush
      csv={{
        name: 'compared-with-sql',
        header: ['stream', 'scope', 'finished_at', 'keys', 'differences', 'repaired'],
        rows: () =>
          (rows ?? []).map(r => [
            r.stream,
            r.scope,
            r.finished_at,
            r.keys,
            r.differences,
            r.repaired,
          ]),
      }}
    >
      {rows === null || rows.length === 0 ? (
        <Empty title={rows === null ? 'This cannot be read' : 'Never compared'} />
      ) : (
        <Table
          caption="Last comparisons with PostgreSQL"
          rows={rows}
          keyOf={one => `${one.stream} ${one.scope}`}
          columns={[
            {title: 'Stream', cell: one => one.stream},
            {title: 'What', kind: 'fill', cell: one => <span class="breaks">{one.scope}</span>},
            {
              title: 'Outcome',
              cell: one => (
                <span class={`tag ${isEqual(one) ? 'good' : 'bad'}`}>
                  {isEqual(one) ? 'equal' : `${formatCount(one.differences - one.repaired)} differ`}
                </span>
              ),
            },
            {title: 'Keys', kind: 'num', extra: true, cell: one => formatCount(one.keys)},
            {
              title: 'When',
              kind: 'num',
              cell: one => (
                <span title={formatTime(one.finished_at)}>
                  {formatAgo(Math.max(0, Date.now() - Date.parse(one.finished_at)))}
                </span>
              ),
            },
          ]}
        />
      )}
    </Card>
  )
}
