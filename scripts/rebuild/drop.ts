/** Takes generations away that nothing is answered from any more. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {Stream} from '../../contracts/stream.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {Redis} from '../../platform/redis.ts'
import {changeCatalog, readCatalog, type Generation} from '../../readmodel/generations.ts'
import {markerKey} from '../../readmodel/redis-keys.ts'
import {commonTableNames, tableNamesOf} from '../../readmodel/schema.ts'

/** Longer than any process goes on by what it saw last of the keyspaces. */
const GRACE_MS = 6000
const PARTITIONS_MAX = 1024

export interface DropDeps {
  readonly db: Cassandra
  readonly redis: Redis
  readonly streams: readonly Stream[]
  readonly say: (line: string) => void
}

/** Takes every generation away in the keyspaces of `old`; where no other is left, the keyspace. */
export async function dropGenerations(
  {db, redis, streams, say}: DropDeps,
  old: readonly Generation[],
): Promise<void> {
  const byKeyspace = Map.groupBy(old, ({keyspace}) => keyspace)
  // Answers come from the newer ones from now on, everywhere.
  await sleep(GRACE_MS)
  for (const [keyspace, some] of byKeyspace) {
    await changeCatalog(db, keyspace, catalog => {
      const replaced = some.map(one => [
        one.stream,
        {state: 'replaced' as const, layout: one.layout},
      ])
      return {...catalog!, streams: {...catalog!.streams, ...Object.fromEntries(replaced)}}
    })
  }
  // Nobody folds into them any more.
  await sleep(GRACE_MS)
  for (const [keyspace, some] of byKeyspace) {
    // Whoever slept meanwhile and wakes up is refused.
    const {space} = some[0]!
    const markers = some.flatMap(({stream}) =>
      Array.from({length: PARTITIONS_MAX}, (_, n) => ['DEL', markerKey(space, stream, n)]),
    )
    await redis.pipeline(markers)
    const gone = new Set(some.map(({stream}) => stream))
    const catalog = await readCatalog(db, keyspace)
    const left = Object.keys(catalog?.streams ?? {}).filter(stream => !gone.has(stream))
    if (left.length === 0) {
      await db.transact(`DROP KEYSPACE IF EXISTS ${keyspace}`)
      say(`keyspace ${keyspace} is dropped`)
      continue
    }
    const keep = new Set([
      ...commonTableNames(),
      ...streams.filter(({name}) => left.includes(name)).flatMap(tableNamesOf),
    ])
    const tables = await db.rows(
      'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?',
      [keyspace],
    )
    for (const row of tables) {
      const name = row['table_name'] as string
      if (!keep.has(name)) await db.transact(`DROP TABLE IF EXISTS ${keyspace}.${name}`)
    }
    await changeCatalog(db, keyspace, before => {
      const rest = Object.entries(before!.streams).filter(([stream]) => !gone.has(stream))
      return {...before!, streams: Object.fromEntries(rest)}
    })
    say(`${keyspace}: the tables of ${[...gone].join(', ')} are dropped`)
  }
}
