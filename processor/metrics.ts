/** Names of everything the processor measures. */
import type {Metrics} from '../platform/metrics.ts'
import {createShare, type Share} from '../platform/share.ts'

export type ProcessorMetrics = ReturnType<typeof createProcessorMetrics>

/** Seconds by which an event came late or early, against when it was written to the outbox. */
const SKEW_BUCKETS = [-86_400, -3600, -300, -60, -5, 0, 5, 60, 300, 3600, 86_400, 604_800] as const

export function createProcessorMetrics(metrics: Metrics) {
  const perStream = ['stream'] as const
  const perPartition = ['stream', 'partition'] as const
  const count = (name: string, help: string) => metrics.counter(name, help, perStream)
  const shares = new Map<string, Share>()
  const shareGauge = metrics.gauge(
    'processor_dead_letter_share',
    'Records put aside by this processor, of those it took in the last hour or day',
    ['stream', 'window'],
  )
  metrics.onScrape(() => {
    for (const [stream, share] of shares) {
      share.each((window, value) => shareGauge.set({stream, window}, value))
    }
  })
  return {
    /** How many records were taken, and how many of those were put aside. */
    noteShare(stream: string, taken: number, aside: number): void {
      const share = shares.get(stream) ?? createShare(Date.now)
      shares.set(stream, share)
      share.note(taken, aside)
    },
    recordsIn: count('processor_records_total', 'Records taken from Kafka'),
    dropped: count(
      'processor_records_dropped_total',
      'Records of an overtaken relay, published again by its successor',
    ),
    applied: count('processor_events_applied_total', 'Events folded'),
    corrected: count(
      'processor_events_corrected_total',
      'Events taken out again by an update, a delete or a repetition',
    ),
    tooOld: count(
      'processor_events_too_old_total',
      'Corrections of events that are not kept any more: no number follows them',
    ),
    repeated: count('processor_records_repeated_total', 'Effects that were there already'),
    deadLetters: metrics.counter('processor_dead_letters_total', 'Records put aside', [
      'stream',
      'reason',
    ]),
    unenriched: count(
      'processor_events_unenriched_total',
      'Events written without a row of the stream that they refer to',
    ),
    patched: count(
      'processor_events_patched_total',
      'Unenriched events that were written again when what they refer to came',
    ),
    forgotten: count(
      'processor_events_unpatched_total',
      'Unenriched events that will not be patched by themselves: too much is missing',
    ),
    skew: metrics.histogram(
      'processor_event_age_seconds',
      'Age of an event when it was written to the outbox: late above 0, early below',
      {labels: perStream, buckets: SKEW_BUCKETS},
    ),
    rawRows: count('processor_raw_rows_total', 'Raw rows written'),
    aggregateRows: count('processor_aggregate_rows_total', 'Aggregate rows saved to Cassandra'),
    mended: count('processor_rows_mended_total', 'Stale parts of rows that were computed again'),
    staleParts: metrics.gauge(
      'processor_stale_parts',
      'Parts of rows that wait to be computed again; those that are not in memory, about',
      perPartition,
    ),
    rawWrite: metrics.histogram('processor_raw_write_seconds', 'One group of raw rows', {
      labels: perStream,
    }),
    checkpoint: metrics.histogram('processor_checkpoint_seconds', 'One checkpoint', {
      labels: perStream,
    }),
    freshness: metrics.histogram(
      'processor_freshness_seconds',
      'From the outbox to a store, oldest event of each write',
      {labels: ['stream', 'store']},
    ),
    lag: metrics.gauge(
      'processor_lag_records',
      'Records in Kafka that are not folded yet',
      perPartition,
    ),
    committedOffset: metrics.gauge(
      'processor_committed_offset',
      'Next offset to read',
      perPartition,
    ),
    livePhase: metrics.gauge(
      'processor_live',
      '1 when Redis holds the partition and says so, else 0',
      perPartition,
    ),
    standing: metrics.gauge(
      'processor_partition_standing',
      '1 while the partition stands still because going on would make wrong numbers, else 0',
      ['topic', 'partition'],
    ),
    runs: count('processor_live_runs_total', 'Runs begun in Redis'),
    liveFailures: count('processor_live_failures_total', 'Calls of Redis that failed'),
    retries: count('processor_retries_total', 'Calls of Cassandra repeated'),
    cacheEntries: metrics.gauge('processor_state_rows', 'Aggregate rows in memory'),
    cacheBytes: metrics.gauge('processor_state_bytes', 'What they take, about'),
    evicted: count('processor_state_evicted_total', 'Rows forgotten'),
    references: count('processor_references_total', 'Records of reference streams learned'),
  } as const
}

type Labels = Readonly<Record<string, string>>
interface Instrument {
  inc?(labels: Labels, by?: number): void
  set?(labels: Labels, to: number): void
  observe?(labels: Labels, value: number): void
}

/** The same metrics, the stream called otherwise: two generations of it are told apart. */
export function besides(
  metrics: ProcessorMetrics,
  nameOf: (stream: string) => string,
): ProcessorMetrics {
  const rename = (labels: Labels): Labels =>
    labels['stream'] === undefined ? labels : {...labels, stream: nameOf(labels['stream'])}
  const wrap = (of: Instrument): Instrument => ({
    inc: (labels, by) => of.inc?.(rename(labels), by),
    set: (labels, to) => of.set?.(rename(labels), to),
    observe: (labels, value) => of.observe?.(rename(labels), value),
  })
  const wrapped = Object.entries(metrics).map(([name, of]) => [name, wrap(of as Instrument)])
  return {
    ...(Object.fromEntries(wrapped) as ProcessorMetrics),
    noteShare: (stream, taken, aside) => metrics.noteShare(nameOf(stream), taken, aside),
  }
}
