/**
 * Where rows of reference streams are stored: the generation of the read model that serves each, and how far the
 * processor has read its topic there.
 */
import type {Stream} from '../../contracts/stream.ts'
import {topicName} from '../../contracts/topics.ts'
import {openCassandra, type Cassandra} from '../../platform/cassandra.ts'
import type {CassandraConnection} from '../../platform/connections.ts'
import {PipelineError} from '../../platform/errors.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import {pause} from '../../platform/lifecycle.ts'
import {readGenerations, servedOf} from '../../readmodel/generations.ts'
import {createPositions} from '../../readmodel/positions.ts'
import {createReferenceTable} from '../../readmodel/reference-table.ts'
import type {ReferenceSource} from './references.ts'

export interface ReferenceSourceDeps {
  readonly connection: CassandraConnection
  readonly admin: Pick<KafkaAdmin, 'offsets'>
  readonly topicPrefix: string
  readonly streams: readonly Stream[]
  readonly now: () => number
}

/** A generation that takes the place of another one is seen within this. */
const LOOK_EVERY_MS = 2000
const POLL_MS = 50

interface Served {
  readonly keyspace: string
  readonly seenMs: number
}

/** Opens sessions as they are needed, each by its keyspace. */
export function openReferenceSource(
  {connection, admin, topicPrefix, streams, now}: ReferenceSourceDeps,
  {waitMs}: {readonly waitMs: number},
): ReferenceSource & {close(): Promise<void>} {
  const sessions = new Map<string, Promise<Cassandra>>()
  const served = new Map<string, Served>()

  const sessionOf = async (keyspace: string): Promise<Cassandra> => {
    const opening =
      sessions.get(keyspace) ??
      openCassandra(connection, keyspace === '' ? {} : {keyspace}).catch((error: unknown) => {
        sessions.delete(keyspace)
        throw error
      })
    sessions.set(keyspace, opening)
    return await opening
  }

  const servingOf = async (stream: string): Promise<Cassandra> => {
    let {keyspace, seenMs} = served.get(stream) ?? {keyspace: '', seenMs: 0}
    if (keyspace === '' || now() - seenMs > LOOK_EVERY_MS) {
      const generations = await readGenerations(await sessionOf(''), connection.keyspace)
      const serving = servedOf(generations, stream)
      if (serving === null) throw missing(stream)
      ;({keyspace} = serving)
      seenMs = now()
      served.set(stream, {keyspace, seenMs})
    }
    return await sessionOf(keyspace)
  }

  const isCaughtUp = async (
    stream: string,
    topic: string,
    ends: Awaited<ReturnType<KafkaAdmin['offsets']>>,
  ): Promise<boolean> => {
    const positions = createPositions(await servingOf(stream))
    const stored = await Promise.all(
      ends.map(async ({partition, begin, end}) => {
        const position = await positions.load(topic, partition)
        return Math.max(begin, position?.offset ?? 0) >= end
      }),
    )
    return stored.every(Boolean)
  }

  return {
    async load(name, ids) {
      const stream = streams.find(one => one.name === name)!
      return await createReferenceTable(await servingOf(name), stream).load(ids)
    },
    async whenCaughtUp(name, signal) {
      const deadlineMs = now() + waitMs
      const topic = topicName(topicPrefix, streams.find(one => one.name === name)!.topic)
      const ends = await admin.offsets(topic)
      while (!signal.aborted && now() < deadlineMs) {
        if (await isCaughtUp(name, topic, ends)) return
        await pause(POLL_MS, signal)
      }
    },
    async close() {
      const opened = await Promise.allSettled(sessions.values())
      const open = opened.filter(one => one.status === 'fulfilled')
      await Promise.all(open.map(one => one.value.close()))
    },
  }
}

const missing = (stream: string): PipelineError =>
  new PipelineError('STATE_CONTRADICTS', `${stream} has no tables yet: npm run init`, {
    disposition: 'retry',
  })
