/** INV-128: what is proposed for a declared table that changed, and what is refused before anything is. */
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {inject, onTestFinished, expect, test} from 'vitest'
import {topicName, valueSubject} from '../contracts/topics.ts'
import {envReader} from '../platform/config.ts'
import {readRegistryConnection} from '../platform/connections.ts'
import {createRegistry} from '../platform/registry.ts'
import {readRemembered, readTable} from '../scripts/attach/catalog.ts'
import {
  refusalOf,
  reviseFile,
  tellRevision,
  type Refusal,
  type Revision,
} from '../scripts/attach/revision.ts'
import {declareAll} from '../scripts/init-columns.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {loadStreams} from '../streams/load.ts'
import {testTopicPrefix} from './isolation.ts'
import {openOutboxWorld} from './outbox-world.ts'

const FILE = `import {pgTable} from 'drizzle-orm/pg-core'
import {count, sum} from '../contracts/measures.ts'
import {stream} from '../contracts/stream.ts'

const table = pgTable('orders', t => ({
  id: t.bigint({mode: 'number'}).primaryKey(),
  status: t.text().notNull(),
  total: t.integer(),
  ref: t.uuid(),
}))

// Ours.
export const orders = stream({
  name: 'orders',
  table,
  topic: 'orders',
  key: 'id',
  measures: {orders: count(), revenue: sum('total')},
  rollups: [{every: ['day', 'total']}],
})
`
const TABLE =
  'CREATE TABLE orders (id bigint PRIMARY KEY, status text NOT NULL, total integer, ref uuid)'

/** A declared, registered and captured table after a change, with what is proposed for it. */
async function changeTable(change: string): Promise<{
  readonly proposed: Revision | Refusal
  readonly refusal: Refusal
}> {
  const folder = mkdtempSync(resolve('test/declaration-'))
  onTestFinished(() => rmSync(folder, {recursive: true}))
  const text = FILE.replaceAll("'../", `'${resolve('.')}/`)
  writeFileSync(join(folder, 'orders.ts'), text)
  await using world = await openOutboxWorld()
  await world.run(TABLE)
  const [known] = await loadStreams(folder)
  await initDatabase(world.url, [known!], () => undefined)
  await declareAll(world.url, [known!])
  const prefix = testTopicPrefix()
  const env = {...inject('connections'), TOPIC_PREFIX: prefix}
  const subject = valueSubject(topicName(prefix, 'orders'))
  const registry = createRegistry(readRegistryConnection(envReader(env)))
  await registry.register(subject, known!.schema)

  await world.run(`ALTER TABLE orders ${change}`)
  const table = await readTable(world.client, 'orders')
  const remembered = await readRemembered(world.client, 'orders')
  const proposed = await reviseFile(folder, {known: known!, table, remembered})
  const refusal = 'stream' in proposed ? await refusalOf(env, proposed.stream) : []
  // Nothing was written, whatever was found.
  expect(readdirSync(folder)).toEqual(['orders.ts'])
  expect(readFileSync(join(folder, 'orders.ts'), 'utf8')).toBe(text)
  // What we do not refuse, the registry takes.
  if ('stream' in proposed && refusal.length === 0) {
    await registry.register(subject, proposed.stream.schema)
  }
  return {proposed, refusal}
}

const linesOf = (proposed: Revision | Refusal): readonly string[] =>
  'stream' in proposed
    ? tellRevision(proposed)
        .join('\n')
        .split('\n')
        .filter(line => line !== '' && !line.startsWith(' '))
    : proposed

test('a new column is proposed as one that may be null, also where the table says it never is', async () => {
  const {proposed, refusal} = await changeTable("ADD COLUMN coupon text NOT NULL DEFAULT ''")
  expect(linesOf(proposed)).toEqual([
    '+   coupon: t.text(),',
    'coupon: null in the records that are there, so null is allowed; nothing is counted by it yet',
  ])
  expect(refusal).toEqual([])
})

test('a wider type is proposed, and readers take it', async () => {
  const {proposed, refusal} = await changeTable('ALTER COLUMN total TYPE bigint')
  expect(linesOf(proposed)).toEqual([
    '-   total: t.integer(),',
    "+   total: t.bigint({mode: 'number'}),",
  ])
  expect(refusal).toEqual([])
})

test('a renamed column keeps its field', async () => {
  const {proposed, refusal} = await changeTable('RENAME COLUMN total TO amount')
  expect(linesOf(proposed)).toEqual([
    '-   total: t.integer(),',
    '+   amount: t.integer(),',
    "+   fields: {amount: 'total'},",
    'total is called amount now, and stays total in records',
  ])
  expect(refusal).toEqual([])
})

test('another type than readers can take is refused with the reason and the way out', async () => {
  const {proposed, refusal} = await changeTable('ALTER COLUMN total TYPE text')
  // Its sum cannot be made of a text: a person decides first.
  expect(linesOf(proposed).join('\n')).toMatch(
    /orders\.ts cannot be changed by itself: .*total is text, no number to measure.*\n {2}change the column to {2}total: t\.text\(\)$/s,
  )
  expect(refusal).toEqual([])
  const other = await changeTable('ALTER COLUMN ref TYPE date USING now()')
  expect(other.refusal.join('\n')).toMatch(
    /^records of orders .* could not be read any more: ref was uuid and would be date\ngive the column its type again, or the stream another topic \(topic: 'orders_2'\).*\nnothing was changed$/,
  )
})

test("a dropped column that is counted is a person's to take out", async () => {
  const {proposed} = await changeTable('DROP COLUMN total')
  expect(linesOf(proposed).join('\n')).toMatch(
    /measure revenue of total is not in its record.*\n {2}take out the column {3}total$/s,
  )
})
