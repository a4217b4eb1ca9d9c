/**
 * A table of a database of another shape becomes numbers by one command, in a checkout of its own: 100,000 rows are
 * there already; then it is taken out again.
 */
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openClient} from '../platform/postgres.ts'
import {COMMAND_MS, openCheckout, type Checkout} from './checkout.ts'

const ROWS = 100_000
const PAGE = 'docs/STREAMS.md'
/** What a person has to read of the file that is written. */
const LINES_MAX = 40

/** Blocks of the page's first section, as a newcomer meets them. */
const section = readFileSync(PAGE, 'utf8')
  .split(/^## /m)
  .find(part => part.startsWith('One command'))!
const blocks = [...section.matchAll(/```(\w+) run\n(.*?)```/gs)].map(([, language, text]) => {
  return {language: language!, text: text!.trim()}
})
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
    const {exec, run, folder, env} = checkout
    const client = await openClient(checkout.databaseUrl, {applicationName: 'test'})
    try {
      expect(blocks.map(({language}) => language)).toEqual(['sql', 'sh', 'sh'])
      const [shop, attach, ask] = blocks.map(({text}) => text) as [string, string, string]
      await client.query(shop)
      const began = performance.now()
      const attached = await exec('bash', '-c', attach)
      const seconds = Math.round((performance.now() - began) / 1000)
      expect(attached.said).toMatch(/^numbers {3}http/m)
      expect(attached.status).toBe(0)
      console.log(`${ROWS} rows attached in ${seconds} s`)
      const file = join(folder, 'streams/order-lines.ts')
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n').length
      expect(lines).toBeLessThanOrEqual(LINES_MAX)
      writeFileSync(
        'test/results/attach.json',
        `${JSON.stringify({at: new Date().toISOString(), rows: ROWS, seconds, lines}, null, 2)}\n`,
      )
      const answered = await exec('bash', '-c', ask.replace(':3000', `:${env['API_PORT']}`))
      expect(JSON.parse(answered.said)).toMatchObject({
        metrics: {order_lines: ROWS, price_sum: 49_955_000},
      })

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
         SELECT 1, 2, id, 'new', 9.99, now() FROM "Shop".customers LIMIT 1 RETURNING concat(order_no, ',', line) AS id`,
      )
      await expectTruth(`?after_event=order_lines:${encodeURIComponent(rows[0]!.id)}&wait_ms=20000`)
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
