/** The sinks of a worker: one loop for the other system, one for enriched topics, as settings want them. */
import type {Stream} from '../../contracts/stream.ts'
import {sinkLetterTopic, topicName, valueSubject} from '../../contracts/topics.ts'
import {createDecoder, type Encoder} from '../../platform/avro-codec.ts'
import type {CassandraConnection, KafkaConnection} from '../../platform/connections.ts'
import {PipelineError} from '../../platform/errors.ts'
import {createGuardedFetch} from '../../platform/guarded-fetch.ts'
import {openAdmin, openPublisher, openSubscriber} from '../../platform/kafka-clients.ts'
import type {KafkaAdmin, Publisher} from '../../platform/kafka.ts'
import type {Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import type {Metrics} from '../../platform/metrics.ts'
import type {Registry} from '../../platform/registry.ts'
import {createDeadLetterPublisher} from '../../readmodel/dead-letters.ts'
import {planShown} from '../../readmodel/shown.ts'
import {createBreaker} from './breaker.ts'
import type {SinkConfig} from './config.ts'
import type {Destination} from './destination.ts'
import {enrichedSchema, enrichedTopic} from './enriched-schema.ts'
import {createEventPrinter} from './event.ts'
import {createHeld, type Held} from './held.ts'
import {createHttpDestination} from './http-destination.ts'
import {createHeaders} from './http-request.ts'
import {createSinkMetrics, type SinkMetrics} from './metrics.ts'
import {createEventReader} from './read-events.ts'
import {openReferenceSource} from './reference-source.ts'
import {createReferences} from './references.ts'
import {createSink, type SinkSession} from './sink.ts'
import {createTopicDestination, enrichedEncoder} from './topic-destination.ts'

export interface SinksDeps {
  /** Those of the pipeline. */
  readonly streams: readonly Stream[]
  readonly kafka: KafkaConnection
  readonly cassandra: CassandraConnection
  readonly registry: Registry
  readonly metrics: Metrics
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Sinks {
  /** None when nothing is to be sent. */
  readonly loops: readonly Loop[]
  /** Sentences for people: what has been waiting for long. */
  problems(): readonly string[]
}

/** A stream, by its topic with the prefix. */
type ByTopic = ReadonlyMap<string, Stream>
/** What it opens is closed with the resources. */
type OpenDestination = (resources: AsyncDisposableStack) => Promise<Destination>

const FETCH_WAIT_MS = 200
const FETCH_BYTES_MAX = 2 * 2 ** 20
const SESSION_TIMEOUT_MS = 10_000

/** @throws `CONFIG_INVALID` when settings name a stream that there is not */
export function createSinks(deps: SinksDeps, config: SinkConfig): Sinks {
  const chosen = chooseStreams(deps, config)
  if (chosen.size === 0) return {loops: [], problems: () => []}
  const metrics = createSinkMetrics(deps.metrics)
  const opened: readonly (readonly [string, OpenDestination])[] = [
    ...(config.url === null ? [] : [['http', openHttp(deps, config, {chosen, metrics})] as const]),
    ...(config.isTopic ? [['topic', openTopics(deps, config, {chosen, metrics})] as const] : []),
  ]
  const helds = opened.map(([name]) => [name, createHeld(name, {...deps, ...config})] as const)
  deps.metrics.onScrape(() => {
    for (const [destination, held] of helds) {
      metrics.waiting.set({destination}, held.longestMs() / 1000)
    }
  })
  return {
    loops: opened.map(([name, open], i) =>
      createSinkLoop(deps, config, {name, open, chosen, metrics, held: helds[i]![1]}),
    ),
    problems: () => helds.flatMap(([, held]) => held.problems()),
  }
}

function chooseStreams({streams, kafka}: SinksDeps, config: SinkConfig): ByTopic {
  const chosen = config.streams.map(name => {
    const stream = streams.find(one => one.name === name)
    if (stream !== undefined) return stream
    const known = streams.map(one => one.name).join(', ')
    throw new PipelineError(
      'CONFIG_INVALID',
      `WORKER_SINK_STREAMS: there is no stream ${name}; there are ${known}`,
      {disposition: 'stop'},
    )
  })
  return new Map(chosen.map(stream => [topicName(kafka.topicPrefix, stream.topic), stream]))
}

interface Chosen {
  readonly chosen: ByTopic
  readonly metrics: SinkMetrics
}

const delaysOf = ({retryMs, retryMaxMs}: SinkConfig) => ({
  firstDelayMs: retryMs,
  maxDelayMs: retryMaxMs,
})

function openHttp(deps: SinksDeps, config: SinkConfig, {chosen, metrics}: Chosen): OpenDestination {
  const printers = new Map(
    [...chosen].map(([topic, stream]) => {
      const print = createEventPrinter(stream, planShown(stream))
      return [topic, {stream: stream.name, print}]
    }),
  )
  const delays = delaysOf(config)
  const breaker = createBreaker({...config, ...delays}, deps)
  deps.metrics.onScrape(() => metrics.breakerOpen.set(breaker.isOpen ? 1 : 0))
  return async resources => {
    const call = createGuardedFetch(config)
    resources.defer(() => call.close())
    const destination = createHttpDestination(
      {
        call,
        breaker,
        headersOf: createHeaders(config.credentials),
        printerOf: topic => printers.get(topic)!,
        metrics,
        now: deps.now,
        random: Math.random,
      },
      {...config, ...delays, url: config.url!},
    )
    return await Promise.resolve(destination)
  }
}

const openSinkPublisher = ({kafka, log}: SinksDeps): Promise<Publisher> =>
  openPublisher(kafka, {clientId: 'sink', log: log.child({component: 'kafka'})})

function openTopics(
  deps: SinksDeps,
  config: SinkConfig,
  {chosen, metrics}: Chosen,
): OpenDestination {
  return async resources => {
    const encoders = new Map<string, Encoder>()
    for (const [topic, stream] of chosen) {
      const schema = enrichedSchema(stream, planShown(stream))
      const subject = valueSubject(enrichedTopic(topic))
      const id = await schemaIdOf(deps.registry, subject, schema)
      encoders.set(topic, enrichedEncoder(schema, id))
    }
    const destination = createTopicDestination(
      {
        open: () => openSinkPublisher(deps),
        encoderOf: topic => encoders.get(topic)!,
        metrics,
      },
      delaysOf(config),
    )
    resources.defer(() => destination.close())
    return destination
  }
}

/** Looked up first: of two workers that register the same at once one is refused, and comes here again. */
async function schemaIdOf(registry: Registry, subject: string, schema: object): Promise<number> {
  try {
    return await registry.idOf(subject, schema)
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'SCHEMA_UNKNOWN') throw error
    return await registry.register(subject, schema)
  }
}

/** Topics beside those of the streams, with as many partitions: an event keeps its partition. */
async function ensureTopics(
  admin: Pick<KafkaAdmin, 'listTopics' | 'ensureTopics'>,
  chosen: ByTopic,
  isTopic: boolean,
): Promise<void> {
  const partitions = new Map(
    (await admin.listTopics()).map(one => [one.topic, one.partitions] as const),
  )
  const specs = [...chosen.keys()].flatMap(topic => {
    const count = partitions.get(topic)
    if (count === undefined) {
      throw new PipelineError('TOPIC_UNKNOWN', `no topic ${topic}: run npm run init`, {
        disposition: 'retry',
      })
    }
    const forEver = {'retention.ms': '-1'}
    const letters = {topic: sinkLetterTopic(topic), partitions: count, config: forEver}
    return isTopic ? [letters, {topic: enrichedTopic(topic), partitions: count}] : [letters]
  })
  await admin.ensureTopics(specs)
}

function createSinkLoop(
  deps: SinksDeps,
  config: SinkConfig,
  of: Chosen & {readonly name: string; readonly open: OpenDestination; readonly held: Held},
): Loop {
  const {name, open, chosen, metrics, held} = of
  const {kafka, registry} = deps
  const log = deps.log.child({component: 'sink', destination: name})
  const openSession = async (resources: AsyncDisposableStack): Promise<SinkSession> => {
    const admin = await openAdmin(kafka, {clientId: 'sink', log: log.child({component: 'kafka'})})
    resources.defer(async () => await admin.close())
    await ensureTopics(admin, chosen, name === 'topic')
    const source = openReferenceSource(
      {...deps, admin, connection: deps.cassandra, topicPrefix: kafka.topicPrefix},
      {waitMs: config.referenceWaitMs},
    )
    resources.defer(() => source.close())
    const resolve = createReferences(source)
    const letters = createDeadLetterPublisher({
      open: () => openSinkPublisher(deps),
      now: deps.now,
      topicOf: sinkLetterTopic,
    })
    resources.defer(() => letters.close())
    const decoders = new Map(
      [...chosen].map(([topic, {schema}]) => [
        topic,
        createDecoder<unknown>(schema, id => registry.schemaById(id)),
      ]),
    )
    return {
      destination: await open(resources),
      subscriber: openSubscriber(kafka, {
        clientId: 'sink',
        log: log.child({component: 'kafka'}),
        groupId: `${config.groupId}-${name}`,
        topics: [...chosen.keys()],
        maxWaitMs: FETCH_WAIT_MS,
        fetchBytesMax: FETCH_BYTES_MAX,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
      }),
      createReader: topic =>
        createEventReader(chosen.get(topic)!, {decoder: decoders.get(topic)!, resolve}),
      publishLetters: some => letters.publish(some),
    }
  }
  return createSink({name, open: openSession, held, metrics, log}, delaysOf(config))
}
