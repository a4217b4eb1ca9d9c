/** Facts that a rebuild waits for. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {Stream} from '../../contracts/stream.ts'
import {topicName} from '../../contracts/topics.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {Client} from '../../platform/postgres.ts'
import {createPositions} from '../../readmodel/positions.ts'
import {createTeller} from '../progress.ts'

const LOOK_MS = 500

/** Asks until the answer is null; says what it is meanwhile. */
export async function until(
  ask: () => Promise<string | null>,
  say: (line: string) => void,
): Promise<void> {
  const tell = createTeller(say)
  for (;;) {
    const waiting = await ask()
    if (waiting === null) return
    tell(waiting, waiting)
    await sleep(LOOK_MS)
  }
}

/** Everything that was committed when it was called is published; other writers do not make it wait longer. */
export async function whenPublished(pg: Client, say: (line: string) => void): Promise<void> {
  const {rows} = await pg.query<{snapshot: string}>(
    'SELECT pg_current_snapshot()::text AS snapshot',
  )
  await until(async () => {
    const found = await pg.query<{done: boolean}>(
      `SELECT coalesce(bool_and(pg_snapshot_xmax(c.snap_from) >= pg_snapshot_xmax($1::pg_snapshot)
         AND NOT EXISTS (SELECT FROM pg_snapshot_xip(c.snap_from) x
                          WHERE x < pg_snapshot_xmax($1::pg_snapshot) AND pg_visible_in_snapshot(x, $1::pg_snapshot))), false) AS done
         FROM cdc.relay_cursor c`,
      [rows[0]!.snapshot],
    )
    return found.rows[0]?.done === true ? null : 'waiting for a relay to publish what was read'
  }, say)
}

export interface FoldedAt {
  readonly cassandra: Cassandra
  readonly admin: Pick<KafkaAdmin, 'offsets'>
  readonly topicPrefix: string
}

/** Everything that is in the topics now is durable in the keyspace; nothing of it waits to be computed again. */
export async function whenFolded(
  {cassandra, admin, topicPrefix}: FoldedAt,
  streams: readonly Stream[],
  say: (line: string) => void,
): Promise<void> {
  const positions = createPositions(cassandra)
  for (const {name, topic: own} of streams) {
    const topic = topicName(topicPrefix, own)
    const ends = await admin.offsets(topic)
    await until(async () => {
      const left = await Promise.all(
        ends.map(async ({partition, end}) => {
          if (end === 0) return 0
          const position = await positions.load(topic, partition)
          return Math.max(0, end - (position?.offset ?? 0))
        }),
      )
      const sum = left.reduce((total, one) => total + one, 0)
      return sum === 0
        ? null
        : `${name}: ${sum.toLocaleString('en')} records are left to be counted`
    }, say)
  }
}
