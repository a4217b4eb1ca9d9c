/**
 * INV-16: replaying the outbox by id gives exactly the table, key by key, whatever was done and by how
 * many at once; every record names the row before as a reader has it.
 */
import fc from 'fast-check'
import {expect, test} from 'vitest'
import type {Client} from '../platform/postgres.ts'
import {openOutboxWorld, type OutboxWorld} from './outbox-world.ts'

type Row = Readonly<Record<string, unknown>>

const id = fc.integer({min: 1, max: 8})
const key = fc.constantFrom("'a'", "'b'", "'c'", 'NULL')
const value = fc.integer({min: 0, max: 99})
const some = fc.uniqueArray(id, {minLength: 1, maxLength: 4})

/** One statement; `ids` may overlap those of other sessions. */
const statement = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(some, key, value)
      .map(
        ([ids, k, v]) =>
          `INSERT INTO t SELECT i, ${k}, ${v} FROM unnest('{${ids.join()}}'::int[]) i ON CONFLICT DO NOTHING`,
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(some, key, value)
      .map(
        ([ids, k, v]) =>
          `INSERT INTO t SELECT i, ${k}, ${v} FROM unnest('{${ids.join()}}'::int[]) i ON CONFLICT (id) DO UPDATE SET k = excluded.k, v = excluded.v`,
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(some, value)
      .map(([ids, v]) => `UPDATE t SET v = ${v} WHERE id = ANY('{${ids.join()}}')`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(some, key)
      .map(([ids, k]) => `UPDATE t SET k = ${k} WHERE id = ANY('{${ids.join()}}')`),
  },
  fc
    .tuple(some, fc.constantFrom(1, 10, -10))
    .map(([ids, by]) => `UPDATE t SET id = id + ${by} WHERE id = ANY('{${ids.join()}}')`),
  fc
    .tuple(id, id)
    .map(
      ([a, b]) =>
        `UPDATE t SET k = CASE id WHEN ${a} THEN (SELECT k FROM t WHERE id = ${b}) ELSE (SELECT k FROM t WHERE id = ${a}) END WHERE id IN (${a}, ${b})`,
    ),
  some.map(ids => `DELETE FROM t WHERE id = ANY('{${ids.join()}}')`),
  fc
    .tuple(some, value)
    .map(
      ([ids, v]) =>
        `MERGE INTO t USING unnest('{${ids.join()}}'::int[]) s (i) ON t.id = s.i WHEN MATCHED AND t.v > 50 THEN DELETE WHEN MATCHED THEN UPDATE SET v = ${v} WHEN NOT MATCHED THEN INSERT VALUES (s.i, 'a', ${v})`,
    ),
  fc
    .tuple(some, value)
    .map(
      ([ids, v]) =>
        `WITH gone AS (DELETE FROM t WHERE id = ANY('{${ids.join()}}') RETURNING *) INSERT INTO t SELECT id, k, ${v} FROM gone`,
    ),
  fc.constantFrom(
    'BEGIN',
    'COMMIT',
    'ROLLBACK',
    'SAVEPOINT s',
    'ROLLBACK TO s',
    'BEGIN ISOLATION LEVEL REPEATABLE READ',
  ),
)
const sessions = fc.array(fc.array(statement, {maxLength: 15}), {minLength: 1, maxLength: 4})

/** Errors of a session (deadlocks, broken constraints) are part of life: the transaction is gone. */
async function runSession(client: Client, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await client.query(sql).catch(() => undefined)
  await client.query('COMMIT').catch(() => undefined)
}

interface Change {
  readonly op: 'c' | 'u' | 'd' | 'r'
  readonly key: string | null
  readonly payload: Row & {readonly before?: Row; readonly after?: Row}
}

/** Replays strictly: every record must fit what the records before it left. */
function replay(changes: readonly Change[]): Row[] {
  const held = new Map<string, Row>()
  for (const {op, key: at, payload} of changes) {
    const row = op === 'u' ? payload.after! : op === 'd' ? payload.before! : payload
    const place = `${at}/${String(row['id'])}`
    expect(row['k'] ?? null).toBe(at)
    if (op === 'c') expect(held.get(place)).toBeUndefined()
    if (op === 'u' || op === 'd') expect(held.get(place)).toEqual(payload.before)
    if (op === 'd') held.delete(place)
    else held.set(place, row)
  }
  return [...held.values()].toSorted((a, b) => Number(a['id']) - Number(b['id']))
}

async function check(
  world: OutboxWorld,
  clients: readonly Client[],
  scripts: readonly string[][],
): Promise<readonly Change[]> {
  await world.run(`DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, k text, v int);
    SELECT cdc.attach('t', 'topic-t', 'k')`)
  await world.captured('topic-t')
  await Promise.all(scripts.map(async (script, i) => await runSession(clients[i]!, script)))
  const {rows} = await world.client.query<Row>('SELECT id, k, v FROM t ORDER BY id')
  const changes = (await world.captured('topic-t')) as unknown as Change[]
  expect(replay(changes)).toEqual(rows)
  return changes
}

test('INV-16: random histories of several sessions, replayed from the outbox, give the table', async () => {
  await using world = await openOutboxWorld()
  const clients = await Promise.all([1, 2, 3, 4].map(async () => await world.session()))
  for (const client of clients)
    await client.query("SET lock_timeout = '200ms'; SET deadlock_timeout = '20ms'")
  const seen = {c: 0, u: 0, d: 0, r: 0}
  await fc.assert(
    fc.asyncProperty(sessions, async scripts => {
      for (const {op} of await check(world, clients, scripts)) seen[op] += 1
    }),
    {numRuns: 150, endOnFailure: false},
  )
  // Histories in which nothing happens would pass too.
  expect(Math.min(seen.c, seen.u, seen.d)).toBeGreaterThan(150)
  expect(seen.r).toBe(0)
}, 300_000)
