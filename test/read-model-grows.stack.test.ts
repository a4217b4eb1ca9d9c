/** INV-130: a column that nothing counts is added to a stream's single events in place: rows from before are read as they were. */
import {bigint, pgTable, text, timestamp, type PgColumnBuilderBase} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {count} from '../contracts/measures.ts'
import {stream, type Stream} from '../contracts/stream.ts'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import type {Fields} from '../readmodel/fields.ts'
import {lackOf, readGenerations, servedOf} from '../readmodel/generations.ts'
import {migrateReadModel} from '../readmodel/migrate.ts'
import {planStream} from '../readmodel/plan.ts'
import {createRawTable, type RawTable, type RawWrite} from '../readmodel/raw-table.ts'
import {planShown} from '../readmodel/shown.ts'
import {testKeyspace} from './isolation.ts'

const own = {
  id: bigint('id', {mode: 'number'}).primaryKey(),
  shop: text('shop').notNull(),
  at: timestamp('at', {mode: 'string'}),
}
const declare = (columns: Readonly<Record<string, PgColumnBuilderBase>>): Stream =>
  stream({
    name: 'orders',
    table: pgTable('orders', columns),
    topic: 'orders',
    key: 'shop',
    measures: {orders: count()},
    rollups: [{every: ['day', 'total']}],
  })

const before = declare(own)
const after = declare({...own, note: text('note'), later: timestamp('later', {mode: 'string'})})

const rawOf = (cassandra: Cassandra, declared: Stream): RawTable =>
  createRawTable(cassandra, planStream(declared), planShown(declared))

const writeOf = (event: Fields, offset: number): RawWrite => ({
  kind: 'put',
  event,
  shown: {},
  outboxId: offset + 1,
  createdAt: 1_700_000_000_000_000,
  processedAt: 1_700_000_000_000,
  fresh: true,
  offset,
  takeover: 1,
})

test('rows from before have no value of it, rows since have theirs, and the keyspace says that it is whole', async () => {
  await using keyspace = await testKeyspace([before])
  await using cassandra = await openCassandra(keyspace.connection, {keyspace: keyspace.name})
  const old = {id: 1, shop: 'a', at: 1_700_000_000_123_456}
  await rawOf(cassandra, before).write([writeOf(old, 1)], 0)

  const grown = await migrateReadModel(keyspace.connection, [after])
  expect(grown).toMatchObject({applied: [], grown: ['orders'], outdated: []})
  expect(await migrateReadModel(keyspace.connection, [after])).toMatchObject({
    grown: [],
    outdated: [],
  })
  const served = servedOf(await readGenerations(cassandra, keyspace.name), 'orders')
  expect(lackOf(served, after)).toBe(null)
  // Who goes by the declaration before is told.
  expect(lackOf(served, before)?.kind).toBe('outdated')

  const raw = rawOf(cassandra, after)
  const fresh = {...old, id: 2, note: 'n', later: 1_700_000_000_654_321}
  await raw.write([writeOf(fresh, 2)], 0)
  const rows = await raw.read([1, 2], 0)
  expect(rows.map(row => row?.event)).toMatchObject([{...old, note: null, later: null}, fresh])
})

test('what differs otherwise is left as it is', async () => {
  await using keyspace = await testKeyspace([before])
  const other = declare({...own, shop: text('shop').notNull(), at: text('at'), note: text('note')})
  expect(await migrateReadModel(keyspace.connection, [other])).toMatchObject({
    grown: [],
    outdated: ['orders'],
  })
})
