/** The loops of alerts, put together: rules are evaluated, readings are watched, and what they open is sent. */
import type {Stream} from '../../contracts/stream.ts'
import {topicName} from '../../contracts/topics.ts'
import {createDecoder} from '../../platform/avro-codec.ts'
import type {KafkaConnection} from '../../platform/connections.ts'
import {createGuardedFetch} from '../../platform/guarded-fetch.ts'
import {openAdmin, openSubscriber} from '../../platform/kafka-clients.ts'
import type {Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import type {Metrics} from '../../platform/metrics.ts'
import type {Pool} from '../../platform/postgres.ts'
import type {Registry} from '../../platform/registry.ts'
import {findReadings} from './anomaly-readings.ts'
import {createAnomalyTable} from './anomaly-table.ts'
import {createAnomalyWatch} from './anomaly-watch.ts'
import type {AlertConfig} from './config.ts'
import {createCourier, type Channel, type Send} from './courier.ts'
import {createDeliveryTable} from './delivery-table.ts'
import {createEvaluator} from './evaluator.ts'
import {createFigures, shareAnswers} from './figures.ts'
import {createLease} from './lease.ts'
import {openMail} from './mail.ts'
import {createMeasure} from './measure.ts'
import {createAlertMetrics, measureStanding, type AlertMetrics} from './metrics.ts'
import {readAlertStanding} from './standing.ts'
import {createWebhookSend} from './webhook.ts'

export interface AlertDeps {
  readonly pool: Pool
  readonly kafka: KafkaConnection
  readonly registry: Pick<Registry, 'schemaById'>
  readonly streams: readonly Stream[]
  readonly metrics: Metrics
  readonly log: Logger
}

const TICK_MS = 500
/** Rules that are looked at together are given one answer to one question. */
const SHARED_MS = 500
const RENEWALS = 4
const POLL_MS = 300
const FIRST_DELAY_MS = 500
const CONCURRENCY_MAX = 4
/** A channel is somebody else's after an attempt cannot be under way any more. */
const LEASE_TIMES = 4
/** An incident of readings is over after ten quiet minutes. */
const QUIET_MS = 600_000
const RESOLVE_EVERY_MS = 5000
/** A few dozen readings of each of many sensors. */
const LEARNED_RECORDS = 5000
const SENSORS_MAX = 20_000
const FETCH_WAIT_MS = 200
const FETCH_BYTES_MAX = 2 ** 20
const SESSION_TIMEOUT_MS = 10_000

/** Each loop opens what it works with beside these, and closes it. */
export function createAlerts(deps: AlertDeps, config: AlertConfig): readonly Loop[] {
  const metrics = createAlertMetrics(deps.metrics)
  deps.metrics.onScrape(async () => {
    // While the database is away the last figures stand, and readiness says so.
    const standing = await readAlertStanding(deps.pool).catch(() => undefined)
    if (standing !== undefined) measureStanding(metrics, standing)
  })
  const readings = findReadings(deps.streams)
  return [
    evaluatorOf(deps, metrics, config),
    courierOf(deps, metrics, config),
    ...(readings === undefined
      ? []
      : [watchOf(readings, {...deps, alertMetrics: metrics}, config)]),
  ]
}

const now = (): number => Date.now()

const evaluatorOf = (
  {pool, streams, log}: AlertDeps,
  metrics: AlertMetrics,
  config: AlertConfig,
): Loop =>
  createEvaluator(
    {
      pool,
      lease: createLease(pool, {leaseMs: config.leaseMs}),
      measure: createMeasure(
        shareAnswers(createFigures({...config, timeoutMs: config.askTimeoutMs}), {
          lifeMs: SHARED_MS,
          now,
        }),
        now,
      ),
      streams,
      metrics,
      log,
      now,
    },
    {
      tickMs: TICK_MS,
      renewMs: config.leaseMs / RENEWALS,
      concurrencyMax: CONCURRENCY_MAX,
    },
  )

const courierOf = ({pool, log}: AlertDeps, metrics: AlertMetrics, config: AlertConfig): Loop => ({
  name: 'alert-courier',
  async run(signal) {
    await using resources = new AsyncDisposableStack()
    const {allow, smtpUrl, mailFrom: from, sendTimeoutMs: timeoutMs} = config
    const call = createGuardedFetch({allow, timeoutMs})
    resources.defer(() => call.close())
    const senders: Partial<Record<Channel['kind'], Send>> = {
      webhook: createWebhookSend(call, now),
    }
    if (smtpUrl !== undefined) {
      const mail = openMail({smtpUrl, from, timeoutMs})
      resources.defer(() => mail.close())
      senders.mail = mail.send
    }
    const kinds = Object.keys(senders) as Channel['kind'][]
    const deliveries = createDeliveryTable(pool, {leaseMs: LEASE_TIMES * timeoutMs, kinds})
    const courier = createCourier(
      {deliveries, senders, metrics, log},
      {
        pollMs: POLL_MS,
        concurrencyMax: CONCURRENCY_MAX,
        firstDelayMs: FIRST_DELAY_MS,
        maxDelayMs: config.retryMsMax,
        giveUpMs: config.giveUpMs,
      },
    )
    await courier.run(signal)
  },
})

function watchOf(
  stream: Stream,
  {pool, kafka, registry, alertMetrics: metrics, log}: AlertDeps & {alertMetrics: AlertMetrics},
  config: AlertConfig,
): Loop {
  const client = {clientId: 'anomalies', log: log.child({component: 'kafka'})}
  const topic = topicName(kafka.topicPrefix, stream.topic)
  const groupId = `${kafka.topicPrefix}${config.anomalyGroupId}`
  return createAnomalyWatch(
    {
      stream,
      openAdmin: () => openAdmin(kafka, client),
      openSubscriber: () =>
        openSubscriber(kafka, {
          ...client,
          groupId,
          topics: [topic],
          maxWaitMs: FETCH_WAIT_MS,
          fetchBytesMax: FETCH_BYTES_MAX,
          sessionTimeoutMs: SESSION_TIMEOUT_MS,
        }),
      decoder: createDecoder<unknown>(stream.schema, id => registry.schemaById(id)),
      table: createAnomalyTable(pool, {
        severity: config.anomalySeverity,
        channels: config.anomalyChannels,
        quietMs: QUIET_MS,
      }),
      metrics,
      log,
    },
    {
      topic,
      groupId,
      learnedRecords: LEARNED_RECORDS,
      sensorsMax: SENSORS_MAX,
      resolveEveryMs: RESOLVE_EVERY_MS,
    },
  )
}
