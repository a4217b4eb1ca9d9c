/** Rows as large as what Kafka takes, and larger: corrections of them, and letters that are re-driven. */
import {expect, test} from 'vitest'
import {openRelayStack, until, type PublishedRecord, type RelayStack} from './relay-stack.ts'

const INSERT = `INSERT INTO engagement_events (event_type, event_ts, duration_ms, raw_payload)
  VALUES ('play', now(), $1, jsonb_build_object('text', repeat('x', $2))) RETURNING id::int`

const insert = async (stack: RelayStack, durationMs: number, chars: number): Promise<number> =>
  (await stack.client.query<{id: number}>(INSERT, [durationMs, chars])).rows[0]!.id

const resize = async (stack: RelayStack, id: number, chars: number): Promise<void> =>
  void (await stack.client.query(
    "UPDATE engagement_events SET duration_ms = $2, raw_payload = jsonb_build_object('text', repeat('x', $3)) WHERE id = $1",
    [id, chars, chars],
  ))

const openLetters = async (stack: RelayStack): Promise<readonly string[]> =>
  (
    await stack.client.query<{reason: string}>(
      'SELECT reason FROM cdc.dead_letters WHERE resolved_at IS NULL ORDER BY id',
    )
  ).rows.map(({reason}) => reason)

const redriveAll = async (stack: RelayStack): Promise<void> => {
  await stack.client.query(
    'SELECT cdc.dead_letter_redrive(id) FROM cdc.dead_letters WHERE resolved_at IS NULL',
  )
  await stack.whenPublished()
}

async function lastOf(stack: RelayStack, id: number): Promise<PublishedRecord | undefined> {
  const all = (await stack.readTopics()).flat().filter(({topic}) => topic === 'engagement_events')
  const own = all.filter(record => Number(record['event_id']) === id)
  return own.toSorted((a, b) => a.outbox_id - b.outbox_id).at(-1)
}

test('every row that was published can be corrected and deleted', async () => {
  await using stack = await openRelayStack()
  await stack.startRelay()
  const id = await insert(stack, 1, 800_000)
  await resize(stack, id, 790_000)
  await stack.whenPublished()
  expect(await lastOf(stack, id)).toMatchObject({op: 'u', duration_ms: 790_000})
  await stack.client.query('DELETE FROM engagement_events WHERE id = $1', [id])
  await stack.whenPublished()
  expect(await lastOf(stack, id)).toMatchObject({op: 'd'})
  expect(await openLetters(stack)).toEqual([])
}, 60_000)

test('a letter that is re-driven ends with the row as it is now, or gone, and breeds nothing', async () => {
  await using stack = await openRelayStack()
  await stack.startRelay()
  const [kept, dropped] = [await insert(stack, 1, 10), await insert(stack, 1, 10)]
  for (const id of [kept, dropped]) await resize(stack, id, 2_000_000)
  await stack.whenPublished()
  await until('two letters', async () => (await openLetters(stack)).length === 2)
  await redriveAll(stack)
  await redriveAll(stack)
  expect(await openLetters(stack), 'as many as before').toEqual([
    'RECORD_TOO_LARGE',
    'RECORD_TOO_LARGE',
  ])
  await resize(stack, kept, 20)
  await stack.client.query('DELETE FROM engagement_events WHERE id = $1', [dropped])
  await redriveAll(stack)
  expect(await openLetters(stack)).toEqual([])
  expect(await lastOf(stack, kept)).toMatchObject({duration_ms: 20})
  expect(await lastOf(stack, dropped)).toMatchObject({op: 'd'})
}, 60_000)
