/** The form of a rule: a new one, or one that is changed. */
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {SEVERITIES, type AlertKind, type Severity} from '../../contracts/alerts.ts'
import {KIND_OPTIONS, ruleOf} from '../model/alerts.ts'
import {addressFor} from '../net/address.ts'
import {request, wordsOf} from '../net/request.ts'
import type {AlertRule, Stream} from '../net/types.ts'
import {useResource} from '../net/use-resource.ts'
import {Form, Select, TextField} from '../ui/controls.tsx'
import {Await} from '../ui/states.tsx'

const SEVERITY_OPTIONS = SEVERITIES.map(name => [name, name] as const)

const pairsOf = (names: readonly string[]) => names.map(name => [name, name] as const)

const metricsOf = ({rollups}: Stream): readonly string[] => [
  ...new Set(rollups.flatMap(({metrics}) => metrics)),
]

/** What a stream is counted by, one at a time. */
const dimensionsOf = ({rollups}: Stream): readonly string[] => [
  ...new Set(rollups.flatMap(({columns, splits}) => [...columns, ...splits])),
]

interface Given {
  readonly rule?: AlertRule
  readonly onDone: () => void
}

export function AlertRuleForm({rule, onDone}: Given): JSX.Element {
  const found = useResource(addressFor('GET /v1/streams'))
  return (
    <Await from={found}>
      {({items}) => <Fields streams={items} onDone={onDone} {...(rule && {rule})} />}
    </Await>
  )
}

function Fields({streams, rule, onDone}: Given & {readonly streams: readonly Stream[]}) {
  const [stream, setStream] = useState(rule?.stream ?? streams[0]?.stream ?? '')
  const [metric, setMetric] = useState(rule?.metric ?? '')
  const [dimension, setDimension] = useState(rule?.dimension ?? '')
  const [kind, setKind] = useState<AlertKind>(rule?.kind ?? 'above')
  const [severity, setSeverity] = useState<Severity>(rule?.severity ?? 'warning')
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const declared = streams.find(one => one.stream === stream)
  const metrics = declared === undefined ? [] : metricsOf(declared)
  const chosen = metrics.includes(metric) ? metric : (metrics[0] ?? '')
  const save = async (fields: Readonly<Record<string, string>>): Promise<void> => {
    const body = ruleOf(fields, {stream, metric: chosen, dimension, kind, severity})
    try {
      if (rule === undefined) {
        // One hold for both ends, unless somebody has said otherwise since.
        const {open_after_seconds: hold} = body
        await request(addressFor('POST /v1/alerts/rules'), {
          method: 'POST',
          body: {...body, resolve_after_seconds: hold},
        })
      } else {
        const {id} = rule
        const address = addressFor('PATCH /v1/alerts/rules/{id}', {path: {id}})
        await request(address, {method: 'PATCH', body})
      }
      setProblem(undefined)
      onDone()
    } catch (error) {
      setProblem(wordsOf(error))
    }
  }
  return (
    <>
      {problem === undefined ? null : (
        <p class="notice bad" role="alert">
          <span class="breaks">{problem}</span>
        </p>
      )}
      <Form
        label={rule === undefined ? 'New rule' : `Change ${rule.name}`}
        onSubmit={fields => void save(fields)}
      >
        <TextField label="Name" name="name" value={rule?.name} max={200} wide required />
        <Select
          label="Stream"
          value={stream}
          options={pairsOf(streams.map(one => one.stream))}
          onChange={next => {
            setStream(next)
            setDimension('')
          }}
        />
        <Select label="Measure" value={chosen} options={pairsOf(metrics)} onChange={setMetric} />
        <Select
          label="By"
          value={dimension}
          options={[['', 'the whole'], ...pairsOf(declared ? dimensionsOf(declared) : [])]}
          onChange={setDimension}
        />
        <Select label="When" value={kind} options={KIND_OPTIONS} onChange={setKind} />
        {kind === 'absence' ? null : (
          <TextField
            label={THRESHOLDS[kind]}
            name="threshold"
            type="number"
            value={String(rule?.threshold ?? '')}
            required
          />
        )}
        <TextField
          label="Minutes"
          name="window"
          type="number"
          value={String(rule?.window_minutes ?? 5)}
        />
        <TextField
          label="Hold, seconds"
          name="hold"
          type="number"
          value={String(rule?.open_after_seconds ?? 0)}
        />
        <Select
          label="Severity"
          value={severity}
          options={SEVERITY_OPTIONS}
          onChange={setSeverity}
        />
        <TextField
          label="Channels"
          name="channels"
          value={rule?.channels.join(', ')}
          placeholder="operators, pager"
        />
        <button class="button primary" type="submit">
          {rule === undefined ? 'Watch' : 'Save'}
        </button>
      </Form>
    </>
  )
}

const THRESHOLDS: Readonly<Record<Exclude<AlertKind, 'absence'>, string>> = {
  above: 'Above',
  below: 'Below',
  change: 'Percent',
  deviation: 'Deviations',
}
