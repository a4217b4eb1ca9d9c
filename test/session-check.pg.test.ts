/** A relay behind a pooler: one that shares connections between transactions is refused at the start. */
import {expect, test} from 'vitest'
import {assertSession} from '../ingestor/session-check.ts'
import {serverUrl as connectionUrl} from './outbox-world.ts'
import {openPooler} from './pooler.ts'

/** A database that every server has. */
function serverUrl(): string {
  const url = new URL(connectionUrl())
  url.pathname = '/postgres'
  return url.toString()
}

test('a pooler in transaction mode is refused, with what to do instead', async () => {
  await using pooler = await openPooler(serverUrl(), {mode: 'transaction'})
  await expect(assertSession(pooler.url)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('pooler in transaction mode') as string,
  })
})

test('PostgreSQL itself is taken', async () => {
  await assertSession(serverUrl())
})

test('a pooler in session mode is taken', async () => {
  await using pooler = await openPooler(serverUrl(), {mode: 'session'})
  await assertSession(pooler.url)
})
