/** Every figure that the API keeps about itself. */
import type {Counter, Gauge, Histogram, Metrics} from '../platform/metrics.ts'

export interface ApiMetrics {
  readonly seconds: Histogram<'route' | 'method'>
  readonly answers: Counter<'route' | 'method' | 'status'>
  readonly reads: Counter<'what' | 'source'>
  readonly memory: Counter<'what' | 'outcome'>
  readonly waits: Counter<'outcome'>
  readonly waitSeconds: Histogram
  readonly liveClients: Gauge<'stream'>
  readonly liveDropped: Counter<'reason'>
  readonly written: Counter<'what'>
  readonly lagRecords: Gauge
  readonly ageSeconds: Gauge
  readonly openDeadLetters: Gauge<'origin'>
  readonly healthy: Gauge
  readonly findings: Gauge<'code'>
  readonly reconcileDifferences: Gauge<'stream'>
  readonly reconcileAge: Gauge<'stream'>
}

export function createApiMetrics(metrics: Metrics): ApiMetrics {
  return {
    seconds: metrics.histogram('api_request_seconds', 'Time to answer, by route', {
      labels: ['route', 'method'],
    }),
    answers: metrics.counter('api_answers_total', 'Answers by route and status', [
      'route',
      'method',
      'status',
    ]),
    reads: metrics.counter('api_reads_total', 'Reads by the store that answered', [
      'what',
      'source',
    ]),
    memory: metrics.counter('api_memory_total', 'Look-ups in short memories: hit or miss', [
      'what',
      'outcome',
    ]),
    waits: metrics.counter('api_waits_total', 'Waits for an event, by how they ended', ['outcome']),
    waitSeconds: metrics.histogram('api_wait_seconds', 'Time until an awaited event was in'),
    liveClients: metrics.gauge('api_live_clients', 'Open streams', ['stream']),
    liveDropped: metrics.counter('api_live_dropped_total', 'Streams ended by us', ['reason']),
    written: metrics.counter('api_written_total', 'Rows written to PostgreSQL', ['what']),
    lagRecords: metrics.gauge('api_lag_records', 'Records in Kafka that are not in the stores yet'),
    ageSeconds: metrics.gauge(
      'api_age_seconds',
      'Since the stores were last known to be caught up',
    ),
    openDeadLetters: metrics.gauge(
      'api_dead_letters_open',
      'Dead letters of the outbox and of topics that are neither re-driven nor discarded',
      ['origin'],
    ),
    healthy: metrics.gauge('pipeline_healthy', '1 when the whole pipeline is healthy, else 0'),
    findings: metrics.gauge('pipeline_findings', 'What is wrong with the pipeline, by code', [
      'code',
    ]),
    reconcileDifferences: metrics.gauge(
      'reconcile_differences',
      'Values that differed from PostgreSQL when they were last compared, less those repaired then',
      ['stream'],
    ),
    reconcileAge: metrics.gauge(
      'reconcile_age_seconds',
      'Since everything of the stream was last compared with PostgreSQL',
      ['stream'],
    ),
  }
}
