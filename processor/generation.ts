/**
 * Folds the topics of some streams into one keyspace: a generation of the read model. Several run beside each
 * other while a stream is built again.
 *
 * Does not      know which ones there are: generations.ts does.
 */
import {randomUUID} from 'node:crypto'
import type {Logger} from 'pino'
import type {Stream} from '../contracts/stream.ts'
import {topicName} from '../contracts/topics.ts'
import {createDecoder} from '../platform/avro-codec.ts'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import {openSubscriber} from '../platform/kafka-clients.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import {runLoops, type Loop} from '../platform/lifecycle.ts'
import type {Redis} from '../platform/redis.ts'
import type {Registry} from '../platform/registry.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import {writeGrouped} from '../readmodel/batches.ts'
import {groupOf} from '../readmodel/generations.ts'
import {readSpace} from '../readmodel/migrate.ts'
import {createPartReader} from '../readmodel/parts.ts'
import {createPositions} from '../readmodel/positions.ts'
import {createReferenceTable} from '../readmodel/reference-table.ts'
import {createStaleTable} from '../readmodel/stale-table.ts'
import {createStreamStores} from '../readmodel/stream-stores.ts'
import {createAssignments, type AssignmentsDeps} from './assignments.ts'
import type {ProcessorConfig} from './config.ts'
import type {DeadLetterPublisher} from '../readmodel/dead-letters.ts'
import type {ProcessorMetrics} from './metrics.ts'
import {createPartitionOwner} from './partition-owner.ts'
import type {ReadinessProbe} from './readiness.ts'
import {createReferenceReader, type ReferenceReader} from './reference-reader.ts'
import {createReferences, type References} from './references.ts'
import type {Slices} from './slices.ts'
import type {CacheBudget} from './state-cache.ts'

/** Where rows of a reference stream are kept. */
export interface ReferencePlan {
  readonly stream: Stream
  readonly keyspace: string
  readonly space: string
}

/** What a generation folds, and from where it knows what it shows. */
export interface GenerationPlan {
  readonly keyspace: string
  /** What the keyspace calls itself. */
  readonly space: string
  /** Those that are counted in it. */
  readonly streams: readonly Stream[]
  readonly references: readonly ReferencePlan[]
}

export interface GenerationDeps {
  readonly config: ProcessorConfig
  readonly admin: KafkaAdmin
  readonly redis: Redis
  readonly registry: Registry
  readonly deadLetters: DeadLetterPublisher
  readonly budget: CacheBudget
  readonly slices: Slices
  readonly metrics: ProcessorMetrics
  readonly readiness: ReadinessProbe
  readonly patience: (signal: AbortSignal) => RetryOptions
  readonly onRetry: () => void
  /** Whether the names that people know in Redis are the generation's to write. */
  readonly isNamed: (stream: string) => boolean
  readonly log: Logger
  readonly now: () => number
}

/** Fetches wait so long for data: also how long a stop takes at most. */
const FETCH_WAIT_MS = 200
const FETCH_BYTES_MAX = 4 * 2 ** 20
const SESSION_TIMEOUT_MS = 10_000
/** How long "there is no such row" is believed. */
const MISS_TTL_MS = 2000

export function createGeneration(plan: GenerationPlan, deps: GenerationDeps): Loop {
  return {
    name: `generation ${plan.keyspace}`,
    async run(signal) {
      await using resources = new AsyncDisposableStack()
      const sessions = new Map<string, Cassandra>()
      for (const keyspace of [plan.keyspace, ...plan.references.map(one => one.keyspace)]) {
        if (sessions.has(keyspace)) continue
        const open = () => openCassandra(deps.config.cassandra, {keyspace})
        sessions.set(keyspace, resources.use(await retry(open, deps.patience(signal))))
      }
      const readers = plan.references.map(reference =>
        openReference(reference, sessions.get(reference.keyspace)!, deps),
      )
      const references = new Map(readers.map(({name, known}) => [name, known]))
      const loops: Loop[] = readers.map(({loop}) => loop)
      const cassandra = sessions.get(plan.keyspace)!
      // Without anything to count there is no group to join.
      if (plan.streams.length > 0) loops.push(openCounted(plan, {cassandra, references}, deps))
      try {
        await runLoops(loops, signal)
      } finally {
        deps.readiness.over()
      }
    },
  }
}

const subscriberOf = ({config, log}: GenerationDeps, groupId: string, topics: readonly string[]) =>
  openSubscriber(config.kafka, {
    clientId: 'processor',
    log: log.child({component: 'kafka'}),
    groupId,
    topics,
    maxWaitMs: FETCH_WAIT_MS,
    fetchBytesMax: FETCH_BYTES_MAX,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  })

const decoderOf = ({schema}: Stream, {registry}: GenerationDeps) =>
  createDecoder<unknown>(schema, id => registry.schemaById(id))

function openReference({stream, space}: ReferencePlan, cassandra: Cassandra, deps: GenerationDeps) {
  const {config, admin, metrics, patience, log, now} = deps
  const topic = topicName(config.kafka.topicPrefix, stream.topic)
  const table = createReferenceTable(cassandra, stream)
  const references = createReferences(
    {
      load: ids => table.load(ids),
      whenCaughtUp: () => loop.whenCaughtUp(config.referenceWaitMs),
      now,
    },
    {entriesMax: config.referencesMax, missTtlMs: MISS_TTL_MS},
  )
  const loop: ReferenceReader = createReferenceReader({
    stream,
    topic,
    subscriber: subscriberOf(deps, `${config.groupId}-${stream.name}-${randomUUID()}`, [topic]),
    admin,
    decoder: decoderOf(stream, deps),
    references,
    save: some => table.save(some),
    partitions: createPositions(cassandra),
    space,
    publishDeadLetters: letters => deps.deadLetters.publish(letters),
    patience,
    onLearned: some => metrics.references.inc({stream: stream.name}, some.length),
    log,
  })
  return {name: stream.name, known: references, loop}
}

function openCounted(
  {keyspace, space, streams}: GenerationPlan,
  {cassandra, references}: {cassandra: Cassandra; references: ReadonlyMap<string, References>},
  deps: GenerationDeps,
): Loop {
  const {config, metrics, readiness, log} = deps
  const positions = createPositions(cassandra)
  const staleRows = createStaleTable(cassandra)
  const parts = createPartReader(cassandra)
  const hashing = Math.max(1, streams.filter(({hashes}) => hashes !== null).length)
  const beginners = new Map<string, AssignmentsDeps['createOwner']>()
  for (const stream of streams) {
    const decoder = decoderOf(stream, deps)
    const stores = createStreamStores(
      stream,
      {cassandra, redis: deps.redis, parts, space},
      {lifeMs: config.liveLifeMs, hashTtlS: config.hashTtlS},
    )
    const isNamed = (): boolean => deps.isNamed(stream.name)
    const topic = topicName(config.kafka.topicPrefix, stream.topic)
    beginners.set(topic, (partition, start, commit) =>
      createPartitionOwner(
        partition,
        {
          stores,
          space,
          isNamed,
          write: statements => writeGrouped(cassandra, statements),
          positions,
          staleRows,
          references,
          decoder,
          budget: deps.budget,
          slices: deps.slices,
          start,
          hashBytesMax: config.hashBytesMax / hashing / start.partitions,
          publishDeadLetters: letters => deps.deadLetters.publish(letters),
          commit,
          onFolded: offset => readiness.folded(partition, offset),
          onRetry: deps.onRetry,
          metrics,
          log,
          now: deps.now,
        },
        config,
      ),
    )
  }
  const groupId = groupOf(config.groupId, config.cassandra.keyspace, keyspace)
  return createAssignments({
    subscriber: subscriberOf(deps, groupId, [...beginners.keys()]),
    admin: deps.admin,
    positions,
    space,
    readSpace: () => readSpace(cassandra),
    groupId,
    createOwner: (partition, ...more) => beginners.get(partition.topic)!(partition, ...more),
    patience: deps.patience,
    onOwned: owned => readiness.owned(owned),
    onReceived: (partition, endOffset) => readiness.received(partition, endOffset),
    onStanding(partition, cause) {
      readiness.standing(partition, cause)
      const at = {topic: partition.topic, partition: String(partition.partition)}
      metrics.standing.set(at, cause === null ? 0 : 1)
    },
    log,
  })
}
