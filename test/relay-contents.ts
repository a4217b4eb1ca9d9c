/** Contents by number, and what became of them in their topic. */
import type {Client} from '../platform/postgres.ts'
import {until, type PublishedRecord, type RelayStack} from './relay-stack.ts'

export const contentAt = (n: number): string =>
  `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

export const addContents = async (client: Client, from: number, to: number): Promise<void> =>
  void (await client.query(
    `INSERT INTO content SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 's' || n, 'old', 'podcast', 60, now()
       FROM generate_series($1::int, $2::int) n`,
    [from, to],
  ))

export async function recordsOf(stack: RelayStack): Promise<readonly PublishedRecord[]> {
  const all = (await stack.readTopics()).flat().filter(({topic}) => topic === 'content')
  return all.toSorted((a, b) => a.outbox_id - b.outbox_id)
}

export const untilRecords = async (stack: RelayStack, count: number): Promise<void> =>
  await until(`${count} records`, async () => (await recordsOf(stack)).length >= count)

export const show = ({op, id}: PublishedRecord): string => `${op} ${Number(String(id).slice(-12))}`
