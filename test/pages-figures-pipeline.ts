/** Invented figures of the pipeline and of what is in Kafka, as the API would send them. */
import {HOSTILE, uuid} from './pages-hostile.ts'

export const messages = Array.from({length: 25}, (_, i) => ({
  partition: i % 6,
  offset: 4000 - i,
  timestamp: new Date(Date.now() - i * 300).toISOString(),
  key: i === 3 ? null : uuid((i % 7) + 1),
  value:
    i === 2
      ? null
      : {
          event_id: 9000 - i,
          content_id: uuid(1),
          event_type: 'play',
          device: i === 4 ? HOSTILE.script : 'ios',
          op: 'c',
          outbox_id: 77_000 - i,
          before: null,
        },
  schema_id: i === 2 ? null : 3,
  error: i === 2 ? 'does not begin with the frame of the registry' : null,
  headers: {traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'},
  value_bytes: 118,
  raw: Buffer.from(`\0\0\0\0\u0003${'engagement event bytes '.repeat(5)}`).toString('base64'),
}))
/** One record by its place, or the newest. */
export function find(query: URLSearchParams): readonly unknown[] {
  if (!query.has('offset')) return messages
  const [partition, offset] = ['partition', 'offset'].map(name => Number(query.get(name)))
  return messages.filter(one => one.partition === partition && one.offset === offset)
}
export const TOPICS = ['engagement_events', 'content', 'user_activity']
export const partitions = TOPICS.flatMap(topic =>
  Array.from({length: 6}, (_, partition) => ({
    topic,
    partition,
    committed: 4000,
    end: 4000 + (partition === 4 ? 2300 : partition),
    lag: partition === 4 ? 2300 : partition,
  })),
)
const service = (name: string, port: number, ready: boolean | null) => ({
  name,
  url: `http://127.0.0.1:${port}`,
  ready,
  reasons: ready === true ? [] : ['lane 2 waits for the sends of its last owner'],
  details: {flush_ms: 12, checkpoint_ms: 85, partitions: 6},
})
export const pipeline = {
  outbox: {unpublished: 12, oldest_seconds: 0.03},
  lanes: [0, 1].map(lane => ({
    lane,
    lanes: 2,
    epoch: '1763712000000001',
    owner: 'relay-1',
    updated_at: new Date().toISOString(),
  })),
  partitions,
  lag_records: 2345,
  stores: ['postgresql', 'kafka', 'registry', 'cassandra', 'redis'].map(name => ({
    name,
    ok: true,
    milliseconds: 2.4,
  })),
  services: [service('ingestor', 3001, false), service('processor', 3002, true)],
  dead_letters: {
    outbox: 1,
    topics: 2,
    share: {hour: {outbox: 0.0001, topics: 0.002}, day: {outbox: 0, topics: null}},
  },
  reconciliations: ['engagement', 'activity'].map((stream, i) => ({
    stream,
    scope: i === 0 ? 'all' : `key ${HOSTILE.script}`,
    finished_at: new Date(Date.now() - 7.2e6).toISOString(),
    keys: 12_000,
    differences: i * 3,
    undecided: 0,
    repaired: 0,
  })),
}
export const verdict = {
  healthy: false,
  state: 'unhealthy',
  findings: [
    {
      code: 'partition-standing',
      severity: 'error',
      what: 'Partition engagement_events/4 stands still.',
      detail: `the record where it was left is that of ${HOSTILE.script}`,
      todo: 'Look up the cause in the table of the runbook.',
      runbook: 'docs/RUNBOOK.md#partition-standing',
    },
    {
      code: 'dead-letters',
      severity: 'error',
      what: 'Nobody has decided about 3 dead letters.',
      detail: null,
      todo: 'Look at them, then re-drive or discard each.',
      runbook: 'docs/RUNBOOK.md#dead-letters',
    },
    {
      code: 'service-warns',
      severity: 'warning',
      what: 'The processor has a warning about redis.',
      detail: HOSTILE.long,
      todo: 'Everything flows; mend what it says when there is time.',
      runbook: 'docs/RUNBOOK.md#service-warns',
    },
  ],
}
export const schemaText = (extra: readonly string[]) => ({
  type: 'record',
  name: 'engagement_event',
  fields: ['event_id', 'content_id', 'user_id', ...extra].map(name => ({name, type: 'string'})),
})
export const trace = {
  stream: 'engagement',
  event_id: 7,
  commit_to_visible_ms: 41,
  stages: [
    {
      stage: 'postgresql',
      found: true,
      at: '2026-11-21T08:00:00.000100Z',
      note: null,
      data: {id: 7, event_type: 'finish', device: HOSTILE.script},
    },
    {stage: 'outbox', found: false, at: null, note: 'its slot was rotated', data: null},
    {
      stage: 'kafka',
      found: true,
      at: '2026-11-21T08:00:00.012000Z',
      note: 'engagement_events, partition 4, offset 3991',
      data: {topic: 'engagement_events', ...messages[4]},
    },
    {
      stage: 'cassandra',
      found: true,
      at: '2026-11-21T08:00:00.041000Z',
      note: null,
      data: {offset: 3991},
    },
    {stage: 'redis', found: null, at: null, note: 'does not answer: timeout', data: null},
  ],
}
export const letters = ['RULE_BROKEN', 'RECORD_TOO_LARGE'].map((reason, i) => ({
  id: i === 0 ? 'engagement_events:4:17' : 'outbox:812',
  origin: i === 0 ? 'topic' : 'outbox',
  topic: 'engagement_events',
  key: uuid(2),
  reason,
  message: `cannot be applied: ${HOSTILE.script}`,
  failed_at: new Date().toISOString(),
  resolution: i === 0 ? null : 'redriven',
  resolved_at: i === 0 ? null : new Date().toISOString(),
  attempts: i,
  next_try_at: null,
}))
export const groups = letters.map(({origin, topic, reason}, i) => {
  return {origin, topic, reason, open: i === 0 ? 250 : 0, resolved: i}
})
