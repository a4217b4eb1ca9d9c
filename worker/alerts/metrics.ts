/** Names of everything that alerts measure. */
import type {Metrics} from '../../platform/metrics.ts'
import type {AlertStanding} from './standing.ts'

export type AlertMetrics = ReturnType<typeof createAlertMetrics>

export function createAlertMetrics(metrics: Metrics) {
  return {
    evaluations: metrics.counter('worker_alert_evaluations_total', 'Rules evaluated', [
      'outcome',
    ] as const),
    incidents: metrics.counter('worker_alert_incidents_total', 'Incidents opened and resolved', [
      'event',
    ] as const),
    deliveries: metrics.counter('worker_alert_deliveries_total', 'Messages sent, or not', [
      'outcome',
    ] as const),
    rulesNotJudged: metrics.gauge(
      'worker_alert_rules_not_judged',
      'Rules that no worker has judged lately, though it should have',
    ),
    lettersOpen: metrics.gauge(
      'worker_alert_dead_letters_open',
      'Messages that were given up, and that nobody has decided about',
      ['channel'] as const,
    ),
    waitingSeconds: metrics.gauge(
      'worker_alert_waiting_seconds',
      'How long the oldest message of a channel has waited to be sent',
      ['channel'] as const,
    ),
    evaluator: metrics.gauge('worker_alert_evaluator', '1 while this worker evaluates the rules'),
    readings: metrics.counter(
      'worker_anomaly_readings_total',
      'Readings looked at, by what they are',
      ['verdict'] as const,
    ),
  }
}

/** What is looked up, not counted. */
export function measureStanding(metrics: AlertMetrics, {rules, channels}: AlertStanding): void {
  metrics.rulesNotJudged.set(rules.length)
  metrics.lettersOpen.reset()
  metrics.waitingSeconds.reset()
  for (const {name: channel, dead, waiting_seconds: seconds} of channels) {
    metrics.lettersOpen.set({channel}, dead)
    metrics.waitingSeconds.set({channel}, seconds)
  }
}
