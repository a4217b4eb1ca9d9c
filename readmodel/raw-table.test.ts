/** What is left of an event that was deleted. */
import {expect, test} from 'vitest'
import {connectTo, FakeCassandra} from '../test/fakes/cassandra.ts'
import {model} from '../test/model-stream.ts'
import {filesTable} from './files-table.ts'
import {planStream} from './plan.ts'
import {createRawTable, deletedTable, rawTable, type RawWrite} from './raw-table.ts'
import {planShown} from './shown.ts'

const plan = planStream(model)
const shown = planShown(model)

const writeOf = (kind: 'put' | 'delete', offset: number): RawWrite => ({
  kind,
  event: {id: 1, content: 'a', at: null, value: null, status: null, position: null},
  shown: {},
  outboxId: 10 * offset,
  createdAt: offset,
  processedAt: offset,
  offset,
  takeover: 1,
  fresh: false,
})

test('a deleted event has no row, and is known to be deleted until it is put again', async () => {
  const server = new FakeCassandra()
  server.create([rawTable(plan, shown), deletedTable(plan)])
  const table = createRawTable(connectTo(server), plan, shown)
  await table.write([writeOf('put', 1)], 0)
  expect(await table.registers([1, 2], 0)).toMatchObject([{event: {content: 'a'}}, null])
  await table.write([writeOf('delete', 2)], 0)
  expect(await table.read([1], 0)).toEqual([null])
  expect(await table.registers([1], 0)).toMatchObject([{event: null, outboxId: 20, offset: 2}])
  await table.write([writeOf('put', 3)], 0)
  expect(await table.registers([1], 0)).toMatchObject([{event: {content: 'a'}, outboxId: 30}])
})

test('an event that stays outside has no row, and is known as that', async () => {
  const server = new FakeCassandra()
  server.create([rawTable(plan, shown), deletedTable(plan)])
  const table = createRawTable(connectTo(server), plan, shown)
  await table.write([{...writeOf('delete', 2), isOutside: true}], 0)
  expect(await table.registers([1], 0)).toMatchObject([{event: null, isOutside: true}])
  await table.write([writeOf('delete', 3)], 0)
  expect(await table.registers([1], 0)).toMatchObject([{event: null, isOutside: false}])
})

test('INV-58: rows of events expire when a correction of theirs could not count any more, or never', () => {
  const days = (table: string): number | null => {
    const seconds = /default_time_to_live = (\d+)/.exec(table)?.[1]
    return seconds === undefined ? null : Number(seconds) / 86_400
  }
  expect(days(rawTable(plan, shown))).toBeNull()
  expect(days(filesTable(plan))).toBeNull()
  expect(days(deletedTable(plan)), 'longer than a record is repeated').toBe(30)
  const kept = planStream({...model, keepDays: 60})
  for (const table of [rawTable(kept, shown), filesTable(kept), deletedTable(kept)]) {
    expect(days(table), 'kept, dated ahead, on their way').toBe(60 + 1 + 30)
  }
})

test('what is deleted is known before its row is gone', async () => {
  const server = new FakeCassandra()
  server.create([rawTable(plan, shown), deletedTable(plan)])
  const tables: string[] = []
  const db = connectTo(server, async effect => effect())
  const table = createRawTable(
    {
      ...db,
      async batch(statements) {
        tables.push(...statements.map(({query}) => /(?:INTO|FROM) (\w+)/.exec(query)![1]!))
        await db.batch(statements)
      },
      async execute(query, params) {
        tables.push(/(?:INTO|FROM) (\w+)/.exec(query)![1]!)
        await db.execute(query, params)
      },
    },
    plan,
    shown,
  )
  await table.write([writeOf('delete', 2)], 0)
  expect(tables).toEqual(['model_deleted', 'model'])
})
