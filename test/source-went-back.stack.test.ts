/** A sequence of ids that is set back while a relay runs. INV-108. */
import {expect, test} from 'vitest'
import type {Client} from '../platform/postgres.ts'
import {openRelayStack, until, type PublishedRecord, type RelayStack} from './relay-stack.ts'

const CONTENT = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const add = async (client: Client, from: number, to: number): Promise<void> =>
  void (await client.query(
    `INSERT INTO content SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 's' || n, 'old', 'podcast', 60, now()
       FROM generate_series($1::int, $2::int) n`,
    [from, to],
  ))

async function recordsOf(stack: RelayStack): Promise<readonly PublishedRecord[]> {
  const all = (await stack.readTopics()).flat().filter(({topic}) => topic === 'content')
  return all.toSorted((a, b) => a.outbox_id - b.outbox_id)
}

const untilRecords = async (stack: RelayStack, count: number): Promise<void> =>
  await until(`${count} records`, async () => (await recordsOf(stack)).length >= count)

const show = ({op, id}: PublishedRecord): string => `${op} ${Number(String(id).slice(-12))}`

test('INV-108: changes under a sequence that was set back are published as later ones', async () => {
  await using stack = await openRelayStack()
  await stack.startRelay()
  await add(stack.client, 1, 50)
  await stack.whenPublished()
  await stack.client.query("SELECT setval('outbox_events_id_seq', 1, false)")
  await stack.client.query(`UPDATE content SET title = 'new' WHERE id = '${CONTENT(1)}'`)
  await stack.client.query(`DELETE FROM content WHERE id = '${CONTENT(2)}'`)
  await untilRecords(stack, 52)
  const records = await recordsOf(stack)
  expect(records.slice(-2).map(show)).toEqual(['u 1', 'd 2'])
  expect(records.at(-2)!.outbox_id).toBeGreaterThan(50)
}, 60_000)
