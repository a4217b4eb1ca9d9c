/** Settings of alerts. */
import {readList, type EnvReader} from '../../platform/config.ts'
import {readApiAddress} from '../../platform/connections.ts'
import {readAllow, type AddressRange} from '../../platform/guarded-fetch.ts'
import {SEVERITIES, type Severity} from '../../contracts/alerts.ts'

export interface AlertConfig {
  readonly apiUrl: string
  readonly apiKey: string | undefined
  /** How long the API may take to answer. */
  readonly askTimeoutMs: number
  /** Numbers that lack what was committed so long ago are not judged by. */
  readonly ageMsMax: number
  /** So long after the last word of the worker that evaluates another one takes over. */
  readonly leaseMs: number
  /** Addresses beside the public ones that webhooks may be at. */
  readonly allow: readonly AddressRange[]
  readonly sendTimeoutMs: number
  /** Longest pause before a receiver that is away is tried again. */
  readonly retryMsMax: number
  /** So long after it was queued a message is given up. */
  readonly giveUpMs: number
  /** None: no mail is sent. */
  readonly smtpUrl: string | undefined
  readonly mailFrom: string
  /** Whom anomalies of readings are told. */
  readonly anomalyChannels: readonly string[]
  readonly anomalySeverity: Severity
  readonly anomalyGroupId: string
}

const SMTP = /^smtps?:\/\/.+/

export function readAlertConfig(read: EnvReader): AlertConfig {
  const allow = readAllow(read, 'WORKER_ALERT_ALLOW')
  const smtpUrl = read.secret('WORKER_ALERT_SMTP_URL')
  if (smtpUrl !== undefined && !SMTP.test(smtpUrl)) {
    read.problem('WORKER_ALERT_SMTP_URL', 'expected smtp://user:password@host:port, or smtps://')
  }
  return {
    ...readApiAddress(read),
    askTimeoutMs: read.int('WORKER_ALERT_ASK_TIMEOUT_MS', 5000, {min: 100, max: 60_000}),
    ageMsMax: read.int('WORKER_ALERT_AGE_MS_MAX', 30_000, {min: 1000, max: 3_600_000}),
    leaseMs: read.int('WORKER_ALERT_LEASE_MS', 5000, {min: 1000, max: 600_000}),
    allow,
    sendTimeoutMs: read.int('WORKER_ALERT_SEND_TIMEOUT_MS', 5000, {min: 100, max: 8000}),
    retryMsMax: read.int('WORKER_ALERT_RETRY_MS_MAX', 60_000, {min: 100, max: 3_600_000}),
    giveUpMs: read.int('WORKER_ALERT_GIVE_UP_MS', 86_400_000, {min: 1000, max: 604_800_000}),
    smtpUrl,
    mailFrom: read.text('WORKER_ALERT_MAIL_FROM', 'alerts@localhost', /^[^\s@<>]+@[^\s@<>]+$/),
    anomalyChannels: readList(read, 'WORKER_ALERT_ANOMALY_CHANNELS'),
    anomalySeverity: read.choice('WORKER_ALERT_ANOMALY_SEVERITY', 'warning', SEVERITIES),
    anomalyGroupId: read.text('WORKER_ALERT_ANOMALY_GROUP_ID', 'anomalies', /^[\w.-]{1,200}$/),
  }
}
