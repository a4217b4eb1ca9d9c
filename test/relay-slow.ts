/** One row at a time through a real relay. */
import {expect} from 'vitest'
import {openClient} from '../platform/postgres.ts'
import {openRelayStack, until, type RelayStack} from './relay-stack.ts'
import {addContents, contentId} from './relay-writers.ts'

/** $1 content, $2 device: what tells the rows apart. */
export const ADD_EVENT = `INSERT INTO engagement_events (content_id, event_type, event_ts, device)
                          VALUES ($1, 'play', now(), $2)`

/** The devices of all published events, in their order for one content. */
export async function devicesIn(stack: RelayStack): Promise<readonly unknown[]> {
  const partitions = await stack.readTopics()
  return partitions
    .flat()
    .filter(record => record.topic === 'engagement_events')
    .map(record => record['device'])
}

/** Holds a transaction open, and expects every other row within two seconds meanwhile. */
export async function expectNoDelay(openForMs: number): Promise<void> {
  await using stack = await openRelayStack()
  await addContents(stack.client)
  await stack.startRelay()
  const slow = await openClient(stack.databaseUrl, {applicationName: 'slow'})
  await slow.query('BEGIN')
  await slow.query(ADD_EVENT, [contentId(1), 'slow'])
  const openUntil = Date.now() + openForMs
  for (let n = 0; Date.now() < openUntil; n++) {
    await stack.client.query(ADD_EVENT, [contentId(1), `quick-${n}`])
    const isPublished = async (): Promise<boolean> =>
      (await devicesIn(stack)).includes(`quick-${n}`)
    await until('the other row is published', isPublished, 2_000)
  }
  expect(await devicesIn(stack)).not.toContain('slow')
  await slow.query('COMMIT')
  await slow.end()
  await until('its own row', async () => (await devicesIn(stack)).includes('slow'), 2_000)
}
