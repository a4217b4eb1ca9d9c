/** Writers that do what makes relays lose rows: late commits, rollbacks, savepoints, hot rows. */
import {setTimeout as sleep} from 'node:timers/promises'
import {openClient, type Client} from '../platform/postgres.ts'

export const CONTENTS = 8

export const contentId = (n: number): string =>
  `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

export async function addContents(client: Client): Promise<void> {
  for (let n = 0; n < CONTENTS; n++) {
    await client.query(
      `INSERT INTO content VALUES ($1, $2, 'A title', 'podcast', 1, now()) ON CONFLICT DO NOTHING`,
      [contentId(n), `slug-${n}`],
    )
  }
}

const chance = (p: number): boolean => Math.random() < p
const anyContent = (): string => contentId(Math.floor(Math.random() * CONTENTS))

/** A new version of a content: the number of its changes, counted under its row lock. */
const CHANGE = 'UPDATE content SET length_seconds = length_seconds + 1 WHERE id = $1'
const ADD = `INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms)
             SELECT $1, 'play', now(), g FROM generate_series(1, $2::int) g`

async function writeOnce(client: Client): Promise<void> {
  await client.query('BEGIN')
  if (chance(0.3)) {
    await client.query('SELECT pg_current_xact_id()')
    await sleep(Math.random() * 20)
  }
  await client.query(ADD, [anyContent(), 1 + Math.floor(Math.random() * 5)])
  if (chance(0.2)) {
    await client.query('SAVEPOINT a')
    await client.query(CHANGE, [anyContent()])
    await client.query('ROLLBACK TO a')
  }
  await client.query(CHANGE, [anyContent()])
  if (chance(0.2)) await sleep(Math.random() * 15)
  await client.query(chance(0.07) ? 'ROLLBACK' : 'COMMIT')
}

/** Writes with `count` connections until the signal fires. */
export async function runWriters(
  databaseUrl: string,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  const write = async (): Promise<void> => {
    const client = await openClient(databaseUrl, {applicationName: 'writer'})
    try {
      while (!signal.aborted) {
        // Deadlocks belong to such writers, and PostgreSQL 18.4 sometimes refuses an update after a
        // rollback to a savepoint ("more than one updating member"). Both roll back.
        await writeOnce(client).catch(async () => await client.query('ROLLBACK'))
      }
    } finally {
      await client.end()
    }
  }
  await Promise.all(Array.from({length: count}, write))
}
