/**
 * What the parts of the kafkajs adapter share: the client with the repairs that kafkajs 2.2.4 needs,
 * and what its errors allow next.
 */
import {createRequire} from 'node:module'
import kafkajs, {type Kafka, type KafkaConfig} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {messageOf, PipelineError} from './errors.ts'
import {offsetGone, type TopicPartition} from './kafka.ts'
import type {Logger} from './log.ts'

/** Default time after which a request is given up. */
export const REQUEST_TIMEOUT_MS = 10_000

const require = createRequire(import.meta.url)
const {version} = require('kafkajs/package.json') as {version: string}
/** The repairs know this version only; another one is left as it is. */
export const isKnownVersion = version === '2.2.4'
if (isKnownVersion) {
  repairTimers()
  repairLostOffsets()
}

/** It re-arms a 1 ms timer per connection while nothing is pending: 5 % of a core when idle. */
function repairTimers(): void {
  const {prototype} = require('kafkajs/src/network/requestQueue') as {prototype: RequestQueue}
  const original = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function scheduleWhenPending() {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
    original.call(this)
  }
}

/** It goes on at the begin of the log when an offset is gone: records would be left out or repeated. */
function repairLostOffsets(): void {
  const {prototype} = require('kafkajs/src/consumer/consumerGroup') as {
    prototype: {recoverFromOffsetOutOfRange: (error: TopicPartition) => Promise<void>}
  }
  prototype.recoverFromOffsetOutOfRange = async function refuse({topic, partition}) {
    const gone = offsetGone({topic, partition})
    throw Object.assign(new kafkajs.KafkaJSNonRetriableError(gone.message), {cause: gone})
  }
}

/** The part of the library's request queue that the repair touches. */
interface RequestQueue {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/** What the library calls an error while a fresh broker is still loading is no news for people. */
const EXPECTED = /coordinator is (loading|not available)|rebalance|Crash: KafkaJSNumberOfRetries/i

export interface ClientOptions {
  readonly clientId: string
  readonly log: Logger
  readonly requestTimeoutMs?: number
  /** How often the library may repeat a call by itself; none for a publisher. */
  readonly retries?: number
}

export function toClient(connection: KafkaConnection, options: ClientOptions): Kafka {
  const {clientId, log, requestTimeoutMs = REQUEST_TIMEOUT_MS, retries = 5} = options
  const {sasl} = connection
  const config: KafkaConfig = {
    clientId,
    brokers: [...connection.brokers],
    ssl: connection.tls,
    connectionTimeout: 5_000,
    requestTimeout: requestTimeoutMs,
    retry: {initialRetryTime: 100, retries},
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => entry => {
      const {message, error} = entry.log
      const text = `${message} ${String(error ?? '')}`
      const fields = {component: 'kafkajs', error: error as unknown}
      if (EXPECTED.test(text)) log.debug(fields, message)
      else log.warn(fields, message)
    },
  }
  if (sasl === undefined) return new kafkajs.Kafka(config)
  const {mechanism, username, password} = sasl
  if (mechanism === 'plain') {
    return new kafkajs.Kafka({...config, sasl: {mechanism, username, password}})
  }
  if (mechanism === 'scram-sha-256') {
    return new kafkajs.Kafka({...config, sasl: {mechanism, username, password}})
  }
  return new kafkajs.Kafka({...config, sasl: {mechanism, username, password}})
}

const PROTOCOL: Readonly<Record<string, 'TOPIC_UNKNOWN' | 'RECORD_TOO_LARGE'>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'TOPIC_UNKNOWN',
  INVALID_TOPIC_EXCEPTION: 'TOPIC_UNKNOWN',
  MESSAGE_TOO_LARGE: 'RECORD_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'RECORD_TOO_LARGE',
}

/** The library wraps what it was told, at times more than once. */
const causesOf = (error: unknown): readonly unknown[] =>
  error instanceof Error ? [error, ...causesOf(error.cause)] : []

export function classify(error: unknown, what: string): PipelineError {
  const known = causesOf(error).find(one => one instanceof PipelineError)
  if (known !== undefined) return known
  const cause =
    error instanceof kafkajs.KafkaJSNumberOfRetriesExceeded
      ? (error as {cause?: unknown}).cause
      : error
  const type = cause instanceof kafkajs.KafkaJSProtocolError ? cause.type : ''
  const message = `Kafka ${what}: ${messageOf(error)}`
  const code = PROTOCOL[type ?? '']
  if (code !== undefined) {
    return new PipelineError(code, message, {disposition: 'dead-letter', cause: error})
  }
  if (/AUTHORIZATION|SASL|AUTHENTICATION/.test(`${type} ${messageOf(error)}`)) {
    return new PipelineError('UPSTREAM_REFUSED', message, {disposition: 'stop', cause: error})
  }
  return new PipelineError('UPSTREAM_UNAVAILABLE', message, {disposition: 'retry', cause: error})
}
