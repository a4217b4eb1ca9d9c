/** Rules of alerts: what is watched, whether it is judged, and forms to change it. */
import {Expander} from '../ui/expander.tsx'
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {describeRule, hoursFrom, isMuted, TONES} from '../model/alerts.ts'
import {formatCount, formatTime} from '../model/format.ts'
import {addressFor} from '../net/address.ts'
import type {Navigation} from '../net/navigation.ts'
import {request, wordsOf} from '../net/request.ts'
import type {AlertRule} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Card} from '../ui/card.tsx'
import {Await, Empty} from '../ui/states.tsx'
import {Table} from '../ui/table.tsx'
import {AlertRuleForm} from './alert-rule-form.tsx'

const REFRESH_MS = 5000
const MUTE_HOURS = 1

export function AlertRules({nav}: {readonly nav: Navigation}): JSX.Element {
  const found = useResource(addressFor('GET /v1/alerts/rules'), REFRESH_MS)
  return (
    <>
      <Card title="New rule" note="any measure of any stream">
        <AlertRuleForm onDone={found.reload} />
      </Card>
      <Card
        title="Rules"
        note="what is watched"
        flush
        csv={{
          name: 'alert-rules',
          header: ['id', 'name', 'what', 'severity', 'open', 'judged_at', 'not_judged'],
          rows: () =>
            (found.data?.items ?? []).map(rule => [
              rule.id,
              rule.name,
              describeRule(rule),
              rule.severity,
              rule.open,
              rule.judged_at,
              rule.not_judged,
            ]),
        }}
      >
        <Await from={found}>
          {({items}) =>
            items.length === 0 ? (
              <Empty title="No rules yet">Say above what is to be watched.</Empty>
            ) : (
              <RuleTable rows={items} nav={nav} onChanged={found.reload} />
            )
          }
        </Await>
      </Card>
    </>
  )
}

/** Whether the evaluator judges it, and why not. */
function Judged({rule}: {readonly rule: AlertRule}): JSX.Element {
  const {not_judged: reason, judged_at: at} = rule
  if (reason !== null) {
    return (
      <span class="tag warn" title={reason}>
        not judged
      </span>
    )
  }
  return at === null ? (
    <span class="tag" title="no worker has looked at it">
      not yet
    </span>
  ) : (
    <span class="tag good" title={formatTime(at)}>
      judged
    </span>
  )
}

interface RuleRows {
  readonly nav: Navigation
  readonly onChanged: () => void
}

function RuleTable({
  rows,
  nav,
  onChanged,
}: RuleRows & {readonly rows: readonly AlertRule[]}): JSX.Element {
  const {open} = nav.values
  return (
    <Table
      caption="Rules"
      rows={rows}
      keyOf={row => row.id}
      below={row =>
        row.id === open ? <Opened rule={row} nav={nav} onChanged={onChanged} /> : null
      }
      columns={[
        {
          title: 'Rule',
          kind: 'fill',
          cell: row => (
            <>
              <Expander id={row.id} nav={nav}>
                {row.name}
              </Expander>
              <span class="clip small muted" title={describeRule(row)}>
                {describeRule(row)}
              </span>
            </>
          ),
        },
        {
          title: 'Severity',
          extra: true,
          cell: row => <span class={`tag ${TONES[row.severity]}`}>{row.severity}</span>,
        },
        {title: 'Open', kind: 'num', cell: row => formatCount(row.open)},
        {
          title: 'State',
          cell: row =>
            isMuted(row, Date.now()) ? (
              <span class="tag" title={`until ${formatTime(row.muted_until)}`}>
                muted
              </span>
            ) : (
              <Judged rule={row} />
            ),
        },
      ]}
    />
  )
}

function Opened({rule, nav, onChanged}: RuleRows & {readonly rule: AlertRule}): JSX.Element {
  const [isSure, setSure] = useState(false)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const path = {id: rule.id}
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
      setProblem(undefined)
      onChanged()
    } catch (error) {
      setProblem(wordsOf(error))
    }
  }
  const mute = (until: string | null) => () =>
    request(addressFor('PATCH /v1/alerts/rules/{id}', {path}), {
      method: 'PATCH',
      body: {muted_until: until},
    })
  const remove = async (): Promise<void> => {
    await request(addressFor('DELETE /v1/alerts/rules/{id}', {path}), {method: 'DELETE'})
    nav.set({open: undefined})
  }
  return (
    <div class="details one">
      {rule.not_judged === null ? null : (
        <p class="notice" role="status">
          <span class="breaks">Not judged: {rule.not_judged}</span>
        </p>
      )}
      {problem === undefined ? null : (
        <p class="notice bad" role="status">
          {problem}
        </p>
      )}
      <AlertRuleForm key={rule.changed_at} rule={rule} onDone={onChanged} />
      <p class="row actions">
        {isMuted(rule, Date.now()) ? (
          <button class="button" type="button" onClick={() => void attempt(mute(null))}>
            Tell again
          </button>
        ) : (
          <button
            class="button"
            type="button"
            onClick={() => void attempt(mute(hoursFrom(Date.now(), MUTE_HOURS)))}
          >
            Mute for {MUTE_HOURS} h
          </button>
        )}
        {isSure ? (
          <>
            <button class="button primary" type="button" onClick={() => void attempt(remove)}>
              Delete for good
            </button>
            <button class="button" type="button" onClick={() => setSure(false)}>
              Not now
            </button>
          </>
        ) : (
          <button class="button" type="button" onClick={() => setSure(true)}>
            Delete
          </button>
        )}
      </p>
    </div>
  )
}
