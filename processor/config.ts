/** Settings of the processor. */
import {envReader, type Env, type EnvReader, type Setting} from '../platform/config.ts'
import {
  readCassandraConnection,
  readKafkaConnection,
  readRedisKeyPrefix,
  readRedisUrl,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {readLogLevel} from '../platform/log.ts'

export type ProcessorConfig = ReturnType<typeof readProcessorConfig>

/** @throws `CONFIG_INVALID`, with every problem */
export function readProcessorConfig(env: Env) {
  const read = envReader(env)
  const config = readAll(read)
  read.finish()
  return config
}

/** Every variable the processor reads, for the reference in the documents. */
export function processorSettings(): readonly Setting[] {
  const read = envReader({})
  readAll(read)
  return read.settings()
}

function readAll(read: EnvReader) {
  const int = (name: string, fallback: number, min: number, max: number): number =>
    read.int(`PROCESSOR_${name}`, fallback, {min, max})
  const config = {
    logLevel: readLogLevel(read),
    streamsFolder: readStreamsFolder(read),
    kafka: readKafkaConnection(read),
    registry: readRegistryConnection(read),
    cassandra: readCassandraConnection(read),
    redisUrl: readRedisUrl(read),
    redisKeyPrefix: readRedisKeyPrefix(read),
    groupId: read.text('PROCESSOR_GROUP_ID', 'processor', /^[\w.-]{1,100}$/),
    listen: {
      host: read.text('PROCESSOR_HOST', '127.0.0.1'),
      port: int('PORT', 3002, 0, 65_535),
    },
    /** Records folded together. */
    batchRecordsMax: int('BATCH_RECORDS_MAX', 1000, 1, 50_000),
    /** Records of one partition that wait in memory. */
    queueRecordsMax: int('QUEUE_RECORDS_MAX', 4000, 1, 1_000_000),
    /** New events of one partition whose raw rows are not sent yet. */
    rawBacklogMax: int('RAW_BACKLOG_MAX', 8000, 1, 1_000_000),
    rawRowsMax: int('RAW_ROWS_MAX', 4000, 1, 50_000),
    /** From the start of one write of raw rows to the next, when rows keep coming. */
    rawEveryMs: int('RAW_EVERY_MS', 50, 0, 5000),
    /** The same when many come: neighbours are written together. */
    rawBusyMs: int('RAW_BUSY_MS', 250, 0, 5000),
    aggregateRowsMax: int('AGGREGATE_ROWS_MAX', 200, 1, 50_000),
    aggregateConcurrency: int('AGGREGATE_CONCURRENCY', 2, 1, 64),
    /** Aggregates are written no more often than this without a reason. */
    checkpointMs: int('CHECKPOINT_MS', 1000, 10, 60_000),
    /** Aggregate rows of one partition that may be written in a second, unless a reader waits. */
    checkpointRowsPerSecond: int('CHECKPOINT_ROWS_PER_SECOND', 80, 1, 1_000_000),
    /** Never more seldom than this while something is dirty. */
    checkpointMaxMs: int('CHECKPOINT_MAX_MS', 10_000, 10, 600_000),
    /** Dirty rows, or events to be filed, of one partition that start a checkpoint at once. */
    checkpointRowsMax: int('CHECKPOINT_ROWS_MAX', 100_000, 100, 10_000_000),
    /** Aggregate rows in memory, all partitions together. */
    stateRowsMax: int('STATE_ROWS_MAX', 500_000, 100, 100_000_000),
    stateBytesMax: int('STATE_BYTES_MAX', 512 * 2 ** 20, 2 ** 20, 2 ** 40),
    /** Rows of one reference stream in memory. */
    referencesMax: int('REFERENCES_MAX', 100_000, 100, 10_000_000),
    /** How long an event waits for the row that it refers to. */
    referenceWaitMs: int('REFERENCE_WAIT_MS', 5000, 0, 600_000),
    /** How long readers believe Redis after it was last written to. */
    liveLifeMs: int('LIVE_LIFE_MS', 10_000, 200, 600_000),
    /** From the start of one flush to Redis to the next, when events keep coming. */
    liveEveryMs: int('LIVE_EVERY_MS', 40, 0, 5000),
    /** While more records of a partition wait, Redis is left alone: readers take what is stored. */
    liveLagMax: int('LIVE_LAG_MAX', 10_000, 1, 1_000_000_000),
    liveRowsMax: int('LIVE_ROWS_MAX', 500, 1, 100_000),
    liveEventsMax: int('LIVE_EVENTS_MAX', 500, 1, 100_000),
    /** While more records of a partition wait, new events get no hash in Redis. */
    hashLagMax: int('HASH_LAG_MAX', 5000, 0, 1_000_000_000),
    /** How long the hash of an event stays in Redis, seconds; less when they take too much memory. */
    hashTtlS: int('HASH_TTL_S', 86_400, 1, 31_536_000),
    /** Memory of Redis that hashes of events may take, bytes, all partitions together. */
    hashBytesMax: int('HASH_BYTES_MAX', 256 * 2 ** 20, 0, 2 ** 40),
    /** First wait before a store is called again; it doubles up to a hundred times this. */
    retryMs: int('RETRY_MS', 50, 1, 60_000),
    /** Wait before what was corrected meanwhile is mended again; it doubles, too. */
    mendAgainMs: int('MEND_AGAIN_MS', 1000, 1, 600_000),
    /** Dead letters in a row, in one partition, that stop the processor. */
    deadLettersInARowMax: int('DEAD_LETTERS_IN_A_ROW_MAX', 100, 1, 1_000_000),
  } as const
  if (config.checkpointMaxMs < config.checkpointMs) {
    read.problem('PROCESSOR_CHECKPOINT_MAX_MS', 'must be at least PROCESSOR_CHECKPOINT_MS')
  }
  return config
}
