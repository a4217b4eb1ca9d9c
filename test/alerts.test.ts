/** Alerts and the board ask for metrics that the services really have. */
import {execFileSync, spawnSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {parse} from 'yaml'
import {describe, expect, test} from 'vitest'
import {createApiMetrics} from '../api/metrics.ts'
import {createRelayMetrics} from '../ingestor/metrics.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createProcessorMetrics} from '../processor/metrics.ts'
import {createAlertMetrics} from '../worker/alerts/metrics.ts'
import {createWorkerMetrics} from '../worker/metrics.ts'
import {createSinkMetrics} from '../worker/sink/metrics.ts'

interface Rules {
  readonly groups: ReadonlyArray<{
    readonly rules: ReadonlyArray<{readonly alert: string; readonly expr: string}>
  }>
}
interface Board {
  readonly panels: ReadonlyArray<{
    readonly title: string
    readonly targets: ReadonlyArray<{readonly expr: string}>
  }>
}

const rules = (parse(readFileSync('deploy/prometheus/rules.yml', 'utf8')) as Rules).groups.flatMap(
  group => group.rules,
)
const board = JSON.parse(readFileSync('deploy/grafana/boards/pipeline.json', 'utf8')) as Board

async function exposedNames(): Promise<Set<string>> {
  const creates = [
    createRelayMetrics,
    createProcessorMetrics,
    createApiMetrics,
    createWorkerMetrics,
    createAlertMetrics,
    createSinkMetrics,
  ]
  const registries = creates.map(create => {
    const metrics = createMetrics()
    create(metrics)
    return metrics
  })
  const texts = await Promise.all(registries.map(registry => registry.render()))
  const names = texts.join('\n').matchAll(/^# TYPE (\w+) (\w+)$/gm)
  return new Set(
    [...names].flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!],
    ),
  )
}

const namesIn = (expr: string): readonly string[] =>
  [...expr.matchAll(/\b(?:relay|processor|worker|api|pipeline|reconcile)_\w+/g)].map(
    ([name]) => name,
  )

test('every alert asks for metrics that a service exposes', async () => {
  const exposed = await exposedNames()
  for (const {alert, expr} of rules) {
    for (const name of namesIn(expr)) expect(exposed, alert).toContain(name)
  }
})

test('every panel of the board asks for metrics that a service exposes', async () => {
  const exposed = await exposedNames()
  for (const {title, targets} of board.panels) {
    for (const name of targets.flatMap(t => namesIn(t.expr))) {
      expect(exposed, title).toContain(name)
    }
  }
})

test('an alert of dead letters ends when all are resolved: it asks for open ones', () => {
  const open = rules.filter(({alert}) => alert.startsWith('DeadLettersIn'))
  expect(open.map(({expr}) => expr)).toEqual([
    'max(relay_dead_letters_open) > 0',
    'max(api_dead_letters_open{origin="topics"}) > 0',
  ])
})

test('every alert has its paragraph in the runbook', () => {
  const runbook = readFileSync('docs/RUNBOOK.md', 'utf8')
  for (const {alert} of rules) expect(runbook).toContain(`### ${alert}`)
})

const promtool = spawnSync('promtool', ['--version']).status === 0

describe.runIf(promtool)('with promtool', () => {
  test('the rules are well formed', () => {
    const said = execFileSync('promtool', ['check', 'rules', 'deploy/prometheus/rules.yml'])
    expect(String(said)).toContain('SUCCESS')
  })

  test('the configuration names rules that exist', () => {
    expect(existsSync('deploy/prometheus/rules.yml')).toBe(true)
    expect(readFileSync('deploy/prometheus/prometheus.yml', 'utf8')).toContain('rules.yml')
  })
})
