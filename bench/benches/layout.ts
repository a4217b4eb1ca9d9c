import {createHash, randomBytes} from 'node:crypto'
import {
  openCassandra,
  toLongBytes,
  toUuidBytes,
  type Cassandra,
  type CqlValue,
} from '../../platform/cassandra.ts'
import {envReader} from '../../platform/config.ts'
import {readCassandraConnection} from '../../platform/connections.ts'
import {writeGrouped, type PlacedStatement} from '../../readmodel/batches.ts'
import {cpuMsOf} from '../cpu.ts'
import type {Bench, BenchContext, Figures} from '../bench.ts'

const OWNERS = 6
const SHARDS = 16
const IDS_PER_BLOCK = 65_536
const US_PER_SECOND = 1_000_000
const START_US = Date.UTC(2026, 0, 1) * 1_000
/** Events a second that the times of rows stand for. */
const RATE = 2_000
const NOTE = '{"bitrate": "128kbps"}'

/** Where rows lie and what they hold: a table, and a row by the number of its event. */
interface Layout {
  readonly name: string
  /** Columns and primary key. */
  readonly table: string
  readonly columns: readonly string[]
  /** Rows in one call of an owner: a live stream, a backlog; or the rows of a checkpoint. */
  readonly groups: readonly number[]
  readonly rowOf: (
    n: number,
    at: Place,
  ) => {readonly partition: string; readonly values: CqlValue[]}
}

interface Place {
  readonly owner: number
  readonly contents: number
  readonly uuids: readonly string[]
}

/** The finaliser of murmur3: neighbours become strangers. */
function mixOf(n: number): number {
  let h = n | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const uuidOf = (n: number): string => {
  const hex = createHash('md5').update(String(n)).digest('hex')
  return [0, 8, 12, 16, 20].map((from, i, all) => hex.slice(from, all[i + 1])).join('-')
}

const timeOf = (n: number): number => START_US + Math.floor((n * US_PER_SECOND) / RATE)
const minuteOf = (n: number): number => Math.floor(timeOf(n) / US_PER_SECOND / 60)
const dayOf = (n: number): string => new Date(timeOf(n) / 1000).toISOString().slice(0, 10)

/** Every column of its own: thirteen beside the key. */
const WIDE = `content_id uuid, event_ts timestamp, event_us bigint, user_id uuid, event_type text,
  duration_ms int, device text, raw_payload text, content_type text, length_seconds int,
  engagement_seconds double, engagement_pct double, outbox_id bigint, created_at bigint,
  processed_at timestamp`
const WIDE_NAMES = [
  'user_id',
  'event_us',
  'event_type',
  'duration_ms',
  'device',
  'raw_payload',
  'content_type',
  'length_seconds',
  'engagement_seconds',
  'engagement_pct',
  'outbox_id',
  'created_at',
  'processed_at',
] as const

function wideValues(n: number, {uuids}: Place): CqlValue[] {
  const us = timeOf(n)
  return [
    toUuidBytes(uuids[mixOf(n + 7) % uuids.length]!),
    toLongBytes(us),
    'play',
    30_000,
    'ios',
    n % 5 === 0 ? NOTE : undefined,
    'podcast',
    1_800,
    30,
    30 / 1_800,
    toLongBytes(n),
    toLongBytes(us),
    toLongBytes(Math.floor(us / 1000)),
  ]
}

/** Columns that people look at, and one of bytes for everything else. */
const NARROW = `content_id uuid, event_ts timestamp, user_id uuid, event_type text, duration_ms int,
  device text, raw_payload text, engagement_seconds double, engagement_pct double, meta blob`
const NARROW_NAMES = [
  'content_id',
  'event_ts',
  'user_id',
  'event_type',
  'duration_ms',
  'device',
  'raw_payload',
  'engagement_seconds',
  'engagement_pct',
  'meta',
] as const
const META = randomBytes(24)

function narrowValues(n: number, place: Place): CqlValue[] {
  const {uuids} = place
  return [
    toUuidBytes(contentOf(n, place)),
    toLongBytes(Math.floor(timeOf(n) / 1000)),
    toUuidBytes(uuids[mixOf(n + 7) % uuids.length]!),
    'play',
    30_000,
    'ios',
    n % 5 === 0 ? NOTE : undefined,
    30,
    30 / 1_800,
    META,
  ]
}

const BODY = randomBytes(200)
const contentOf = (n: number, {contents, uuids}: Place): string => uuids[mixOf(n) % contents]!
const blockOf = (n: number): number => Math.floor(n / IDS_PER_BLOCK)
const RAW_GROUPS = [16, 250, 2_000] as const

const RAW: readonly Layout[] = [
  {
    name: 'raw, by content and day, 13 cells',
    table: `day date, bucket smallint, event_id bigint, ${WIDE},
      PRIMARY KEY ((content_id, day, bucket), event_ts, event_id)) WITH CLUSTERING ORDER BY (event_ts DESC, event_id DESC`,
    columns: ['content_id', 'day', 'bucket', 'event_ts', 'event_id', ...WIDE_NAMES],
    groups: RAW_GROUPS,
    rowOf(n, place) {
      const content = contentOf(n, place)
      const bucket = Math.floor(minuteOf(n) / 10) % 144
      const key = [toUuidBytes(content), dayOf(n), bucket]
      const ts = toLongBytes(Math.floor(timeOf(n) / 1000))
      const partition = `${content}/${bucket}`
      return {partition, values: [...key, ts, toLongBytes(n), ...wideValues(n, place)]}
    },
  },
  {
    name: 'raw, by minute, then content, 10 cells',
    table: `src_partition int, minute int, event_id bigint, ${NARROW},
      PRIMARY KEY ((src_partition, minute), content_id, event_id)`,
    columns: ['src_partition', 'minute', 'event_id', ...NARROW_NAMES],
    groups: RAW_GROUPS,
    rowOf(n, place) {
      const minute = minuteOf(n)
      const key = [place.owner, minute, toLongBytes(n)]
      return {partition: `${place.owner}/${minute}`, values: [...key, ...narrowValues(n, place)]}
    },
  },
  {
    name: 'raw, by block of ids, 13 cells',
    table: `src_partition int, block bigint, event_id bigint, ${WIDE},
      PRIMARY KEY ((src_partition, block), event_id)`,
    columns: ['src_partition', 'block', 'event_id', 'content_id', ...WIDE_NAMES],
    groups: RAW_GROUPS,
    rowOf(n, place) {
      const block = blockOf(n)
      const key = [place.owner, toLongBytes(block), toLongBytes(n)]
      const content = toUuidBytes(contentOf(n, place))
      const values = [...key, content, ...wideValues(n, place)]
      return {partition: `${place.owner}/${block}`, values}
    },
  },
  {
    name: 'raw, by block of ids, 10 cells',
    table: `src_partition int, block bigint, event_id bigint, ${NARROW},
      PRIMARY KEY ((src_partition, block), event_id)`,
    columns: ['src_partition', 'block', 'event_id', ...NARROW_NAMES],
    groups: RAW_GROUPS,
    rowOf(n, place) {
      const block = blockOf(n)
      const key = [place.owner, toLongBytes(block), toLongBytes(n)]
      return {partition: `${place.owner}/${block}`, values: [...key, ...narrowValues(n, place)]}
    },
  },
  {
    name: 'raw, by block of ids, one cell',
    table: `src_partition int, block bigint, event_id bigint, body blob,
      PRIMARY KEY ((src_partition, block), event_id)`,
    columns: ['src_partition', 'block', 'event_id', 'body'],
    groups: RAW_GROUPS,
    rowOf(n, place) {
      const block = blockOf(n)
      const key = [place.owner, toLongBytes(block), toLongBytes(n)]
      return {partition: `${place.owner}/${block}`, values: [...key, BODY]}
    },
  },
  {
    name: 'raw, by hash of uuid, 10 cells',
    table: `src_partition int, block bigint, event_id uuid, ${NARROW},
      PRIMARY KEY ((src_partition, block), event_id)`,
    columns: ['src_partition', 'block', 'event_id', ...NARROW_NAMES],
    groups: RAW_GROUPS,
    rowOf(n, place) {
      const id = toUuidBytes(uuidOf(n))
      const block = id.readUInt16BE(14) % 4_096
      const key = [place.owner, toLongBytes(block), id]
      return {partition: `${place.owner}/${block}`, values: [...key, ...narrowValues(n, place)]}
    },
  },
  {
    name: 'raw, by time of uuid (version 7), 10 cells',
    table: `src_partition int, block bigint, event_id uuid, ${NARROW},
      PRIMARY KEY ((src_partition, block), event_id)`,
    columns: ['src_partition', 'block', 'event_id', ...NARROW_NAMES],
    groups: RAW_GROUPS,
    rowOf(n, place) {
      const id = toUuidBytes(uuidOf(n))
      id.writeUIntBE(Math.floor(timeOf(n) / 1000), 0, 6)
      const block = Math.floor(timeOf(n) / US_PER_SECOND / 600)
      const key = [place.owner, toLongBytes(block), id]
      return {partition: `${place.owner}/${block}`, values: [...key, ...narrowValues(n, place)]}
    },
  },
]

const FIGURE_NAMES = [
  'events',
  'plays',
  'pauses',
  'finishes',
  'clicks',
  'duration_ms',
  'unique_viewers',
  'detail',
  'stale',
  'src_partition',
  'src_offset',
] as const

/** Rows of a checkpoint: each content once. */
const CHECKPOINT = [1_000, 20_000] as const

const shardOf = (content: string): number => Number.parseInt(content.slice(-2), 16) % SHARDS

const AGGREGATES: readonly Layout[] = [
  {
    name: 'aggregates, by content and month, 11 cells',
    table: `content_id uuid, period text, granularity text, start timestamp,
      events bigint, plays bigint, pauses bigint, finishes bigint, clicks bigint, duration_ms bigint,
      unique_viewers bigint, detail blob, stale boolean, src_partition int, src_offset bigint,
      PRIMARY KEY ((content_id, period), granularity, start)`,
    columns: ['content_id', 'period', 'granularity', 'start', ...FIGURE_NAMES],
    groups: CHECKPOINT,
    rowOf(n, place) {
      const content = place.uuids[n % place.contents]!
      const counts = [n, n, 0, 0, 0, n].map(toLongBytes)
      const values = [toUuidBytes(content), '2026-01', 'hour', toLongBytes(START_US / 1000)]
      const rest = [toLongBytes(n), BODY, false, place.owner, toLongBytes(n)]
      return {partition: content, values: [...values, ...counts, ...rest]}
    },
  },
  {
    name: 'aggregates, by hour and shard, 2 cells',
    table: `src_partition int, slice text, start timestamp, content_id text, events bigint, body blob,
      PRIMARY KEY ((src_partition, slice), start, content_id)`,
    columns: ['src_partition', 'slice', 'start', 'content_id', 'events', 'body'],
    groups: CHECKPOINT,
    rowOf(n, place) {
      const content = place.uuids[n % place.contents]!
      const slice = `hour 2026-01-01 ${shardOf(content)}`
      const key = [place.owner, slice, toLongBytes(START_US / 1000), content]
      return {partition: `${place.owner}/${slice}`, values: [...key, toLongBytes(n), BODY]}
    },
  },
  {
    name: 'ids of a content’s hour, by hour and shard, one cell',
    table: `src_partition int, slice text, content_id text, slot bigint, ids blob,
      PRIMARY KEY ((src_partition, slice), content_id, slot)`,
    columns: ['src_partition', 'slice', 'content_id', 'slot', 'ids'],
    groups: CHECKPOINT,
    rowOf(n, place) {
      const content = place.uuids[n % place.contents]!
      const slice = `2026-01-01T00 ${shardOf(content)}`
      const key = [place.owner, slice, content, toLongBytes(n)]
      return {partition: `${place.owner}/${slice}`, values: [...key, BODY.subarray(0, 12)]}
    },
  },
]

/** Rows of all owners at once, each owner one call after another. */
async function write(
  cassandra: Cassandra,
  layout: Layout,
  load: {
    readonly table: string
    readonly from: number
    readonly rows: number
    readonly group: number
  },
  place: Omit<Place, 'owner'>,
): Promise<void> {
  const names = layout.columns.join(', ')
  const marks = layout.columns.map(() => '?').join(', ')
  const query = `INSERT INTO ${load.table} (${names}) VALUES (${marks}) USING TIMESTAMP ?`
  const own = async (owner: number): Promise<void> => {
    const at = {...place, owner}
    for (let n = load.from + owner; n < load.from + load.rows; n += load.group * OWNERS) {
      const placed: PlacedStatement[] = []
      const end = Math.min(load.from + load.rows, n + load.group * OWNERS)
      for (let id = n; id < end; id += OWNERS) {
        const {partition, values} = layout.rowOf(id, at)
        const params = [...values, toLongBytes(1_048_576 * (id + 1))]
        placed.push({partition, statement: {query, params}})
      }
      await writeGrouped(cassandra, placed)
    }
  }
  await Promise.all(Array.from({length: OWNERS}, (_, owner) => own(owner)))
}

async function measure(
  {servers, settings}: BenchContext,
  work: () => Promise<void>,
): Promise<Figures> {
  const rows = settings['rows']!
  const pid = servers.pids.cassandra
  const server = (): number => (pid === undefined ? Number.NaN : cpuMsOf(pid))
  const before = {at: performance.now(), server: server(), client: process.cpuUsage()}
  await work()
  const client = process.cpuUsage(before.client)
  return {
    cassandra_us_per_row: ((server() - before.server) * 1_000) / rows,
    client_us_per_row: (client.user + client.system) / rows,
    rows_per_s: (rows * 1_000) / (performance.now() - before.at),
  }
}

export const bench: Bench = {
  name: 'layout',
  what: 'Rows of events and of aggregates written to Cassandra by six owners at once, through our own driver code, laid out in different ways: CPU per row of the server and of the client. Events of contents at random; a checkpoint writes each content once.',
  needs: ['cassandra'],
  settings: {rows: 60_000, rounds: 2, contents: 0},
  async run(context: BenchContext) {
    const {settings, env, progress} = context
    const connection = readCassandraConnection(
      envReader({...env, CASSANDRA_KEYSPACE: `bench_${randomBytes(4).toString('hex')}`}),
    )
    const {keyspace} = connection
    const server = await openCassandra(connection)
    await server.transact(
      `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${connection.localDataCenter}': 1}`,
    )
    const cassandra = await openCassandra(connection, {keyspace, timeoutMs: 60_000})
    const wanted = settings['contents'] === 0 ? [100, 10_000, 1_000_000] : [settings['contents']!]
    const uuids = Array.from({length: Math.max(...wanted)}, (_, n) => uuidOf(n))
    const rows = settings['rows']!
    let next = 1
    try {
      for (let round = -1; round < settings['rounds']!; round++) {
        for (const [number, layout] of [...RAW, ...AGGREGATES].entries()) {
          for (const contents of wanted) {
            for (const group of layout.groups) {
              // Contents are all there is to an aggregate: more rows than those say nothing new.
              if (layout.groups === CHECKPOINT && (contents === 100) !== (group === 1_000)) continue
              const table = `t${number}`
              await cassandra.transact(`CREATE TABLE IF NOT EXISTS ${table} (${layout.table})`)
              const load = {table, from: next, rows, group: Math.ceil(group / OWNERS)}
              next += rows
              const figures = await measure(context, () =>
                write(cassandra, layout, layout.groups === CHECKPOINT ? load : {...load, group}, {
                  contents,
                  uuids,
                }),
              )
              const label = `${layout.name}; ${contents} contents; ${group} at once`
              // The first round is for the compiler of a server that was just started.
              if (round >= 0) context.record({label, figures})
              else progress(label)
            }
          }
          await cassandra.transact(`DROP TABLE IF EXISTS t${number}`)
        }
      }
    } finally {
      await cassandra.close()
      await server.transact(`DROP KEYSPACE ${keyspace}`)
      await server.close()
    }
  },
}
