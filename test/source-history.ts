/** Random changes of the source tables, as applications make them: seeded, so that a failure can be repeated. */
import type {Pool, PoolClient} from '../platform/postgres.ts'

export interface SourceHistoryOptions {
  readonly seed: number
  readonly steps: number
}

/** A number below `n` (mulberry32). */
export function createRandom(seed: number): (n: number) => number {
  let state = seed >>> 0
  return n => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
  }
}

type Random = ReturnType<typeof createRandom>

const pickFrom = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!

const TYPES = ['play', 'pause', 'finish', 'click'] as const
const DEVICES = [
  'ios',
  'ios',
  'android',
  'web-safari',
  null,
  '',
  '(none)',
  '(other)',
  'télé 📺',
  'x'.repeat(100),
] as const
const DURATIONS = [null, null, 0, 1, 999, 1000, 30_000, 61_500, 1_800_000, 2_000_000_000] as const
const PAYLOADS = [
  null,
  null,
  '{"bitrate": "128kbps"}',
  '{"position_ms": 45000}',
  '{"position_ms": 0}',
  '{"position_ms": 1799999}',
  '{"position_ms": "45000"}',
  '{"position_ms": -1}',
  '{"position_ms": 1.5}',
  '{"position_ms": null}',
  '{"position_ms": 90000000}',
  '[1, 2]',
  '"text"',
] as const
const METADATA = [
  null,
  '{"page": "/home"}',
  '{"page": "/home"}',
  '{"page": "/pricing"}',
  '{"page": ""}',
  '{"page": 7}',
  '{"page": null}',
  '{"other": "/home"}',
  '["/home"]',
] as const
const ACTIVITY_TYPES = ['page_view', 'page_view', 'login', 'purchase'] as const
const LENGTHS = [null, 0, 60, 1800, 5400] as const

const uuid = (group: string, n: number): string =>
  `${group.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`

/** Seconds before now: mostly inside the windows, sometimes long ago, sometimes ahead. */
function ageSeconds(random: Random): number {
  const roll = random(20)
  if (roll < 10) return random(900)
  if (roll < 14) return random(4 * 3600)
  if (roll < 17) return random(40 * 86_400)
  if (roll === 17) return 57 * 365 * 86_400 + random(86_400)
  return -random(3600)
}

const CONTENTS = 6

async function insertContent(client: PoolClient, random: Random, n: number): Promise<void> {
  await client.query(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT (id) DO NOTHING`,
    [
      uuid('c', n),
      `slug-${n}`,
      `Title ${n}`,
      pickFrom(random, ['podcast', 'newsletter', 'video', null]),
      pickFrom(random, LENGTHS),
    ],
  )
}

const contentOf = (random: Random): string | null =>
  random(12) === 0 ? null : uuid('c', random(CONTENTS))
const userOf = (random: Random): string | null => (random(8) === 0 ? null : uuid('a', random(12)))

async function insertEvents(client: PoolClient, random: Random): Promise<void> {
  for (let left = 1 + random(6); left > 0; left--) {
    const content = contentOf(random)
    if (content !== null) await insertContent(client, random, Number(content.slice(-12)))
    await client.query(
      `INSERT INTO engagement_events
         (content_id, user_id, event_type, event_ts, duration_ms, device, raw_payload)
       VALUES ($1, $2, $3, now() - make_interval(secs => $4), $5, $6, $7::jsonb)`,
      [
        content,
        userOf(random),
        pickFrom(random, TYPES),
        ageSeconds(random) + random(1000) / 1000,
        pickFrom(random, DURATIONS),
        pickFrom(random, DEVICES),
        pickFrom(random, PAYLOADS),
      ],
    )
  }
}

/** Some rows of a table, chosen by their ids alone; not many, however long the history is. */
const someOf = (random: Random, table: 'engagement_events' | 'activity_events'): string =>
  `id IN (SELECT id FROM ${table} WHERE id % 7 = ${random(7)} AND id % 3 = ${random(3)}
           ORDER BY id * ${1 + random(1000)} % 1009, id LIMIT 12)`

async function changeEvents(client: PoolClient, random: Random): Promise<void> {
  const where = someOf(random, 'engagement_events')
  const run = (set: string, values: readonly unknown[]): Promise<unknown> =>
    client.query(`UPDATE engagement_events SET ${set} WHERE ${where}`, [...values])
  switch (random(8)) {
    case 0:
      return void (await run('duration_ms = $1', [pickFrom(random, DURATIONS)]))
    case 1:
      return void (await run('device = $1', [pickFrom(random, DEVICES)]))
    case 2:
      return void (await run('user_id = $1', [userOf(random)]))
    case 3:
      return void (await run('event_type = $1', [pickFrom(random, TYPES)]))
    case 4:
      return void (await run('raw_payload = $1::jsonb', [pickFrom(random, PAYLOADS)]))
    case 5: {
      const content = contentOf(random)
      if (content !== null) await insertContent(client, random, Number(content.slice(-12)))
      return void (await run('content_id = $1', [content]))
    }
    case 6:
      return void (await run('event_ts = now() - make_interval(secs => $1)', [ageSeconds(random)]))
    default:
      return void (await run('id = id + 1000000', []))
  }
}

async function insertActivities(client: PoolClient, random: Random): Promise<void> {
  for (let left = 1 + random(8); left > 0; left--) {
    await client.query(
      `INSERT INTO activity_events (user_id, activity_type, occurred_at, metadata)
       VALUES ($1, $2, now() - make_interval(secs => $3), $4::jsonb)`,
      [
        pickFrom(random, ['anna', 'bo|b', 'çelik', 'd']),
        pickFrom(random, ACTIVITY_TYPES),
        random(15) === 0 ? null : ageSeconds(random),
        pickFrom(random, METADATA),
      ],
    )
  }
}

async function changeActivities(client: PoolClient, random: Random): Promise<void> {
  const where = someOf(random, 'activity_events')
  const set = pickFrom(random, [
    `user_id = 'anna'`,
    `activity_type = 'page_view'`,
    `occurred_at = occurred_at - interval '1 day'`,
    'occurred_at = NULL',
    `metadata = '{"page": "/moved"}'`,
  ])
  if (random(3) === 0) await client.query(`DELETE FROM activity_events WHERE ${where}`)
  else await client.query(`UPDATE activity_events SET ${set} WHERE ${where}`)
}

async function step(client: PoolClient, random: Random): Promise<void> {
  const roll = random(20)
  if (roll < 9) return await insertEvents(client, random)
  if (roll < 13) return await changeEvents(client, random)
  if (roll < 14) {
    return void (await client.query(
      `DELETE FROM engagement_events WHERE ${someOf(random, 'engagement_events')}`,
    ))
  }
  if (roll < 15) {
    return void (await client.query('UPDATE content SET length_seconds = $1 WHERE id = $2', [
      pickFrom(random, LENGTHS),
      uuid('c', random(CONTENTS)),
    ]))
  }
  if (roll < 18) return await insertActivities(client, random)
  return await changeActivities(client, random)
}

/** Writes the history: steps in transactions of their own, some of them together, some rolled back. */
export async function writeHistory(pool: Pool, options: SourceHistoryOptions): Promise<void> {
  const random = createRandom(options.seed)
  const client = await pool.connect()
  try {
    for (let left = options.steps; left > 0;) {
      await client.query('BEGIN')
      for (let together = 1 + random(3); together > 0 && left > 0; together--, left--) {
        await step(client, random)
      }
      await client.query(random(10) === 0 ? 'ROLLBACK' : 'COMMIT')
    }
  } finally {
    client.release()
  }
}
