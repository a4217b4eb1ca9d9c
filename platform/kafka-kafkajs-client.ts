/**
 * What the parts of the kafkajs adapter share: its client, and what its errors
 * allow next.
 */
import type {Kafka, KafkaConfig} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {messageOf, PipelineError} from './errors.ts'
import {kafkajs} from './kafka-kafkajs-library.ts'
import type {Logger} from './log.ts'

/** Default time after which a request is given up. */
export const REQUEST_TIMEOUT_MS = 10_000

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
