/** Names of the relay's metrics. */
import type {Metrics} from '../platform/metrics.ts'
import {createShare} from '../platform/share.ts'

export type RelayMetrics = ReturnType<typeof createRelayMetrics>

export function createRelayMetrics(metrics: Metrics) {
  const deadLetterShare = createShare(Date.now)
  const shareGauge = metrics.gauge(
    'relay_dead_letter_share',
    'Rows put aside by this relay, of those it read in the last hour or day',
    ['window'],
  )
  metrics.onScrape(() => {
    deadLetterShare.each((window, share) => shareGauge.set({window}, share))
  })
  return {
    deadLetterShare,
    openDeadLetters: metrics.gauge(
      'relay_dead_letters_open',
      'Rows put aside that are neither re-driven nor discarded',
    ),
    rowsRead: metrics.counter('relay_rows_read_total', 'Outbox rows read'),
    bytesRead: metrics.counter('relay_read_bytes_total', 'Characters of payload read'),
    rowsPublished: metrics.counter(
      'relay_rows_published_total',
      'Outbox rows acknowledged by Kafka',
    ),
    bytesPublished: metrics.counter('relay_published_bytes_total', 'Bytes of published values'),
    redelivered: metrics.counter('relay_rows_redelivered_total', 'Rows published as redelivered'),
    deadLetters: metrics.counter('relay_dead_letters_total', 'Rows put aside, by reason', [
      'reason',
    ]),
    failures: metrics.counter('relay_lane_failures_total', 'Ends of a lane by error, by code', [
      'code',
    ]),
    wakeUps: metrics.counter('relay_wake_ups_total', 'Reads after a wait, by what ended it', [
      'cause',
    ]),
    sendSeconds: metrics.histogram(
      'relay_send_seconds',
      'Time of a send until its acknowledgement',
    ),
    publishLatency: metrics.histogram(
      'relay_publish_latency_seconds',
      'From the trigger writing a row to its acknowledgement, first row of each batch',
    ),
    laneEpoch: metrics.gauge('relay_lane_epoch', 'Epoch of a lane owned here; 0: not owned here', [
      'lane',
    ]),
    lanesUnowned: metrics.gauge('relay_lanes_without_owner', 'Lanes that no relay owns'),
    members: metrics.gauge('relay_members', 'Relays that are running'),
    unpublishedRows: metrics.gauge(
      'relay_unpublished_rows',
      'Outbox rows not published yet, estimated beyond 100,000',
    ),
    oldestUnpublished: metrics.gauge(
      'relay_oldest_unpublished_seconds',
      'Age of the oldest outbox row that is not published',
    ),
    slotBytes: metrics.gauge('relay_slot_bytes', 'Size of an outbox slot with its indexes', [
      'slot',
    ]),
    captureProblems: metrics.gauge(
      'relay_capture_problems',
      'Captured tables of which changes may be missing (SELECT * FROM cdc.check())',
    ),
    changedColumns: metrics.gauge(
      'relay_changed_columns',
      'Columns of captured tables that are not as their streams declare them (SELECT * FROM cdc.check())',
    ),
    captureFollowed: metrics.counter(
      'relay_capture_followed_total',
      'Captured tables that were attached again because nobody had followed a change of them',
    ),
    backfilled: metrics.counter('relay_backfill_steps_total', 'Chunks of rows read again', [
      'topic',
    ]),
    rotations: metrics.counter('relay_slot_rotations_total', 'Outcomes of slot rotation', [
      'outcome',
    ]),
  }
}
