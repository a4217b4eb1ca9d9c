/**
 * A table of a database of another shape becomes numbers by one command, in a checkout of its own: 100,000 rows are
 * there already; then it is taken out again.
 */
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openClient} from '../platform/postgres.ts'
import {COMMAND_MS, openCheckout, type Checkout} from './checkout.ts'

const ROWS = 100_000

const SHOP = `CREATE SCHEMA "Shop";
  CREATE TYPE "Shop".state AS ENUM ('new', 'paid', 'sent');
  CREATE TABLE "Shop".customers (id uuid PRIMARY KEY, name text);
  CREATE TABLE "Shop"."Order lines" (
    order_no int, line int, "No." bigint GENERATED ALWAYS AS IDENTITY UNIQUE, customer uuid NOT NULL REFERENCES "Shop".customers,
    state "Shop".state NOT NULL, price numeric(12, 2) NOT NULL, tags text[], extra jsonb, created_at timestamptz NOT NULL,
    PRIMARY KEY (order_no, line)
  );
  INSERT INTO "Shop".customers SELECT md5(i::text)::uuid, 'c' || i FROM generate_series(1, 50) i;
  INSERT INTO "Shop"."Order lines" (order_no, line, customer, state, price, tags, extra, created_at)
  SELECT i, 1, md5((1 + i % 50)::text)::uuid, (ARRAY['new', 'paid', 'sent'])[1 + i % 3]::"Shop".state, (i % 1000) + 0.05,
         ARRAY['a', NULL], '{"x": 1.50}', '2026-01-01'::timestamptz + i * interval '1 minute'
    FROM generate_series(1, ${ROWS}) i`
const TRUTH = `SELECT count(*)::int AS rows, sum(price)::text AS price, count(*) FILTER (WHERE state = 'paid')::int AS paid
  FROM "Shop"."Order lines"`

let checkout: Checkout

beforeAll(async () => {
  checkout = await openCheckout('attach-command')
}, COMMAND_MS)

afterAll(async () => await checkout[Symbol.asyncDispose]())

interface Answer {
  readonly metrics: Readonly<Record<string, unknown>>
}

test(
  'one command captures, reads what is there, and serves it equal to SQL; the way back says what is kept',
  async () => {
    const {run, folder} = checkout
    const client = await openClient(checkout.databaseUrl, {applicationName: 'test'})
    try {
      await client.query(SHOP)
      await client.query('ANALYZE "Shop"."Order lines"')
      const began = performance.now()
      const attached = await run('attach', '"Shop"."Order lines"', '--yes')
      expect(attached.said).toMatch(/^numbers {3}http/m)
      expect(attached.status).toBe(0)
      console.log(`${ROWS} rows attached in ${Math.round((performance.now() - began) / 1000)} s`)
      const file = join(folder, 'streams/order-lines.ts')
      expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThanOrEqual(45)

      const url = /^numbers {3}(\S+)/m.exec(attached.said)![1]!
      const read = async (after = ''): Promise<Answer['metrics']> => {
        const answer = await fetch(`${url}${after}`)
        const text = await answer.text()
        expect(answer.status, text).toBe(200)
        return (JSON.parse(text) as Answer).metrics
      }
      const expectTruth = async (after = ''): Promise<void> => {
        const metrics = await read(after)
        const {rows} = await client.query<{rows: number; price: string; paid: number}>(TRUTH)
        expect(metrics).toMatchObject({
          order_lines: rows[0]!.rows,
          price_sum: Number(rows[0]!.price),
        })
      }
      await expectTruth()
      const {rows} = await client.query<{id: string}>(
        `INSERT INTO "Shop"."Order lines" (order_no, line, customer, state, price, created_at)
         SELECT 1, 2, id, 'new', 9.99, now() FROM "Shop".customers LIMIT 1 RETURNING "No."::text AS id`,
      )
      await expectTruth(`?after_event=order_lines:${rows[0]!.id}&wait_ms=20000`)
      const healthy = await run('status', '--json')
      expect(JSON.parse(healthy.said)).toMatchObject({healthy: true, findings: []})

      const again = await run('attach', '"Shop"."Order lines"', '--print')
      expect(again).toMatchObject({status: 0})
      expect(again.said).toContain('order-lines.ts declares Shop.Order lines as it is')

      const detached = await run('detach', 'order_lines', '--yes')
      expect(detached).toMatchObject({status: 0})
      expect(detached.said).toMatch(/Kept are: the table, topics/)
      expect(existsSync(file)).toBe(false)
      const {rowCount} = await client.query(
        "SELECT FROM cdc.captured_tables WHERE topic LIKE '%order_lines'",
      )
      expect(rowCount).toBe(0)
      await client.query(`DELETE FROM "Shop"."Order lines" WHERE order_no = 1`)
      expect(JSON.parse((await run('status', '--json')).said)).toMatchObject({findings: []})
    } finally {
      await client.end()
    }
  },
  COMMAND_MS * 2,
)
