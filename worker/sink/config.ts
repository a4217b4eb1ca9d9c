/** Settings of the sink. */
import type {EnvReader} from '../../platform/config.ts'
import {readAllow} from '../../platform/guarded-fetch.ts'
import {BODIES, createHeaders, type Credentials} from './http-request.ts'

export type SinkConfig = ReturnType<typeof readSinkConfig>

/** Problems are told by `read.finish()`. */
export function readSinkConfig(read: EnvReader) {
  const int = (name: string, fallback: number, min: number, max: number): number =>
    read.int(`WORKER_SINK_${name}`, fallback, {min, max})
  const names = read.text('WORKER_SINK_STREAMS', '', /^$|^[a-z]\w*(\s*,\s*[a-z]\w*)*$/)
  const url = read.text('WORKER_SINK_URL', '', /^$|^https?:\/\/\S+$/)
  const config = {
    /** Names of streams. */
    streams: names === '' ? [] : names.split(',').map(name => name.trim()),
    groupId: read.text('WORKER_SINK_GROUP_ID', 'sink', /^[\w.-]{1,100}$/),
    /** Whether enriched topics are written. */
    isTopic: read.flag('WORKER_SINK_TOPIC', false),
    url: url === '' ? null : url,
    allow: readAllow(read, 'WORKER_SINK_ALLOW'),
    credentials: readCredentials(read),
    body: read.choice('WORKER_SINK_BODY', 'batch', BODIES),
    batchEventsMax: int('BATCH_EVENTS_MAX', 100, 1, 10_000),
    batchBytesMax: int('BATCH_BYTES_MAX', 512 * 1024, 1024, 64 * 2 ** 20),
    timeoutMs: int('TIMEOUT_MS', 10_000, 10, 600_000),
    /** First wait before a delivery is repeated; it doubles up to the longest. */
    retryMs: int('RETRY_MS', 500, 1, 60_000),
    retryMaxMs: int('RETRY_MAX_MS', 60_000, 1, 3_600_000),
    /** Requests that fail in a row before the other system is asked now and then only. */
    failuresMax: int('FAILURES_MAX', 5, 1, 1000),
    /** Single events that are refused in a row before they are held back instead of put aside. */
    refusalsMax: int('REFUSALS_MAX', 20, 1, 1_000_000),
    /** How long an event waits for the row that it refers to. */
    referenceWaitMs: int('REFERENCE_WAIT_MS', 30_000, 0, 3_600_000),
    /** What waits for longer is told by health. */
    stalledMs: int('STALLED_MS', 60_000, 0, 86_400_000),
  } as const
  if (config.retryMaxMs < config.retryMs) {
    read.problem('WORKER_SINK_RETRY_MAX_MS', 'must be at least WORKER_SINK_RETRY_MS')
  }
  if (URL.canParse(url) && new URL(url).username !== '') {
    read.problem('WORKER_SINK_URL', 'put what is before the @ into WORKER_SINK_AUTHORIZATION')
  }
  const isSomewhere = config.url !== null || config.isTopic
  if (config.streams.length > 0 && !isSomewhere) {
    read.problem('WORKER_SINK_STREAMS', 'set WORKER_SINK_URL or WORKER_SINK_TOPIC=true, too')
  }
  if (config.streams.length === 0 && isSomewhere) {
    read.problem('WORKER_SINK_STREAMS', 'name the streams whose events are sent')
  }
  return config
}

function readCredentials(read: EnvReader): Credentials {
  const secret = read.secret('WORKER_SINK_SECRET')
  const authorization = read.secret('WORKER_SINK_AUTHORIZATION')
  const credentials = {
    ...(secret === undefined ? {} : {secret}),
    ...(authorization === undefined ? {} : {authorization}),
  }
  try {
    createHeaders(credentials)
  } catch {
    read.problem('WORKER_SINK_SECRET', 'give a secret of Standard Webhooks: whsec_ and base64')
  }
  return credentials
}
