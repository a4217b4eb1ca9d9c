/** Names of everything the sink measures. */
import type {Metrics} from '../../platform/metrics.ts'

export type SinkMetrics = ReturnType<typeof createSinkMetrics>

export function createSinkMetrics(metrics: Metrics) {
  const perPartition = ['destination', 'topic', 'partition'] as const
  return {
    sent: metrics.counter('worker_sink_events_sent_total', 'Events that the destination took', [
      'destination',
      'topic',
    ]),
    putAside: metrics.counter(
      'worker_sink_dead_letters_total',
      'Events put aside in <topic>.sink.dlq: refused for good, or unreadable',
      ['destination', 'topic', 'reason'],
    ),
    requests: metrics.counter(
      'worker_sink_requests_total',
      'Requests to the other system: taken, refused (of several events: sent again in halves), or to be tried again',
      ['outcome'],
    ),
    requestSeconds: metrics.histogram(
      'worker_sink_request_seconds',
      'One request to the other system',
    ),
    retries: metrics.counter('worker_sink_retries_total', 'Deliveries repeated', ['destination']),
    breakerOpen: metrics.gauge(
      'worker_sink_breaker_open',
      '1 while the other system fails all the time and is asked now and then only, else 0',
    ),
    lag: metrics.gauge(
      'worker_sink_lag_records',
      'Records in Kafka that are not delivered yet, as last heard of',
      perPartition,
    ),
    waiting: metrics.gauge(
      'worker_sink_waiting_seconds',
      'How long the partition that waits longest has waited for its destination; 0: none waits',
      ['destination'],
    ),
  } as const
}
