/**
 * INV-131: rows of a table whose primary key has several columns have an id of all of them: the same text in the
 * outbox, in records and in SQL, whoever asks, and no two rows have one.
 */
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {splitId} from '../contracts/row-id.ts'
import {idSql, withIdsSql} from '../db/truth/row-id.ts'
import {toRecord, type RecordStamp} from '../ingestor/encode.ts'
import type {OutboxRow} from '../ingestor/outbox-reader.ts'
import {createRowWriter} from '../ingestor/row-writer.ts'
import {createEncoder} from '../platform/avro-codec.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'
import {lines, LINES_SQL} from './streams-composite/lines.ts'

const STAMP: RecordStamp = {lanes: 1, lane: 0, epoch: 1, redelivered: false}

async function openLines(): Promise<OutboxWorld> {
  const world = await openOutboxWorld()
  await world.run(LINES_SQL)
  await initDatabase(world.url, [lines], () => undefined)
  return world
}

async function readRows(world: OutboxWorld): Promise<readonly OutboxRow[]> {
  const {rows} = await world.client.query<OutboxRow>(
    `SELECT id::int, topic, aggregate_id AS "aggregateId", key, op::text, payload::text, NULL AS headers, 0 AS "createdAt"
       FROM public.outbox_events WHERE topic = 'lines' ORDER BY id`,
  )
  return rows
}

test('insert, update, move and delete carry the id of their row', async () => {
  await using world = await openLines()
  await world.run(`INSERT INTO lines VALUES ('a,b\\c', 1, '2026-01-01 00:00:00.5+00', 'new', 1);
    UPDATE lines SET state = 'paid'; UPDATE lines SET no = 2; DELETE FROM lines`)
  const records = (await readRows(world)).map(row => toRecord(lines, row, STAMP))
  const [first, second] = [1, 2].map(no => `a\\,b\\\\c,${no},2026-01-01 00:00:00.5+00`)
  expect(records).toMatchObject([
    {op: 'c', row_id: first, before: null},
    {op: 'u', row_id: first, before: {row_id: first}},
    {op: 'd', row_id: first, before: {row_id: first}},
    {op: 'c', row_id: second},
    {op: 'd', row_id: second, no: 2},
  ])
})

const text = fc.oneof(
  fc.constantFrom('', ',', '\\', 'a,b', '\\,', "it's", 'ü'),
  fc.string({maxLength: 6}).filter(one => !one.includes('\0')),
)
const row = fc.record({
  shop: text,
  no: fc.integer({min: -5, max: 5}),
  at: fc.constantFrom(
    '2026-01-01 00:00:00+00',
    '2026-06-01 12:34:56.789+02',
    '0044-03-15 00:00:00+00 BC',
    'infinity',
  ),
})

test('whatever a key holds and whoever asks, SQL, outbox, both ways to write a record, and look-ups agree', async () => {
  await using world = await openLines()
  const writer = createRowWriter(lines, 7)
  const encoder = createEncoder(lines.schema, 7, 1 << 20)
  await world.run("SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'German'")
  const drawn = fc.uniqueArray(row, {
    minLength: 1,
    maxLength: 6,
    selector: one => JSON.stringify(one),
  })
  await fc.assert(
    fc.asyncProperty(drawn, async rows => {
      await world.run('BEGIN')
      try {
        for (const {shop, no, at} of rows) {
          await world.client.query("INSERT INTO lines VALUES ($1, $2, $3, 'new', 1.5)", [
            shop,
            no,
            at,
          ])
        }
        const captured = await readRows(world)
        expect(new Set(captured.map(one => one.aggregateId)).size).toBe(rows.length)
        for (const [i, one] of captured.entries()) {
          expect(splitId(one.aggregateId).slice(0, 2)).toEqual([rows[i]!.shop, String(rows[i]!.no)])
          const quick = writer.write(one, STAMP)
          const isTimeCarried = rows[i]!.at !== 'infinity'
          if (quick !== undefined && isTimeCarried) {
            const slow = encoder.encode(toRecord(lines, one, STAMP))
            expect(Buffer.from(quick).equals(slow)).toBe(true)
          }
          const {text: condition, values} = withIdsSql(lines, [one.aggregateId])
          const {rows: found} = await world.client.query<{
            id: string
            no: number
            isFound: boolean
          }>(
            `SELECT ${idSql(lines)} AS id, r.no, cdc.reread('lines', ${idSql(lines)}) AS "isFound"
               FROM lines r WHERE ${condition}`,
            [...values],
          )
          expect(found).toEqual([{id: one.aggregateId, no: rows[i]!.no, isFound: true}])
        }
      } finally {
        await world.run('ROLLBACK')
      }
    }),
    {numRuns: 40},
  )
})

test('the id is one text under any setting of the session', async () => {
  await using world = await openLines()
  await world.run("INSERT INTO lines VALUES ('a', 1, '2026-06-01 12:34:56.789+02')")
  const [captured] = await readRows(world)
  const other = await world.session()
  await other.query("SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'German'")
  const {rows} = await other.query<{id: string}>(`SELECT ${idSql(lines)} AS id FROM lines r`)
  expect(rows).toEqual([{id: captured!.aggregateId}])
})

test('a row is told again by its id, and found by an index', async () => {
  await using world = await openLines()
  await world.run(
    "INSERT INTO lines SELECT 's,' || i, i, '2026-01-01' FROM generate_series(1, 3) i",
  )
  const ids = (await readRows(world)).map(({aggregateId}) => aggregateId)
  const {rows} = await world.client.query<{found: boolean}>(
    "SELECT cdc.reread('lines', id) AS found FROM unnest($1::text[]) id",
    [[...ids, String.raw`s\,4,4,2026-01-01 00:00:00+00`]],
  )
  expect(rows.map(({found}) => found)).toEqual([true, true, true, false])
  const again = (await readRows(world)).slice(3)
  expect(again.map(({op, aggregateId}) => [op, aggregateId])).toEqual(ids.map(id => ['r', id]))
  await world.run('SET enable_seqscan = off')
  const {text: condition, values} = withIdsSql(lines, ids)
  const {rows: plan} = await world.client.query<{'QUERY PLAN': string}>(
    `EXPLAIN SELECT FROM lines r WHERE ${condition}`,
    [...values],
  )
  expect(plan.map(line => line['QUERY PLAN']).join('\n')).toMatch(/Index Cond: .*shop.*no/)
})

test('columns in another order than the primary key are refused with both', async () => {
  await using world = await openOutboxWorld()
  await world.run(LINES_SQL.replace('(shop, no, at)', '(no, shop, at)'))
  await expect(initDatabase(world.url, [lines], () => undefined)).rejects.toThrow(
    'stream lines: id is (shop, no, at), and the primary key of public.lines is (no, shop, at): name its columns in that order',
  )
})
