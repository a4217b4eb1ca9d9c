/** Settings of the relay. */
import {envReader, type Env, type EnvReader, type Setting} from '../platform/config.ts'
import {
  readDatabaseUrl,
  readKafkaConnection,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {readLogLevel} from '../platform/log.ts'

export type RelayConfig = ReturnType<typeof readRelayConfig>

/** @throws `CONFIG_INVALID`, with every problem */
export function readRelayConfig(env: Env) {
  const read = envReader(env)
  const config = readAll(read)
  read.finish()
  return config
}

/** Every variable the relay reads, for the reference in the documents. */
export function relaySettings(): readonly Setting[] {
  const read = envReader({})
  readAll(read)
  return read.settings()
}

function readAll(read: EnvReader) {
  const int = (name: string, fallback: number, min: number, max: number): number =>
    read.int(`RELAY_${name}`, fallback, {min, max})
  return {
    databaseUrl: readDatabaseUrl(read),
    kafka: readKafkaConnection(read),
    registry: readRegistryConnection(read),
    streamsFolder: readStreamsFolder(read),
    logLevel: readLogLevel(read),
    host: read.text('RELAY_HOST', '127.0.0.1', /^[\w.:-]+$/),
    port: int('PORT', 3001, 0, 65_535),
    /** Rows of one page. About 2,000 is fastest: larger pages cost garbage collection. */
    pageRows: int('PAGE_ROWS', 2_000, 1, 20_000),
    /** Bytes of one page, rows as JSON text: what a relay holds of large rows is a few of these. */
    pageBytes: int('PAGE_BYTES', 16_777_216, 100_000, 67_108_864),
    recordBytesMax: int('RECORD_BYTES_MAX', 900_000, 1_000, 900_000),
    /** From the start of one read to the next, when rows keep coming: they go together. */
    gatherMs: int('GATHER_MS', 5, 0, 1_000),
    /** The shortest wait after a read that found nothing. */
    closePollMs: int('CLOSE_POLL_MS', 2, 1, 1_000),
    /** The longest: how late a commit is seen that nobody announced. */
    safetyPollMs: int('SAFETY_POLL_MS', 250, 10, 60_000),
    notify: read.flag('RELAY_NOTIFY', true),
    /** The shortest time between two writes of the cursor. */
    saveEveryMs: int('SAVE_EVERY_MS', 100, 100, 10_000),
    /** How often members and lanes without owner are looked for. */
    lookEveryMs: int('LOOK_EVERY_MS', 1_000, 50, 60_000),
    /** A relay that PostgreSQL has not heard of for this long loses its lanes. */
    leaseMs: int('LEASE_MS', 5_000, 1_000, 60_000),
    /** A send is given up after this time, and its epoch with it. */
    sendTimeoutMs: int('SEND_TIMEOUT_MS', 10_000, 100, 60_000),
    /** After an ungraceful takeover: how long the sends of the owner before may be under way. */
    graceMs: int('GRACE_MS', 2_000, 0, 60_000),
    /** A page that waited longer for its turn is sent only after its epoch was looked up again. */
    holdMs: int('HOLD_MS', 1_000, 50, 60_000),
    /** How often published slots of the outbox are looked for. */
    rotateEveryMs: int('ROTATE_EVERY_MS', 15_000, 100, 3_600_000),
    /** How often dead letters are looked for that are due to be tried again, or old. */
    lettersEveryMs: int('DEAD_LETTERS_EVERY_MS', 15_000, 100, 3_600_000),
    /** Resolved dead letters are deleted after so many days; open ones never. */
    lettersKeepDays: int('DEAD_LETTERS_KEEP_DAYS', 30, 1, 3_650),
    /** How often changes of captured tables are followed that no event trigger saw. */
    captureEveryMs: int('CAPTURE_EVERY_MS', 60_000, 100, 3_600_000),
    /** Rows waiting this long without any being published make the relay not ready. */
    stalledMs: int('STALLED_MS', 5_000, 500, 3_600_000),
    /** Rows of a table that are read again at once. */
    backfillRows: int('BACKFILL_ROWS', 250, 1, 10_000),
    /**
     * While more records of a topic are not durable in the read model, no rows are read again. Of rows read again the
     * processor holds 8,000 of a partition at most: with more on their way live events would wait behind them.
     */
    backfillLagMax: int('BACKFILL_LAG_MAX', 30_000, 1, 1_000_000_000),
    /** The group whose lag that is. */
    processorGroupId: read.text('PROCESSOR_GROUP_ID', 'processor', /^[\w.-]{1,100}$/),
    cloudEvents: read.flag('RELAY_CLOUD_EVENTS', false),
    debeziumId: read.flag('RELAY_DEBEZIUM_ID', false),
  } as const
}
