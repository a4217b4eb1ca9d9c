/** Puts the API together from open connections; main.ts and the tests open them. */
import {join} from 'node:path'
import {findRole, type Stream} from '../contracts/stream.ts'
import {topicName} from '../contracts/topics.ts'
import type {Cassandra} from '../platform/cassandra.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import type {RecordReader} from '../platform/kafka-reader.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Metrics} from '../platform/metrics.ts'
import type {Redis} from '../platform/redis.ts'
import type {Registry} from '../platform/registry.ts'
import {withIdsSql} from '../db/truth/row-id.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {markAwaited} from '../readmodel/awaited.ts'
import {groupOf, readGenerations} from '../readmodel/generations.ts'
import {createPositions} from '../readmodel/positions.ts'
import {CONTENT_TYPES, EVENT_TYPES} from '../db/tables.ts'
import {isSample} from '../db/sample-tables.ts'
import {createActivityWorker} from './activity-requests.ts'
import {buildApp, type Api, type Deps} from './app.ts'
import type {ApiConfig} from './config.ts'
import {createContentTable, noContents} from './content-table.ts'
import {createCursors} from './cursor.ts'
import type {Database} from './database.ts'
import {createFreshness} from './freshness.ts'
import {addGraphql} from './graphql/plugin.ts'
import {forgetOldAnswers} from './idempotency.ts'
import {createKeyStore} from './key-store.ts'
import {createLate, type Late} from './late.ts'
import {alertSource} from './live/alerts.ts'
import {createHub} from './live/hub.ts'
import {figureSources} from './live/figures.ts'
import {createFigureLoop} from './live/sources.ts'
import {streamSources} from './live/stream-sources.ts'
import {createTail} from './live/tail.ts'
import {createLocate} from './locate.ts'
import {createApiMetrics} from './metrics.ts'
import {createAnyDecoder} from './pipeline/decode-any.ts'
import {createDeadLetters} from './pipeline/dead-letters.ts'
import {createHealth, createHealthKeeper} from './pipeline/health.ts'
import {measureHealth} from './pipeline/health-metrics.ts'
import {createInspector} from './pipeline/inspector.ts'
import {createLagWatch} from './pipeline/lag.ts'
import {createLatency} from './pipeline/latency.ts'
import {createLetterRetries} from './pipeline/letter-retries.ts'
import {createHistoryKeeper, createOverview} from './pipeline/overview.ts'
import {servicesOf} from './pipeline/services.ts'
import {createTrace} from './pipeline/trace.ts'
import type {Counter} from './plugins/limits.ts'
import {addPages} from './plugins/pages.ts'
import {createAsk} from './insight/ask.ts'
import {createSubjects} from './query/subjects.ts'
import {createContentFacts, type ClosedTypes} from './reads/content-facts.ts'
import {createEngagementReads} from './reads/engagement.ts'
import {judgeReadiness, storeChecks} from './readiness.ts'
import {openStores} from './reads/open.ts'
import type {Reads} from './reads/reads.ts'
import {createServed} from './reads/served.ts'
import {createStreamAnswers} from './reads/stream-answers.ts'
import {createUserReads} from './reads/users.ts'
import {addAdminRoutes} from './routes/admin.ts'
import {addAlertChannelRoutes} from './routes/alert-channels.ts'
import {addAlertRuleRoutes} from './routes/alert-rules.ts'
import {addAlertRoutes} from './routes/alerts.ts'
import {addEventRoutes} from './routes/events.ts'
import {addInsightRoutes} from './routes/insight.ts'
import {addLiveRoutes} from './routes/live.ts'
import {addMetricsRoutes} from './routes/metrics.ts'
import {addOverviewRoutes} from './routes/overview.ts'
import {addPlatformRoutes} from './routes/platform.ts'
import {addQueryRoutes} from './routes/query.ts'
import {createReadAfter} from './routes/read-after.ts'
import {addScheduleRoutes} from './routes/schedules.ts'
import {addSegmentRoutes} from './routes/segments.ts'
import {addStreamLive} from './routes/stream-live.ts'
import {addStreamRoutes} from './routes/streams.ts'
import {addUserRoutes} from './routes/users.ts'
import {createWaits} from './waits.ts'

export interface Resources {
  readonly db: Database
  readonly redis: Redis
  /** Without a keyspace: to look which ones there are. */
  readonly cassandra: Late<Cassandra>
  readonly cassandraOf: (keyspace: string) => Cassandra
  /** The keyspace that people know; others of it begin with its name. */
  readonly keyspace: string
  readonly admin: Late<KafkaAdmin>
  readonly registry: Registry
  /** One for looking, one for the live tail: a fetch of one does not wait for the other's. */
  readonly readers: {readonly inspect: RecordReader; readonly tail: RecordReader}
  readonly log: Logger
  readonly registryOfMetrics: Metrics
  /** Signs cursors and sessions; shared by all API processes. */
  readonly secret: string
  readonly topicPrefix: string
  readonly streams: readonly Stream[]
}

const SECOND_MS = 1000
const CLEAN_MS = 600_000
const LETTERS_MS = 15_000

export interface Composed {
  readonly app: Api
  readonly loops: readonly Loop[]
}

export async function composeApi(resources: Resources, config: ApiConfig): Promise<Composed> {
  const {db, redis, cassandra, admin, log, registryOfMetrics, topicPrefix, secret} = resources
  const metrics = createApiMetrics(registryOfMetrics)
  const {streams} = resources
  const [content, engagement, activity] = (['content', 'engagement', 'activity'] as const).map(
    role => findRole(streams, role),
  )
  const hasEngagement = engagement !== undefined
  const counted = streams.filter(({isReference}) => !isReference)
  const topics = new Map(counted.map(({name, topic}) => [name, topicName(topicPrefix, topic)]))
  const partitions = new Map(
    [...topics].map(([name, topic]) => [
      name,
      createLate(async () => (await (await admin.get()).offsets(topic)).length),
    ]),
  )
  const served = createServed(
    async () => await readGenerations(await cassandra.get(), resources.keyspace),
    () => performance.now(),
  )
  const streamOf = new Map([...topics].map(([name, topic]) => [topic, name]))
  const lag = createLagWatch(
    {db, admin: () => admin.get()},
    {
      topics: [...topics.values()],
      async groupOf(topic) {
        const {keyspace} = await served.of(streamOf.get(topic)!)
        return groupOf(config.processorGroupId, resources.keyspace, keyspace)
      },
      lifeMs: 500,
    },
  )
  let standing: readonly string[] = []
  const {stores, polled} = openStores({
    streams,
    redis,
    cassandraOf: resources.cassandraOf,
    served,
    partitionsOf: async ({name}) => await partitions.get(name)!.get(),
    freshness: () => freshness,
    standing: stream => standing.filter(name => name.startsWith(`${topics.get(stream)}/`)),
    metrics,
  })
  const freshness = createFreshness(
    {
      lag: () => lag.read(),
      async applied(stream) {
        const {live} = await stores.reads(stream)
        return (await live.markers()).map(marker => marker?.offset ?? null)
      },
      topics,
      log,
    },
    {everyMs: SECOND_MS},
  )
  const waits = createWaits(
    {
      ...createLocate({
        stores,
        async committed(stream, partition) {
          const {keyspace} = await served.of(stream)
          const positions = createPositions(resources.cassandraOf(keyspace))
          return (await positions.load(topics.get(stream)!, partition))?.offset ?? null
        },
        async mark(stream, partition) {
          if (!redis.isReady) return
          await markAwaited(redis, {space: await stores.space(stream), stream, partition})
        },
      }),
      metrics,
    },
    {waitMsMax: config.waitMsMax},
  )
  const contents = content === undefined ? noContents() : createContentTable(db, content)
  const [reads, liveReads] = [stores, polled].map((from): Reads => ({
    ...createEngagementReads({contents, stores: from}),
    ...createUserReads({stores: from}),
  })) as [Reads, Reads]
  const answers = createStreamAnswers(stores)
  const cursors = createCursors(secret)
  const hub = createHub(
    {log, metrics},
    {
      bufferBytesMax: 262_144,
      heartbeatMs: 15_000,
      lifeMsMax: 3_600_000,
      clientsMax: config.liveClientsMax,
      perAddressMax: config.livePerAddressMax,
    },
  )
  const activityWorker = createActivityWorker(
    {
      db,
      log,
      onDone(request) {
        const channel = `request:${request.request_id}`
        hub.publish(channel, {event: 'request', data: request})
        hub.finish(channel)
      },
    },
    {pollMs: 1000},
  )
  const overview = createOverview({
    reads: liveReads,
    redis,
    ratePerSecond: () => freshness.ratePerSecond,
    latency: createLatency(config.processorUrls),
  })
  const decoder = createAnyDecoder(id => resources.registry.schemaById(id))
  const inspector = createInspector({
    admin: () => admin.get(),
    reader: resources.readers.inspect,
    decoder,
  })
  const tail = createTail(
    {hub, log, reader: resources.readers.tail, admin: () => admin.get(), decoder},
    {topicPrefix, streams},
  )
  const plans = counted.map(({name}) => stores.plan(name))
  const sources = [
    ...figureSources({reads: liveReads, overview, hasEngagement}),
    ...streamSources(plans, createStreamAnswers(polled)),
    alertSource(db),
  ]
  const checks = storeChecks(resources)
  const deps: Deps = {
    db,
    cursors,
    keys: createKeyStore(db),
    metrics,
    waits,
    activityWorker,
    streams,
    health: {
      registry: registryOfMetrics,
      readiness: () => judgeReadiness(checks),
      verdict: async () => (await health.read()).verdict,
    },
  }
  const readAfter = createReadAfter(waits, stores.findPlan, {
    async committed({stream, id}) {
      const declared = stores.plan(stream).stream
      const {text, values} = withIdsSql(declared, [String(id)])
      const {rowCount} = await db.query(
        `SELECT FROM ${quoteTable(declared.table)} r WHERE ${text}`,
        values,
      )
      return rowCount > 0
    },
    unpublished: async () => (await lag.read()).outboxUnpublished,
  })
  const deadLetters = createDeadLetters(
    {db, admin: () => admin.get(), reader: resources.readers.inspect, inspector, streams},
    {topicPrefix},
  )
  const trace = createTrace(
    {db, admin: () => admin.get(), inspector, reads: stores.reads},
    {topicPrefix},
  )
  const health = createHealth(
    {
      db,
      lag,
      deadLetters,
      streams,
      cassandraOf: resources.cassandraOf,
      generations: () => served.all(),
      checkStores: checks,
      admin: () => admin.get(),
    },
    {topicPrefix, services: servicesOf(config)},
  )
  measureHealth(registryOfMetrics, metrics, {health, now: Date.now})
  const readDeps = {reads, readAfter, cursors}
  const countedNames = counted.map(({name}) => name)
  const facts =
    content === undefined
      ? undefined
      : createContentFacts(contents, closedOf([content, engagement]))
  const subjects = createSubjects(stores, countedNames, facts)
  registryOfMetrics.onScrape(async () => {
    const {records} = await lag.read()
    if (records !== null) metrics.lagRecords.set(records)
    const letters = await deadLetters.count()
    if (letters.outbox !== null) metrics.openDeadLetters.set({origin: 'outbox'}, letters.outbox)
    if (letters.topics !== null) metrics.openDeadLetters.set({origin: 'topics'}, letters.topics)
    const age = freshness.ageMs('cassandra', 'engagement')
    if (age !== null) metrics.ageSeconds.set(age / 1000)
  })

  const app = await buildApp(
    deps,
    {
      logger: log,
      counter: toCounter(redis),
      async addReads(api) {
        if (hasEngagement) {
          addMetricsRoutes(api, readDeps)
          addEventRoutes(api, readDeps)
          addPlatformRoutes(api, readDeps)
        }
        addQueryRoutes(api, {...readDeps, db, subjects})
        addSegmentRoutes(api, {db, subjects})
        addInsightRoutes(api, {
          ask: createAsk({reads, db, subjects}),
          reads,
          subjects,
          streams: countedNames,
          now: Date.now,
          hasContents: hasEngagement,
          keptMs: config.insightKeptMs,
        })
        addAlertRoutes(api, {hub, sources, db, cursors})
        addAlertRuleRoutes(api, {db, subjects})
        addAlertChannelRoutes(api, {db, cursors})
        if (activity !== undefined) addUserRoutes(api, readDeps)
        addStreamRoutes(api, {streams, topicPrefix, stores, ...answers, readAfter, cursors})
        addOverviewRoutes(api, overview)
        addLiveRoutes(api, {
          hub,
          reads,
          tail,
          sources,
          overview,
          db,
          takesRequests: activity !== undefined && isSample(activity),
        })
        addStreamLive(api, {hub, sources, stores})
        addAdminRoutes(
          api,
          {
            db,
            admin: () => admin.get(),
            registry: resources.registry,
            inspector,
            lag,
            deadLetters,
            health,
            trace,
            checkStores: checks,
            streams,
            planOf: stores.plan,
          },
          {...config, topicPrefix},
        )
        addScheduleRoutes(api, {db, cursors})
        const streamGraph = {plans, ...answers, cursors}
        await addGraphql(api, {
          reads,
          db,
          subjects,
          hub,
          declared: streams,
          streams: streamGraph,
          production: config.production,
        })
        await addPages(api, join(process.cwd(), config.pagesFolder))
      },
    },
    {...config, secret},
  )
  app.addHook('preClose', () => hub.close())
  const figureLoops = sources.map(source => createFigureLoop({hub, log}, source))
  const letterRetries = createLetterRetries({deadLetters, log}, {everyMs: LETTERS_MS})
  const keepers = [
    createCleaner(db),
    createHistoryKeeper(overview),
    createHealthKeeper(health, view => {
      standing = view.standing
    }),
    letterRetries,
  ]
  return {app, loops: [served, freshness, activityWorker, tail, ...keepers, ...figureLoops]}
}

/** Tables of others take what they like. */
const closedOf = (streams: readonly (Stream | undefined)[]): ClosedTypes =>
  streams.every(one => one !== undefined && isSample(one))
    ? {content_type: CONTENT_TYPES, event_type: EVENT_TYPES}
    : {}

/** A counter that lives for one window. */
const toCounter = (redis: Redis): Counter => ({
  async add(key, amount, windowMs) {
    const [total] = await redis.pipeline([
      ['INCRBY', key, String(amount)],
      ['PEXPIRE', key, String(windowMs)],
    ])
    return Number(total)
  },
})

const createCleaner = (db: Database): Loop => ({
  name: 'clean-up',
  async run(signal) {
    while (!signal.aborted) {
      await forgetOldAnswers(db).catch(() => 0)
      await pause(CLEAN_MS, signal)
    }
  },
})
