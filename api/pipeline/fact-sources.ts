/** Facts that take more than one question to one server. */
import type {Stream} from '../../contracts/stream.ts'
import {quoteTable} from '../../platform/sql-names.ts'
import type {Position} from '../../readmodel/positions.ts'
import type {Session} from '../database.ts'
import type {CaptureFacts, ChangedColumn, Contradiction, FactsDeps} from './facts.ts'
import type {LagView} from './lag.ts'

export const NO_OFFSETS = 'Kafka does not say how far the topics are'

/**
 * Streams whose table has rows while their topic never had a record.
 *
 * A row that was there before the oldest one that waits was published: it must be in the topic.
 */
export function createUnfilled(
  {db, admin, lag, streams}: FactsDeps,
  topicOf: (stream: Stream) => string,
): () => Promise<readonly {readonly stream: string; readonly topic: string}[]> {
  const filledAt = new Map<string, number>()
  return async () => {
    for (const {name, table} of streams) {
      const at = Date.now()
      const {rows} = await db.query<{filled: boolean}>(
        `SELECT EXISTS (SELECT FROM ${quoteTable(table)}) AS filled`,
      )
      if (rows[0]?.filled !== true) filledAt.delete(name)
      else if (!filledAt.has(name)) filledAt.set(name, at)
    }
    const {at, outboxUnpublished, outboxOldestSeconds} = await lag.read(Date.now())
    if (outboxUnpublished === null) throw new Error('cdc.unpublished() does not answer')
    const waitsSince = at - (outboxOldestSeconds ?? 0) * 1000
    const kafka = await admin()
    const found = streams.map(async stream => {
      const since = filledAt.get(stream.name)
      if (since === undefined) return []
      if (outboxOldestSeconds !== null && waitsSince <= since) return []
      const topic = topicOf(stream)
      const ends = await kafka.offsets(topic)
      return ends.every(({end}) => end === 0) ? [{stream: stream.name, topic}] : []
    })
    return (await Promise.all(found)).flat()
  }
}

export async function readCapture(db: Session, streams: readonly Stream[]): Promise<CaptureFacts> {
  const {rows: found} = await db.query<
    | ChangedColumn
    | {readonly code: 'capture-broken'; readonly table: string; readonly problem: string}
  >('SELECT source::text AS table, problem, code, todo FROM cdc.check()')
  const {rows: captured} = await db.query<{table: string; topic: string}>(
    'SELECT source::text AS table, topic FROM cdc.captured_tables ORDER BY topic',
  )
  const topics = new Set(captured.map(({topic}) => topic))
  const declared = new Set(streams.map(({topic}) => topic))
  return {
    problems: found.filter(one => one.code === 'capture-broken'),
    columns: found.filter(one => one.code !== 'capture-broken'),
    missing: streams
      .filter(({topic}) => !topics.has(topic))
      .map(({name, table}) => ({stream: name, table})),
    foreign: captured.filter(({topic}) => !declared.has(topic)),
  }
}

/** Partitions whose position in Cassandra does not fit to the log that is there. */
export async function readContradictions({
  lag,
  position,
  space,
}: Pick<FactsDeps, 'lag' | 'position' | 'space'>): Promise<readonly Contradiction[]> {
  // In this order: what is committed is never ahead of a position that is read later, and the log never
  // shorter than where a position was that was read before.
  const before = await lag.read(Date.now())
  const positions = await Promise.all(
    before.partitions.map(one => position(one.topic, one.partition)),
  )
  const spaces = await Promise.all(before.partitions.map(({topic}) => space(topic)))
  const after = await lag.read(Date.now())
  if (before.records === null || after.records === null) throw new Error(NO_OFFSETS)
  return before.partitions.flatMap(({topic, partition, committed}, i) => {
    const log = after.partitions.find(one => one.topic === topic && one.partition === partition)
    if (log === undefined) return []
    return contradictionOf({...log, committed}, positions[i]!, spaces[i]!) ?? []
  })
}

/** Whether what is stored of a partition can be of the log that is there; undefined when it can. */
export function contradictionOf(
  log: LagView['partitions'][number],
  position: Pick<Position, 'offset' | 'space'> | null,
  space: string,
): Contradiction | undefined {
  const {topic, partition: number, begin, end, committed} = log
  const partition = `${topic}/${number}`
  const next = position?.offset ?? 0
  const had = position === null ? 'Cassandra has no position' : `Cassandra is at offset ${next}`
  if (position !== null && position.space !== space) {
    return {partition, of: 'keyspace', what: 'the position is that of another keyspace'}
  }
  if (committed > next) {
    return {partition, of: 'keyspace', what: `${had}, but ${committed} was committed`}
  }
  if (next < begin) return {partition, of: 'log', what: `${had}, but the log starts at ${begin}`}
  if (next > end) return {partition, of: 'log', what: `${had}, but the log ends at ${end}`}
  return undefined
}
