/** Puts the API together from open connections; main.ts and the tests open them. */
import {join} from 'node:path'
import {topicName} from '../contracts/topics.ts'
import {EVENT_TYPES} from '../contracts/engagement.ts'
import type {Cassandra} from '../platform/cassandra.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import type {RecordReader} from '../platform/kafka-reader.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Metrics} from '../platform/metrics.ts'
import type {Redis} from '../platform/redis.ts'
import type {Registry} from '../platform/registry.ts'
import {createActivityReads, createLiveActivityReads} from '../readmodel/activity-reads.ts'
import {createActivityStore} from '../readmodel/activity-store.ts'
import {markAwaited} from '../readmodel/awaited.ts'
import {createContentReads} from '../readmodel/content-reads.ts'
import {createContentStore} from '../readmodel/content-store.ts'
import {createEventStore} from '../readmodel/event-store.ts'
import {createLiveReads} from '../readmodel/live-reads.ts'
import {createPartitionStore} from '../readmodel/partition-store.ts'
import {createActivityWorker} from './activity-requests.ts'
import {buildApp, ownerFilter, writeRequest, type Api, type AppOptions, type Deps} from './app.ts'
import type {ApiConfig} from './config.ts'
import {createCursors} from './cursor.ts'
import type {Database} from './database.ts'
import {createFreshness} from './freshness.ts'
import {addGraphql} from './graphql/plugin.ts'
import {forgetOldAnswers} from './idempotency.ts'
import {createKeyStore} from './key-store.ts'
import {createLate, type Late} from './late.ts'
import {createHub} from './live/hub.ts'
import {figureSources} from './live/figures.ts'
import {createFigureLoop} from './live/sources.ts'
import {createTail} from './live/tail.ts'
import {createLocate, TOPIC_OF} from './locate.ts'
import {createApiMetrics} from './metrics.ts'
import {createAnyDecoder} from './pipeline/decode-any.ts'
import {createDeadLetters} from './pipeline/dead-letters.ts'
import {createInspector} from './pipeline/inspector.ts'
import {createLagWatch} from './pipeline/lag.ts'
import {createLatency} from './pipeline/latency.ts'
import {createHistoryKeeper, createOverview} from './pipeline/overview.ts'
import {traceDeps} from './pipeline/trace-stores.ts'
import {createTrace} from './pipeline/trace.ts'
import type {Counter} from './plugins/limits.ts'
import {addPages} from './plugins/pages.ts'
import {createEngagementReads} from './reads/engagement.ts'
import {judge, storeChecks} from './readiness.ts'
import type {Reads} from './reads/reads.ts'
import {needRedis, withoutStored, type Stores} from './reads/stores.ts'
import {createUserReads} from './reads/users.ts'
import {addAdminRoutes} from './routes/admin.ts'
import {addEventRoutes} from './routes/events.ts'
import {addLiveRoutes} from './routes/live.ts'
import {addMetricsRoutes} from './routes/metrics.ts'
import {addOverviewRoutes} from './routes/overview.ts'
import {addPlatformRoutes} from './routes/platform.ts'
import {createReadAfter} from './routes/read-after.ts'
import {addUserRoutes} from './routes/users.ts'
import {createWaits} from './waits.ts'

export interface Resources {
  readonly db: Database
  readonly redis: Redis
  readonly cassandra: Late<Cassandra>
  readonly admin: Late<KafkaAdmin>
  readonly registry: Registry
  /** One for looking, one for the live tail: a fetch of one does not wait for the other's. */
  readonly readers: {readonly inspect: RecordReader; readonly tail: RecordReader}
  readonly log: Logger
  readonly registryOfMetrics: Metrics
  /** Signs cursors and sessions; shared by all API processes. */
  readonly secret: string
  readonly topicPrefix: string
}

type Stream = 'engagement' | 'activity'

const SECOND_MS = 1000
const CLEAN_MS = 600_000

export interface Composed {
  readonly app: Api
  readonly loops: readonly Loop[]
}

export async function composeApi(resources: Resources, config: ApiConfig): Promise<Composed> {
  const {db, redis, cassandra, admin, log, registryOfMetrics, topicPrefix, secret} = resources
  const metrics = createApiMetrics(registryOfMetrics)
  const topicOf = (stream: Stream): string => topicName(topicPrefix, TOPIC_OF[stream])
  const countPartitions = (stream: Stream): Late<number> =>
    createLate(async () => (await (await admin.get()).offsets(topicOf(stream))).length)
  const partitions = {
    engagement: countPartitions('engagement'),
    activity: countPartitions('activity'),
  }
  const lag = createLagWatch(
    {db, admin: () => admin.get()},
    {
      topics: [topicOf('engagement'), topicOf('activity')],
      group: config.processorGroupId,
      lifeMs: 500,
    },
  )
  const live = createLate(async () => ({
    engagement: createLiveReads(redis, await partitions.engagement.get()),
    activity: createLiveActivityReads(redis, await partitions.activity.get()),
  }))
  const stored = createLate(async () => {
    const open = await cassandra.get()
    return {
      cassandra: open,
      content: createContentReads(open, await partitions.engagement.get()),
      activity: createActivityReads(open, await partitions.activity.get()),
      events: createEventStore(open),
      activities: createActivityStore(open),
      contents: createContentStore(open),
    }
  })
  const readLive = async () => {
    needRedis(redis)
    return await live.get()
  }
  const freshness = createFreshness(
    {
      lag: () => lag.read(),
      applied: async stream =>
        (await (await readLive())[stream].leases()).map(lease => lease?.offset ?? null),
      topicOf,
      log,
    },
    {everyMs: SECOND_MS},
  )
  const stores: Stores = {
    live: readLive,
    stored: () => stored.get(),
    ageMs: (store, stream) => freshness.ageMs(store, stream),
    metrics,
  }
  const waits = createWaits(
    {
      ...createLocate({
        db,
        stores,
        partitionsOf: stream => partitions[stream].get(),
        committed: async (stream, partition) => {
          const {cassandra: open} = await stored.get()
          const progress = await createPartitionStore(open).load(topicOf(stream), partition)
          return progress?.offset ?? null
        },
        mark: async (stream, partition) => {
          needRedis(redis)
          await markAwaited(redis, stream, partition)
        },
      }),
      metrics,
    },
    {waitMsMax: config.waitMsMax},
  )
  const reads: Reads = {
    ...createEngagementReads({db, stores, counted: EVENT_TYPES, now: Date.now}),
    ...createUserReads({db, stores}),
  }
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
  const liveOnly = withoutStored(stores)
  const liveReads: Reads = {
    ...createEngagementReads({db, stores: liveOnly, counted: EVENT_TYPES, now: Date.now}),
    ...createUserReads({db, stores: liveOnly}),
  }
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
    {topicPrefix},
  )
  const sources = figureSources({reads: liveReads, overview})
  const checks = storeChecks(resources)
  const deps: Deps = {
    db,
    cursors,
    keys: createKeyStore(db),
    metrics,
    waits,
    activityWorker,
    health: {registry: registryOfMetrics, readiness: () => judge(checks, lag, config)},
    writeRequest,
    ownerFilter,
  }
  const readAfter = createReadAfter(waits, {
    async committed({stream, id}) {
      const table = stream === 'engagement' ? 'engagement_events' : 'activity_events'
      const {rowCount} = await db.query(`SELECT FROM ${table} WHERE id = $1`, [id])
      return rowCount > 0
    },
    unpublished: async () => (await lag.read()).outboxUnpublished,
  })
  const deadLetters = createDeadLetters({db, inspector, decoder}, {topicPrefix})
  const trace = createTrace(traceDeps(resources, stores, inspector), {topicPrefix})
  const readDeps = {reads, readAfter, cursors}
  registryOfMetrics.onScrape(async () => {
    const {records} = await lag.read()
    if (records !== null) metrics.lagRecords.set(records)
    const age = freshness.ageMs('cassandra', 'engagement')
    if (age !== null) metrics.ageSeconds.set(age / 1000)
  })

  const app = await buildApp(
    deps,
    {
      logger: log,
      counter: toCounter(redis),
      async addReads(api) {
        addMetricsRoutes(api, readDeps)
        addEventRoutes(api, readDeps)
        addPlatformRoutes(api, readDeps)
        addUserRoutes(api, readDeps)
        addOverviewRoutes(api, overview)
        addLiveRoutes(api, {hub, reads, tail, sources, overview, db, ownerFilter})
        addAdminRoutes(
          api,
          {
            db,
            admin: () => admin.get(),
            registry: resources.registry,
            inspector,
            lag,
            deadLetters,
            trace,
            checkStores: checks,
          },
          {...config, topicPrefix},
        )
        await addGraphql(api, {reads, db, hub, production: config.production})
        await addPages(api, join(process.cwd(), config.pagesFolder))
      },
    },
    appOptions(config, secret),
  )
  app.addHook('preClose', () => hub.close())
  const figureLoops = sources.map(source => createFigureLoop({hub, log}, source))
  const keepers = [createCleaner(db), createHistoryKeeper(overview)]
  return {app, loops: [freshness, activityWorker, tail, ...keepers, ...figureLoops]}
}

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

const appOptions = (config: ApiConfig, secret: string): AppOptions => ({
  ...config,
  secret,
})
