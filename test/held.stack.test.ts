/**
 * What held when real-world cases were tried, and must go on holding: one pipeline under the defaults of a careful
 * DBA, its API behind a pooler in transaction mode. The last test asks for every number at once.
 */
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {openPooler, type Pooler} from './pooler.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'

const DEFAULTS = {
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  statement_timeout: "'20s'",
  lock_timeout: "'2s'",
  idle_in_transaction_session_timeout: "'5s'",
  TimeZone: "'Asia/Kathmandu'",
  DateStyle: "'SQL, DMY'",
} as const

const contentId = (n: number): string => `cccccccc-0000-4000-8000-${String(n).padStart(12, '0')}`
const ERASED_USER = 'eeeeeeee-0000-4000-8000-00000000000e'
const ERASED_NAME = 'erase.me@example.org'

const POLL = {timeout: 20_000, interval: 100}

type Json = Record<string, never>

let world: PipelineWorld
let pooler: Pooler
let url: string

/** As an application that knows what its database's defaults are. */
async function write(sql: string): Promise<void> {
  await world.pool.query(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${sql}; COMMIT`)
}

const addContent = async (n: number, more = "'podcast', 60"): Promise<void> =>
  await write(`INSERT INTO content VALUES ('${contentId(n)}', 'held-${n}', 'Held', ${more}, now())`)

const addPlays = async (n: number, plays: number, user = 'NULL'): Promise<void> =>
  await write(`INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms)
    SELECT '${contentId(n)}', ${user}, 'play', now(), 1000 FROM generate_series(1, ${plays})`)

async function ask(path: string): Promise<{readonly status: number; readonly body: Json}> {
  const answer = await fetch(`${url}${path}`)
  return {status: answer.status, body: (await answer.json()) as Json}
}

async function figuresOf(
  n: number,
): Promise<{readonly events: number; readonly unique_viewers: number} | undefined> {
  const {body} = await ask(`/v1/content/${contentId(n)}/metrics`)
  return body['metrics']
}

const whenEvents = async (n: number, events: number): Promise<unknown> =>
  await until(
    `${events} events of content ${n}`,
    async () => ((await figuresOf(n))?.events ?? 0) === events,
  )

async function activitiesOf(user: string): Promise<number> {
  const {status, body} = await ask(`/v1/users/${encodeURIComponent(user)}/stats`)
  expect([user.slice(0, 20), status, body]).toMatchObject([user.slice(0, 20), 200, {}])
  return body['activities']!
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

beforeAll(async () => {
  world = await openPipelineWorld()
  const name = new URL(world.env['DATABASE_URL']!).pathname.slice(1)
  for (const [setting, value] of Object.entries(DEFAULTS)) {
    await world.pool.query(`ALTER DATABASE ${name} SET ${setting} = ${value}`)
  }
  pooler = await openPooler(world.env['DATABASE_URL']!, {
    mode: 'transaction',
    connections: 4,
    next: 'turn',
  })
  const [, , api] = await Promise.all([
    world.start('ingestor'),
    world.start('processor'),
    world.start('api', {DATABASE_URL: pooler.url}),
  ])
  url = api.url
})

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  await pooler?.[Symbol.asyncDispose]()
})

test('a key of 70 kB is put aside, an empty one is counted, and nothing behind them waits', async () => {
  await write(`INSERT INTO activity_events (user_id, activity_type)
    SELECT u, 'page_view' FROM unnest(ARRAY['', repeat('k', 70000), 'behind']) u`)
  await until('the row behind', async () => (await activitiesOf('behind')) === 1)
  const {items} = await until('the letter', async () => {
    const {body} = await ask('/v1/admin/dead-letters')
    const letters = body as {items?: readonly {reason: string; message: string}[]}
    return letters.items?.length === 1 && {items: letters.items}
  })
  expect(items.map(({reason, message}) => [reason, message])).toEqual([
    ['RULE_BROKEN', 'its user_id has more than 1024 characters'],
  ])
})

test('rows that are imported from CSV are counted', async () => {
  await addContent(1)
  await write(`COPY engagement_events (content_id, event_type, event_ts, duration_ms) FROM PROGRAM
    'i=0; while [ $i -lt 500 ]; do echo "${contentId(1)},play,2026-03-0$((1 + i % 9))T10:00:00Z,1500"; i=$((i+1)); done' (FORMAT csv)`)
  await whenEvents(1, 500)
})

const PLAYHEADS = [
  '{"position_ms": -1}',
  '{"position_ms": 1.5}',
  '{"position_ms": 1e30}',
  '{"position_ms": 9007199254740993}',
  '{"position_ms": "12"}',
  '{"position_ms": [1]}',
  '{"position_ms": {"a": 1}}',
  '{"position_ms": null}',
  '{"position_ms": true}',
  '{"position_ms": 999999999}',
  '{"position_ms": 30000}',
  '[]',
  'null',
] as const

test('whatever an event says of its playhead, it is counted', async () => {
  await addContent(2)
  await write(`INSERT INTO engagement_events (content_id, event_type, event_ts, duration_ms, raw_payload)
    SELECT '${contentId(2)}', 'play', now(), 1000, p::jsonb FROM unnest(ARRAY[${PLAYHEADS.map(quoted).join()}]) p`)
  await whenEvents(2, PLAYHEADS.length)
})

const USERS = [
  ' ',
  'a/b',
  'a,b',
  'a%2Fb',
  '{a}',
  '"a"',
  "a'; DROP TABLE content; --",
  'null',
  '__proto__',
  'constructor',
  'a\nb',
  'télé 📺',
  'a|b:c*d[e]',
  '\\',
  // Beyond, they are one user: docs/METRICS.md.
  'x'.repeat(512),
] as const

test('whatever users are called, their activities are theirs', async () => {
  await write(`INSERT INTO activity_events (user_id, activity_type)
    SELECT u, 'page_view' FROM unnest(ARRAY[${USERS.map(quoted).join()}]) u`)
  for (const user of USERS) {
    await until(`activities of ${user}`, async () => (await activitiesOf(user)) === 1)
  }
})

test('ids are exact up to 2^53 - 2; a larger one is put aside, and nothing behind it waits', async () => {
  await addContent(3)
  await write(`INSERT INTO engagement_events (id, content_id, event_type, event_ts)
    SELECT i, '${contentId(3)}', 'play', now() FROM unnest(ARRAY[9007199254740989, 9007199254740990, 9007199254740993]) i`)
  await addPlays(3, 1)
  await whenEvents(3, 3)
  const found = await until('the largest id', async () => {
    const {status, body} = await ask('/v1/events/9007199254740990')
    return status === 200 && body
  })
  expect(found).toMatchObject({event_id: 9_007_199_254_740_990})
  const {rows} = await world.pool.query('SELECT aggregate_id, reason FROM cdc.dead_letters')
  expect(rows).toEqual([{aggregate_id: '9007199254740993', reason: 'ENCODE_FAILED'}])
  await write('DELETE FROM engagement_events WHERE id = 9007199254740993')
})

test('content that is made again under its old id begins anew', async () => {
  await addContent(4, "'podcast', 10")
  await addPlays(4, 3)
  await whenEvents(4, 3)
  await write(`DELETE FROM engagement_events WHERE content_id = '${contentId(4)}';
    DELETE FROM content WHERE id = '${contentId(4)}'`)
  await addContent(4, "'video', 500")
  await addPlays(4, 2)
  await whenEvents(4, 2)
  await until('events of a video', async () => {
    const {body} = await ask(`/v1/content/${contentId(4)}/events`)
    const {items} = body as {items?: readonly {content_type: string}[]}
    return items?.map(item => item.content_type).join() === 'video,video'
  })
})

test.each([
  [
    5,
    'ON UPDATE CASCADE',
    `UPDATE content SET id = '${contentId(50)}' WHERE id = '${contentId(5)}'`,
  ],
  [7, 'ON DELETE SET NULL', `DELETE FROM content WHERE id = '${contentId(7)}'`],
  [8, 'ON DELETE CASCADE', `DELETE FROM content WHERE id = '${contentId(8)}'`],
])(
  'events of content %i that a foreign key changes %s are corrected',
  async (n, action, change) => {
    await write(`ALTER TABLE engagement_events DROP CONSTRAINT engagement_events_content_id_content_id_fk,
    ADD CONSTRAINT engagement_events_content_id_content_id_fk FOREIGN KEY (content_id) REFERENCES content ${action}`)
    await addContent(n)
    await addPlays(n, 2)
    await whenEvents(n, 2)
    await write(change)
    await whenEvents(n, 0)
    if (n === 5) await whenEvents(50, 2)
  },
)

/** Rows of every table, as text, that hold one of the words. */
async function rowsWith(words: readonly string[]): Promise<readonly string[]> {
  const tables = await world.cassandra.rows(
    'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?',
    [world.keyspace],
  )
  const found: string[] = []
  for (const {table_name: table} of tables) {
    for (const row of await world.cassandra.rows(`SELECT * FROM ${String(table)}`)) {
      const text = Object.values(row)
        .map(value => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
        .join()
      if (words.some(word => text.includes(word))) found.push(`${String(table)}: ${text}`)
    }
  }
  return found
}

async function keysWith(words: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    words.map(async word => (await world.redis.send(['KEYS', `*${word}*`])) as string[]),
  )
  return found.flat()
}

test('of a user whose rows are deleted no number is left, and no row but empty ones', async () => {
  const words = [ERASED_USER, ERASED_NAME]
  await addContent(6)
  await addPlays(6, 4, quoted(ERASED_USER))
  await addPlays(6, 1)
  await write(`INSERT INTO activity_events (user_id, activity_type, metadata)
    SELECT '${ERASED_NAME}', 'page_view', '{"page": "/erased"}' FROM generate_series(1, 3)`)
  await whenEvents(6, 5)
  await until('the activities', async () => (await activitiesOf(ERASED_NAME)) === 3)
  expect(await rowsWith(words)).not.toEqual([])
  await write(`DELETE FROM engagement_events WHERE user_id = '${ERASED_USER}';
    DELETE FROM activity_events WHERE user_id = '${ERASED_NAME}'`)
  await whenEvents(6, 1)
  await whenCommitted(world)
  await until('no viewer', async () => (await figuresOf(6))?.unique_viewers === 0)
  // Aggregates that are emptied stay, as rows and keys of nothing.
  const isEmpty = /^(aggregated_metrics|activity_by_user_id): .*,0$|^user_recent: .*"list":\[\]/s
  const rowsLeft = async () => (await rowsWith(words)).filter(row => !isEmpty.test(row))
  await expect.poll(rowsLeft, POLL).toEqual([])
  const isEmptyKey = /:(activity_by_days|activity_by_user_id|user_recent):/
  const keysLeft = async () => (await keysWith(words)).filter(key => !isEmptyKey.test(key))
  await expect.poll(keysLeft, POLL).toEqual([])
  expect((await ask(`/v1/users/${ERASED_NAME}/stats`)).body).toMatchObject({
    activities: 0,
    last_seen_at: null,
  })
})

test('behind a pooler in transaction mode the API reads, writes and waits', async () => {
  const before = pooler.served()
  const event = {content_id: contentId(6), event_type: 'play', duration_ms: 1_000}
  const answers = await Promise.all(
    Array.from({length: 12}, async (_, n) => {
      const answer = await fetch(`${url}/v1/engagement-events?wait=processed&wait_ms=20000`, {
        method: 'POST',
        headers: {'content-type': 'application/json', 'idempotency-key': `held-${n % 6}`},
        body: JSON.stringify(event),
      })
      return answer.status
    }),
  )
  expect(new Set(answers)).toEqual(new Set([201]))
  await whenEvents(6, 7)
  for (const path of ['content', 'content?search=held', 'top', 'platform', 'admin/pipeline']) {
    expect([path, (await ask(`/v1/${path}`)).status]).toEqual([path, 200])
  }
  expect(pooler.served()).toBeGreaterThan(before)
})

test('after all of that every number equals SQL', async () => {
  expect((await differencesWhenQuiet(world)).slice(0, 20)).toEqual([])
})
