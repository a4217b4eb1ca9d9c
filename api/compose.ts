/** Puts the API together from open connections; main.ts and the tests open them. */
import {join} from 'node:path'
import {topicName} from '../contracts/topics.ts'
import {EVENT_TYPES} from '../contracts/engagement.ts'
import type {Cassandra} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import type {RecordReader} from '../platform/kafka-reader.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Metrics} from '../platform/metrics.ts'
import type {Redis} from '../platform/redis.ts'
import type {Registry} from '../platform/registry.ts'
import type {Readiness} from '../platform/status-server.ts'
import {createActivityReads, createLiveActivityReads} from '../readmodel/activity-reads.ts'
import {createActivityStore} from '../readmodel/activity-store.ts'
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
import {createFigureLoop, type FigureSource} from './live/sources.ts'
import {createTail} from './live/tail.ts'
import {createLocate, TOPIC_OF} from './locate.ts'
import {createApiMetrics} from './metrics.ts'
import {createAnyDecoder} from './pipeline/decode-any.ts'
import {createDeadLetters} from './pipeline/dead-letters.ts'
import {createInspector} from './pipeline/inspector.ts'
import {createLagWatch} from './pipeline/lag.ts'
import {createLatency} from './pipeline/latency.ts'
import {createOverview} from './pipeline/overview.ts'
import {createTrace} from './pipeline/trace.ts'
import {addPages} from './plugins/pages.ts'
import {createEngagementReads} from './reads/engagement.ts'
import type {Reads} from './reads/reads.ts'
import type {Stores} from './reads/stores.ts'
import {createUserReads} from './reads/users.ts'
import {addAdminRoutes} from './routes/admin.ts'
import {addEventRoutes} from './routes/events.ts'
import {addLiveRoutes} from './routes/live.ts'
import {addMetricsRoutes, toView} from './routes/metrics.ts'
import {addOverviewRoutes} from './routes/overview.ts'
import {addPlatformRoutes} from './routes/platform.ts'
import {createReadAfter} from './routes/read-after.ts'
import {addUserRoutes} from './routes/users.ts'
import {createWaits, shareReads} from './waits.ts'

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

/** A counter that lives for one window. */
const COUNT_AND_EXPIRE = ['INCRBY', 'PEXPIRE'] as const
const FIGURES_MS = 250
const SECOND_MS = 1000
const CLEAN_MS = 600_000

export interface Composed {
  readonly app: Api
  readonly loops: readonly Loop[]
}

/** Redis fails at once while it is away, so that readers go on to Cassandra. */
function needRedis(redis: Redis): void {
  if (redis.isReady) return
  throw new PipelineError('UPSTREAM_UNAVAILABLE', 'Redis is not connected', {disposition: 'retry'})
}

export async function composeApi(resources: Resources, config: ApiConfig): Promise<Composed> {
  const {db, redis, cassandra, admin, log, registryOfMetrics, topicPrefix, secret} = resources
  const metrics = createApiMetrics(registryOfMetrics)
  const topicOf = (stream: Stream): string => topicName(topicPrefix, TOPIC_OF[stream])
  const partitions = {
    engagement: createLate(
      async () => (await (await admin.get()).offsets(topicOf('engagement'))).length,
    ),
    activity: createLate(
      async () => (await (await admin.get()).offsets(topicOf('activity'))).length,
    ),
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
  const overview = createOverview({
    reads,
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
  const sources = figureSources({db, reads, stores, overview})
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
      counter: {
        async add(key, amount, windowMs) {
          const [total] = await redis.pipeline([
            [COUNT_AND_EXPIRE[0], key, String(amount)],
            [COUNT_AND_EXPIRE[1], key, String(windowMs)],
          ])
          return Number(total)
        },
      },
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
  const cleaner: Loop = {
    name: 'clean-up',
    async run(signal) {
      while (!signal.aborted) {
        await forgetOldAnswers(db).catch(() => 0)
        await pause(CLEAN_MS, signal)
      }
    },
  }
  const figureLoops = sources.map(source => createFigureLoop({hub, log}, source))
  return {app, loops: [freshness, activityWorker, tail, cleaner, ...figureLoops]}
}

const appOptions = (config: ApiConfig, secret: string): AppOptions => ({
  ...config,
  secret,
})

function figureSources(deps: {
  readonly db: Database
  readonly reads: Reads
  readonly stores: Stores
  readonly overview: ReturnType<typeof createOverview>
}): readonly FigureSource[] {
  const {reads, overview, stores} = deps
  const top = shareReads(() => reads.top('engagement_seconds', 'window', 10), 100)
  return [
    {
      kind: 'content',
      everyMs: FIGURES_MS,
      async read(ids) {
        const contents = await Promise.all(ids.map(id => reads.content(id)))
        const known = contents.filter(content => content !== undefined)
        // Live figures come from Redis or not at all: Cassandra is not polled.
        await stores.live()
        const {value, meta} = await reads.totals(known)
        return new Map(
          known.map(content => {
            const metrics = toView(value.get(content.id)!)
            const version = versionOf({content, metrics})
            return [content.id, {data: {content, metrics, meta}, version}] as const
          }),
        )
      },
    },
    {
      kind: 'leaderboard',
      everyMs: SECOND_MS,
      async read() {
        await stores.live()
        const {value, meta} = await top('')
        const items = value.map(({content, value: figure}, index) => ({
          rank: index + 1,
          content,
          value: figure,
        }))
        return new Map([
          ['', {data: {by: 'engagement_seconds', items, meta}, version: versionOf(items)}],
        ])
      },
    },
    {
      kind: 'platform',
      // Within a second of the commit on the page, the way through the pipeline included.
      everyMs: SECOND_MS / 3,
      async read() {
        const data = await overview.read()
        return new Map([['', {data, version: String(Date.parse(data.at))}]])
      },
    },
  ]
}

/** Changes when the figures do. */
function versionOf(value: unknown): string {
  let hash = 0
  for (const char of JSON.stringify(value)) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0
  return (hash >>> 0).toString(36)
}

type Checks = () => Promise<
  readonly {readonly name: string; readonly ok: boolean; readonly milliseconds: number | null}[]
>

function storeChecks({db, redis, cassandra, admin, registry}: Resources): Checks {
  const asks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['postgresql', () => db.query('SELECT 1')],
    ['kafka', async () => await (await admin.get()).listTopics()],
    ['registry', () => registry.subjects()],
    ['cassandra', async () => await (await cassandra.get()).rows('SELECT key FROM system.local')],
    ['redis', () => redis.send(['PING'])],
  ]
  return async () =>
    await Promise.all(
      asks.map(async ([name, ask]) => {
        const start = performance.now()
        const {promise, reject} = Promise.withResolvers<never>()
        const timer = setTimeout(() => reject(new Error('no answer')), 2000)
        try {
          await Promise.race([ask(), promise])
          return {name, ok: true, milliseconds: Math.round((performance.now() - start) * 10) / 10}
        } catch {
          return {name, ok: false, milliseconds: null}
        } finally {
          clearTimeout(timer)
        }
      }),
    )
}

/** PostgreSQL is needed for everything; Redis or Cassandra for figures; Kafka to know the lag. */
async function judge(
  checks: Checks,
  lag: ReturnType<typeof createLagWatch>,
  config: ApiConfig,
): Promise<Readiness> {
  const [stores, view] = await Promise.all([checks(), lag.read()])
  const away = stores.filter(({ok}) => !ok).map(({name}) => name)
  const reasons: string[] = []
  if (away.includes('postgresql')) reasons.push('PostgreSQL does not answer')
  if (away.includes('cassandra')) reasons.push('Cassandra does not answer')
  if (view.records !== null && view.records > config.readyLagMax) {
    reasons.push(`the stores are ${view.records} records behind, more than API_READY_LAG_MAX`)
  }
  if ((view.outboxOldestSeconds ?? 0) > 60) {
    reasons.push(`a row of the outbox waits for ${Math.round(view.outboxOldestSeconds!)} s`)
  }
  return {
    ready: reasons.length === 0,
    reasons,
    details: {away, lag_records: view.records, outbox_unpublished: view.outboxUnpublished},
  }
}

function traceDeps(
  {db, admin}: Resources,
  stores: Stores,
  inspector: ReturnType<typeof createInspector>,
): Parameters<typeof createTrace>[0] {
  return {
    db,
    admin: () => admin.get(),
    inspector,
    async stored(stream, row) {
      const {events, activities} = await stores.stored()
      const micros = (text: unknown): number => Math.round(Date.parse(String(text)) * 1000)
      const id = Number(row['id'])
      if (stream === 'engagement') {
        const {placeEvent} = await import('./reads/event-place.ts')
        const place = await placeEvent(db, id)
        const found = place === undefined ? null : await events.find(place)
        if (found === null) return null
        return {
          data: found,
          processedAt: found.processed_at,
          createdAt: found.created_at,
          offset: found.src_offset,
        }
      }
      const {placeActivity} = await import('./reads/event-place.ts')
      const place = await placeActivity(db, id)
      const occurred = place?.occurred_at ?? micros(row['occurred_at'])
      const found =
        place === undefined
          ? null
          : await activities.find({
              ...place,
              occurred_at: occurred,
              activity_type: '',
              metadata: null,
              page: null,
            })
      if (found === null) return null
      return {
        data: found,
        processedAt: found.processed_at,
        createdAt: found.created_at,
        offset: found.src_offset,
      }
    },
    async live(stream, id) {
      if (stream === 'activity') return null
      return await (await stores.live()).engagement.event(id)
    },
  }
}
