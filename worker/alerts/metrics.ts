/** Names of everything that alerts measure. */
import type {Metrics} from '../../platform/metrics.ts'

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
    evaluator: metrics.gauge('worker_alert_evaluator', '1 while this worker evaluates the rules'),
    readings: metrics.counter(
      'worker_anomaly_readings_total',
      'Readings looked at, by what they are',
      ['verdict'] as const,
    ),
  }
}
